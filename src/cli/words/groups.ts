/** Groups by name or number, as options and as text. */
import { InvalidArgumentError } from 'commander';
import { didYouMean } from '../../devicetree/did-you-mean.ts';
import { EXPECTED_ID, FIXED_GROUPS, parseGroup, parseId } from '../../program/group-names.ts';

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

/** A user's or a group's number. */
export function readId(text: string): number {
  const id = parseId(text);
  if (id !== undefined) return id;
  throw new InvalidArgumentError(`Expected ${EXPECTED_ID}.`);
}

/** A group by number, or by a name that Debian gives a fixed one. */
export function readGroup(text: string): number {
  const group = parseGroup(text);
  if (group !== undefined) return group;
  if (/^[0-9]/.test(text)) return readId(text);
  if (FLOATING.has(text)) {
    throw new InvalidArgumentError(
      `The group ${text} has another number on every system: give the number (getent group ${text} says it on the target).`,
    );
  }
  const near = didYouMean(text, Object.keys(FIXED_GROUPS));
  throw new InvalidArgumentError(
    `${near === undefined ? '' : `Did you mean ${near}? `}Of other groups give the number. By name, as Debian numbers them: ${Object.keys(FIXED_GROUPS).join(', ')}.`,
  );
}

/** Several of them. */
export const collectGroups = (text: string, before: readonly number[] = []): number[] => [
  ...new Set([...before, readGroup(text)]),
];
