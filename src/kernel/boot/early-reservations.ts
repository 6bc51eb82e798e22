/**
 * Memory that firmware or a boot loader keeps, reserved by name before the device tree is read: EFI runtime services, the
 * boot loader itself, a TEE. For memblock they are what memblock_reserve() makes of them, whoever calls it: reserved,
 * and still RAM that is mapped.
 */
import { closest } from '../../devicetree/closest.ts';
import type { PhysRange } from '../../units.ts';
import { formatRange, rangesOverlap } from '../../units.ts';
import type { BootReserved } from './boot-params.ts';

/** What a boot loader loads for Linux: names with a meaning of their own. */
export const LOADED = ['kernel', 'initrd', 'dtb'] as const;
export type Loaded = (typeof LOADED)[number];
export const isLoaded = (name: string): name is Loaded => LOADED.some((known) => known === name);

/** What other names people have for those. */
const ALSO_CALLED: ReadonlyMap<string, Loaded> = new Map([
  ['image', 'kernel'],
  ['vmlinux', 'kernel'],
  ['zimage', 'kernel'],
  ['ramdisk', 'initrd'],
  ['initramfs', 'initrd'],
  ['fdt', 'dtb'],
  ['devicetree', 'dtb'],
  ['device-tree', 'dtb'],
]);

const MOST_LETTERS = 31;
const NAME = /^[A-Za-z][A-Za-z0-9._+-]*$/;

/** How names are written, for messages. */
export const EXPECTED_NAME = `kernel, initrd, dtb, or a name of 1 to ${MOST_LETTERS} letters, digits and . _ + - that begins with a letter`;

/** What is wrong with the name of a reservation; `undefined` when nothing is. */
export function reservationNameProblem(name: string): string | undefined {
  if (isLoaded(name)) return undefined;
  if (name.length > MOST_LETTERS || !NAME.test(name)) return `expected ${EXPECTED_NAME}`;
  const meant = ALSO_CALLED.get(name.toLowerCase()) ?? closest(name, LOADED);
  return meant === undefined
    ? undefined
    : `did you mean ${meant}? ${name} is too near to it for a name of your own`;
}

/** The reservations beside kernel, initrd and dtb, as they were given. */
export const earlyReservations = (
  reserve: BootReserved,
): readonly { readonly name: string; readonly range: PhysRange }[] =>
  Object.entries(reserve).flatMap(([name, range]) =>
    range === undefined || isLoaded(name) ? [] : [{ name, range }],
  );

export interface ReservationProblem {
  readonly code: 'reserve-name' | 'reserve-empty' | 'reserve-outside-ram' | 'reserve-overlap';
  readonly message: string;
  readonly hint: string;
}

/**
 * What is wrong with reservations.
 *
 * @param memory RAM as it is described, before `mem=` cuts it
 */
export function reservationProblems(
  reserve: BootReserved,
  memory: readonly PhysRange[],
): readonly ReservationProblem[] {
  const problems: ReservationProblem[] = [];
  const given = Object.entries(reserve).flatMap(([name, range]) =>
    range === undefined ? [] : [{ name, range }],
  );
  for (const [i, { name, range }] of given.entries()) {
    const wrong = reservationNameProblem(name);
    if (wrong !== undefined) {
      problems.push({
        code: 'reserve-name',
        message: `cannot reserve '${name}': ${wrong}`,
        hint: `expected ${EXPECTED_NAME}`,
      });
      continue;
    }
    const other = given.slice(0, i).find((before) => rangesOverlap(before.range, range));
    // What an architecture does with an initrd in used memory is modelled.
    if (other !== undefined && !(isLoaded(name) && isLoaded(other.name))) {
      problems.push({
        code: 'reserve-overlap',
        message: `${name} (${formatRange(range)}) and ${other.name} (${formatRange(other.range)}) overlap, and --reserve gave both`,
        hint: 'two things do not lie in the same memory: correct one of them, or give them one name',
      });
    }
    if (isLoaded(name)) continue;
    if (range.size <= 0n) {
      problems.push({
        code: 'reserve-empty',
        message: `${name} has no size: nothing would be reserved`,
        hint: 'give it 1 byte at least',
      });
    } else if (!memory.some((ram) => rangesOverlap(ram, range))) {
      const last = memory.at(-1);
      const ram =
        last === undefined
          ? ''
          : ` (RAM: ${memory.map(formatRange).slice(0, 4).join(', ')}${memory.length > 4 ? ' …' : ''})`;
      problems.push({
        code: 'reserve-outside-ram',
        message: `${name} (${formatRange(range)}) lies outside of RAM${ram}, where Linux has nothing to give away`,
        hint: 'leave it out, or correct its address; RAM is given with --memory BASE:SIZE',
      });
    }
  }
  return problems;
}
