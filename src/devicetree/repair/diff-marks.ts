/**
 * A patch as source: what it leaves, not what it removes. Its hunks begin and end within nodes; those that a hunk
 * leaves open are closed where the next one begins.
 */
import { blanked, countOf, isBlank, OpenNodes, type PastedLines } from './pasted-lines.ts';

const HUNK = /^(@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@)(.*)$/;
const HEADER =
  /^(?:diff --git |index [0-9a-f]+\.\.|--- (?:a\/|\/dev\/null|\S+\.dts)|\+\+\+ (?:b\/|\/dev\/null|\S+\.dts)|(?:new|deleted) file mode |(?:old|new) mode |similarity index |rename (?:from|to) |Index: |=====)/;
const NEW_FILE = /^\+\+\+ (?:b\/)?(\S+)/;
const SOURCE_FILE = /\.(?:dts|dtsi|dtso|txt)$/;
const SIGNATURE = /^-- ?$/;
const ADDED = /^\+/;
const REMOVED = /^-/;
const MEMORY = /memory|pool|cma/i;

/** Whether a text is a patch: a line that begins with a plus is nothing else where it does not compile. */
export const isDiff = (lines: readonly string[]): boolean =>
  lines.some((line) => HUNK.test(line) || (ADDED.test(line) && !isBlank(line.slice(1))));

/** How many nodes the lines of a hunk close that it has not opened, and which it leaves open. */
function balanceOf(lines: readonly string[]): OpenNodes {
  const nodes = new OpenNodes();
  for (const line of lines) nodes.follow(line);
  return nodes;
}

interface Hunk {
  /** Where its header stands. */
  readonly at: number;
  readonly from: number;
  to: number;
}

/** Leaves out all but the hunks of sources. */
function hunksOf(paste: PastedLines): Hunk[] {
  const { lines } = paste;
  const hunks: Hunk[] = [];
  let [isSource, open] = [true, false];
  const outside = new Set<number>();
  for (const [index, line] of lines.entries()) {
    const file = NEW_FILE.exec(line)?.[1];
    if (file !== undefined && file !== '/dev/null') isSource = SOURCE_FILE.test(file);
    if (HUNK.test(line)) {
      open = isSource;
      if (open) hunks.push({ at: index, from: index + 1, to: index + 1 });
      else outside.add(index);
      continue;
    }
    if (HEADER.test(line) || SIGNATURE.test(line)) open = false;
    const hunk = hunks.at(-1);
    if (open && hunk !== undefined) hunk.to = index + 1;
    else outside.add(index);
  }
  paste.leaveOut(
    'assumed-diff',
    'they stand outside of the hunks of device-tree source',
    (_, index) => outside.has(index) && !HUNK.test(lines[index] ?? ''),
  );
  for (const index of outside) lines[index] = blanked(lines[index] ?? '');
  return hunks;
}

/** A header becomes what closes the nodes of the hunk before, and the node that it names where the hunk needs one. */
function mendHunks(paste: PastedLines, hunks: readonly Hunk[]): void {
  const { lines, remarks } = paste;
  let open: readonly string[] = [];
  for (const { at, from, to } of hunks) {
    const [, mark = '', title = ''] = HUNK.exec(lines[at] ?? '') ?? [];
    const closing = '};'.repeat(open.length);
    if (open.length > 0) {
      const lacks = open.some((name) => MEMORY.test(name))
        ? `the hunk before this one ends within ${open.join('/')}`
        : undefined;
      const message = `${countOf(open.length, 'node')} closed where the next hunk begins: ${open.join('/')}`;
      remarks.push({ code: 'assumed-diff', line: at + 1, message, ...(lacks && { lacks }) });
    }
    const { unopened, names } = balanceOf(lines.slice(from, to));
    const named = /\{\s*$/.test(title) && unopened > 0;
    if (named) {
      const node = title.trim().replace(/\s*\{$/, '');
      const lacks = MEMORY.test(node) ? `the beginning of ${node} is not in the hunk` : undefined;
      const message = `the hunk begins within ${node}, which its header names`;
      remarks.push({ code: 'assumed-diff', line: at + 1, message, ...(lacks && { lacks }) });
    }
    lines[at] = `${closing.padEnd(mark.length)}${named ? title : blanked(title)}`;
    open = named && unopened === 0 ? [title, ...names] : names;
  }
}

/** Takes the marks of a patch off. @returns whether it is one */
export function takeDiffMarks(paste: PastedLines): boolean {
  if (!isDiff(paste.lines)) return false;
  const hasHunks = paste.lines.some((line) => HUNK.test(line));
  const hunks = hasHunks ? hunksOf(paste) : [];
  if (!hasHunks) {
    paste.leaveOut('assumed-diff', 'they are the head of a patch', (line) => HEADER.test(line));
  }
  paste.leaveOut('assumed-diff', 'the patch removes them', (line) => REMOVED.test(line));
  const { count, first } = paste.takePrefix(ADDED);
  if (count > 0) {
    const message = `diff marks ("+") taken from ${countOf(count, 'line')}`;
    paste.remarks.push({ code: 'assumed-diff', line: first, message });
  }
  mendHunks(paste, hunks);
  return true;
}
