/** Groups by number or name. */
import { FIXED_GROUPS, ID_MAX } from '../program/group-names.ts';

/** A group's number: digits, or a name that Debian gives a fixed one. */
export function groupNumber(text: string): number | undefined {
  if (/^[0-9]{1,10}$/.test(text)) return Number(text) <= ID_MAX ? Number(text) : undefined;
  return Object.hasOwn(FIXED_GROUPS, text) ? FIXED_GROUPS[text] : undefined;
}

export const EXPECTED_GROUP = `a group's number, or one of ${Object.keys(FIXED_GROUPS).join(', ')}`;
