/** The kernel that a user names: `6.12`, `6.12.105`, `nearest:6.15`; and what is said where there is none. */
import { KERNELS, type KernelRow, kernelRow } from './kernels.ts';

const NEAREST = 'nearest:';

/** A kernel that can be spoken for. */
export interface NamedKernel {
  /** With its stable update: `6.12.118`. */
  readonly release: string;
  /** The release that was asked for, where an older one was taken instead. */
  readonly insteadOf?: string;
}

/** Why there is none, as one sentence. */
export interface UnknownKernel {
  readonly problem: string;
  /** What would be taken instead. */
  readonly hint?: string;
}

type Numbers = readonly [major: number, minor: number, stable: number | undefined];

function numbersOf(release: string): Numbers | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,4}))?$/.exec(release);
  if (match === null) return undefined;
  return [Number(match[1]), Number(match[2]), match[3] === undefined ? undefined : Number(match[3])];
}

/** The numbers as releases are written, or `undefined`: `6.012` is not 6.12. */
const isRelease = (text: string, numbers: Numbers): boolean =>
  numbers.filter((number) => number !== undefined).join('.') === text;

const isOlder = (release: string, [major, minor]: Numbers): boolean => {
  const [otherMajor = 0, otherMinor = 0] = release.split('.').map(Number);
  return otherMajor < major || (otherMajor === major && otherMinor < minor);
};

const newest = ({ release, stable }: KernelRow): string => `${release}.${stable}`;

const named = (rows: readonly KernelRow[]): string => rows.map(({ release }) => release).join(', ');

/** `nearest:` takes what is older. */
const NONE_OLDER = 'nearest: takes an older one, and none is known';

/** Finds the kernel that is meant. */
export function nameKernel(text: string): NamedKernel | UnknownKernel {
  const isNearest = text.startsWith(NEAREST);
  const release = isNearest ? text.slice(NEAREST.length) : text;
  const numbers = numbersOf(release);
  if (numbers === undefined || !isRelease(release, numbers)) {
    const meant = /^(?:v|linux-)?(\d{1,3}\.\d{1,3}(?:\.\d{1,4})?)(?:[-+~].*)?$/.exec(text)?.[1];
    return {
      problem: `'${text}' is no release of Linux, such as 6.12 or 6.12.105; known: ${named(KERNELS)}`,
      ...(meant !== undefined && kernelRow(meant) !== undefined && { hint: `${meant}, if that is meant` }),
    };
  }
  const row = kernelRow(release);
  return row === undefined ? notKnown(release, numbers, isNearest) : ofRow(row, release, numbers, isNearest);
}

/** A release that has no row: its neighbours, or the older of them. */
function notKnown(release: string, numbers: Numbers, isNearest: boolean): NamedKernel | UnknownKernel {
  const older = KERNELS.findLast((row) => isOlder(row.release, numbers));
  const newer = KERNELS.find((row) => !isOlder(row.release, numbers));
  if (isNearest && older !== undefined) return { release: newest(older), insteadOf: release };
  // Beyond the ends all are as near.
  const known = older === undefined || newer === undefined ? KERNELS : [older, newer];
  const hint = older === undefined ? isNearest && NONE_OLDER : `nearest:${release} takes ${older.release}`;
  return { problem: `${release}: no facts; known: ${named(known)}`, ...(hint && { hint }) };
}

/** A release that has one, if its stable update is known. */
function ofRow(
  row: KernelRow,
  release: string,
  [, , stable]: Numbers,
  isNearest: boolean,
): NamedKernel | UnknownKernel {
  const { since = 0 } = row;
  if (stable === undefined) return { release: newest(row) };
  if (stable >= since && stable <= row.stable) return { release };
  if (stable > row.stable && isNearest) return { release: newest(row), insteadOf: release };
  const hint = stable > row.stable ? `nearest:${release} takes ${newest(row)}` : isNearest && NONE_OLDER;
  return {
    problem: `${release}: no facts; known: ${row.release}.${since} to ${newest(row)}`,
    ...(hint && { hint }),
  };
}
