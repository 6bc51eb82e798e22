/** Names where there is less room than they have letters. */

/** What joins the names of one thing: `default_cma_region = linux,cma`. */
export const SAME = ' = ';

/** `video-c..0000000`: what tells regions apart is often at the end. Never half a character. */
function cutMiddle(text: string, width: number, ellipsis: string): string {
  if (text.length <= width) return text;
  const keep = Math.max(0, width - ellipsis.length);
  const tail = Math.floor(keep / 2);
  const head = text.slice(0, keep - tail).replace(/[\ud800-\udbff]$/, '');
  return head + ellipsis + text.slice(text.length - tail).replace(/^[\udc00-\udfff]/, '');
}

/** How long each of some texts may be so that all of them fit: the longest give way. */
export function sharedRoom(lengths: readonly number[], room: number): readonly number[] {
  let most = Math.max(...lengths, 0);
  while (most > 1 && lengths.reduce((sum, length) => sum + Math.min(length, most), 0) > room) most--;
  return lengths.map((length) => Math.min(length, most));
}

/** Letters by which a name is still known: alone, and each of several of one thing. */
const KNOWN = { alone: 12, each: 8 };

/** The fewest letters by which a name is still known. */
export function shortestName(name: string): number {
  const { length } = name.split(SAME);
  const least = length === 1 ? KNOWN.alone : length * KNOWN.each + SAME.length * (length - 1);
  return Math.min(least, name.length);
}

/**
 * A name that fits, without its middle. Of several names of one thing each is cut, so that they are seen to be several;
 * where that leaves too little of them, the first stands alone.
 */
export function cutName(name: string, width: number, ellipsis: string): string {
  if (name.length <= width) return name;
  const names = name.split(SAME);
  if (width < shortestName(name)) return cutMiddle(names[0] ?? '', width, ellipsis);
  const rooms = sharedRoom(
    names.map(({ length }) => length),
    width - SAME.length * (names.length - 1),
  );
  return names.map((one, at) => cutMiddle(one, rooms[at] ?? 0, ellipsis)).join(SAME);
}
