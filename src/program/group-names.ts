/**
 * Groups by name: the fixed ones of Debian's base-passwd, which Ubuntu and Yocto have too. The board's own
 * /etc/group is not at hand, and where it differs (video is 39 on Fedora, 28 in Buildroot) the number is given.
 */

import { parseWhole } from '../units.ts';

export const FIXED_GROUPS: Readonly<Record<string, number>> = {
  root: 0,
  daemon: 1,
  bin: 2,
  sys: 3,
  adm: 4,
  tty: 5,
  disk: 6,
  dialout: 20,
  cdrom: 24,
  tape: 26,
  sudo: 27,
  audio: 29,
  video: 44,
  plugdev: 46,
  staff: 50,
  games: 60,
  users: 100,
  nogroup: 65534,
};

/** The highest number of a user or group: the one above it means "no change". */
export const ID_MAX = 0xfffffffe;

export const EXPECTED_GROUP = `a group's number, or one of ${Object.keys(FIXED_GROUPS).join(', ')}`;

export const EXPECTED_ID = `a number from 0 to ${ID_MAX}`;

/** A user's or a group's number. */
export const parseId = (text: string): number | undefined => parseWhole(text, ID_MAX);

/** A group by number, or by a name that has a fixed one. */
export const parseGroup = (text: string): number | undefined =>
  Object.hasOwn(FIXED_GROUPS, text) ? FIXED_GROUPS[text] : parseId(text);

/** `44 (video)`, or the number alone. */
export function groupText(gid: number): string {
  const name = Object.keys(FIXED_GROUPS).find((candidate) => FIXED_GROUPS[candidate] === gid);
  return name === undefined ? String(gid) : `${gid} (${name})`;
}
