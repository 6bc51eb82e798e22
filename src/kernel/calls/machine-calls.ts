/** What a user does to the machine: time, faults, pinned pages, modules. */
import { cmaAreas } from '../../mm/alloc/cma.ts';
import { pinPages, unpinPages } from '../../mm/alloc/pinned-pages.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { PfnRange, PhysRange } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';
import { loadModule, unloadModule } from '../boot/modules.ts';
import type { KeptRule } from '../faults/fault-rule.ts';
import { Faults } from '../faults/faults.ts';
import type { KernelState } from '../state.ts';
import { fail, ok, type SyscallResult } from './results.ts';

export interface Sleep {
  readonly nanoseconds: number;
}

/** Logical time passes for all. */
export function sleep({ printk }: KernelState, _by: string, { nanoseconds }: Sleep): SyscallResult {
  printk.advance(nanoseconds);
  return ok(0);
}

export interface FaultAdd {
  readonly rule: KeptRule;
}

/** A fault rule from now on. `ret` is its number. */
export const faultAdd = ({ records }: KernelState, _by: string, { rule }: FaultAdd): SyscallResult =>
  addFault(records, rule);

/** Keeps a rule. `ret` is its number. */
export function addFault(records: Records, rule: KeptRule): SyscallResult {
  const faults = new Faults(records);
  const id = faults.add(rule);
  if (rule.does !== 'busy' || pinRange(records, rule.range, id)) return ok(id);
  faults.remove(id);
  return fail('EINVAL', { kind: 'not-in-cma', ...rule.range });
}

export interface FaultDel {
  readonly id: number;
}

export function faultDel({ records }: KernelState, _by: string, { id }: FaultDel): SyscallResult {
  if (new Faults(records).remove(id) === undefined)
    return fail('ENOENT', { kind: 'no-such-fault', rule: id });
  unpinPages(records, ({ rule }) => rule === id);
  return ok(0);
}

const framesOf = (records: Records, range: PhysRange): PfnRange => {
  const { pfnDown, wholePages } = geometryOf(records);
  const { base, size } = wholePages(range);
  return { pfn: pfnDown(base), pages: pfnDown(size) };
};

/** Pins the pages that a range touches. @returns false where no CMA area has one of them */
function pinRange(records: Records, range: PhysRange, rule?: number): boolean {
  const { pfn, pages } = framesOf(records, range);
  const areas = cmaAreas(records, bootRecord(records).cmaAreas);
  const meets = areas.some((cma) => cma.basePfn < pfn + pages && pfn < cma.basePfn + cma.count);
  if (range.size === 0n || !meets) return false;
  pinPages(records, { pfn, pages, ...(rule !== undefined && { rule }) });
  return true;
}

export interface Pin {
  readonly range: PhysRange;
}

/** Somebody holds pages of a CMA area, so that they cannot be moved away. */
export const pin = ({ records }: KernelState, _by: string, { range }: Pin): SyscallResult =>
  pinRange(records, range) ? ok(0) : fail('EINVAL', { kind: 'not-in-cma', ...range });

/** Lets a pinned range go, whole as it was pinned; a rule that pinned it goes with it. */
export function unpin({ records }: KernelState, _by: string, { range }: Pin): SyscallResult {
  const { pfn, pages } = framesOf(records, range);
  const gone = unpinPages(records, (run) => run.pfn === pfn && run.pages === pages);
  for (const { rule } of gone) if (rule !== undefined) new Faults(records).remove(rule);
  return gone.length > 0 ? ok(0) : fail('EINVAL', { kind: 'not-pinned', ...range });
}

export interface Module {
  readonly module: string;
}

/** Loads a heap's module: modprobe(8). */
export const modprobe = ({ records, printk }: KernelState, _by: string, { module }: Module): SyscallResult =>
  loadModule(records, printk, module);

/** delete_module(2). */
export const deleteModule = ({ records }: KernelState, _by: string, { module }: Module): SyscallResult =>
  unloadModule(records, module);
