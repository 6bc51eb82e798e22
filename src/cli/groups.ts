/**
 * Groups by name: the fixed ones of Debian's base-passwd, which Ubuntu and Yocto have too. The board's own
 * /etc/group is not at hand, and where it differs (video is 39 on Fedora, 28 in Buildroot) the number is given.
 */
import { InvalidArgumentError } from 'commander';
import { didYouMean } from './did-you-mean.ts';

const FIXED: Readonly<Record<string, number>> = {
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

/** Groups that systemd or packages make when they are installed, with whatever number is free. */
const FLOATING: ReadonlySet<string> = new Set([
  'render',
  'input',
  'kvm',
  'sgx',
  'clock',
  'netdev',
  'wayland',
]);

/** The highest number: the one above it means "no change". */
const GID_MAX = 0xfffffffe;

/** A user's or a group's number. */
export function readId(text: string): number {
  const id = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(id <= GID_MAX)) throw new InvalidArgumentError('Expected a number from 0 to 4294967294.');
  return id;
}

/** A group by number, or by a name that Debian gives a fixed one. */
export function readGroup(text: string): number {
  if (/^[0-9]/.test(text)) return readId(text);
  const known = Object.hasOwn(FIXED, text) ? FIXED[text] : undefined;
  if (known !== undefined) return known;
  if (FLOATING.has(text)) {
    throw new InvalidArgumentError(
      `The group ${text} has another number on every system: give the number (getent group ${text} says it on the target).`,
    );
  }
  const near = didYouMean(text, Object.keys(FIXED));
  throw new InvalidArgumentError(
    `${near === undefined ? '' : `Did you mean ${near}? `}Of other groups give the number. By name, as Debian numbers them: ${Object.keys(FIXED).join(', ')}.`,
  );
}

/** Several of them. */
export const collectGroups = (text: string, before: readonly number[] = []): number[] => [
  ...new Set([...before, readGroup(text)]),
];

/** `44 (video)`, or the number alone. */
export function groupText(gid: number): string {
  const name = Object.keys(FIXED).find((candidate) => FIXED[candidate] === gid);
  return name === undefined ? String(gid) : `${gid} (${name})`;
}
