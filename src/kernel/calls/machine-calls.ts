/** What a user does to the machine to make it fail, and to make it whole again: faults, pinned pages, modules. */
import { InvalidInput } from '../../diagnostic.ts';
import { cmaAreas } from '../../mm/alloc/cma.ts';
import { pinPages, unpinPages } from '../../mm/alloc/pinned-pages.ts';
import type { Printk } from '../../printk.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { PfnRange, PhysRange } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';
import { deleteModule, modprobe } from '../boot/modules.ts';
import type { KeptRule } from '../faults/fault-rule.ts';
import { type FaultRule, formatFaultRule } from '../faults/fault-rule.ts';
import { Faults } from '../faults/faults.ts';
import type { MachineCall, SyscallResult } from '../syscall.ts';
import { fail, ok } from './results.ts';

type Breaking = Extract<
  MachineCall,
  { call: 'fault_add' | 'fault_del' | 'pin' | 'unpin' | 'modprobe' | 'delete_module' }
>;

export function breakingCall(records: Records, printk: Printk, call: Breaking): SyscallResult {
  switch (call.call) {
    case 'fault_add':
      return addFault(records, call.rule);
    case 'fault_del':
      return deleteFault(records, call.id);
    case 'pin':
      return pinRange(records, call.range) ? ok(0) : fail('EINVAL', { kind: 'not-in-cma', ...call.range });
    case 'unpin':
      return unpin(records, call.range);
    case 'modprobe':
      return modprobe(records, printk, call.module);
    case 'delete_module':
      return deleteModule(records, call.module);
  }
}

/** Keeps a rule. `ret` is its number. */
function addFault(records: Records, rule: KeptRule): SyscallResult {
  const faults = new Faults(records);
  const id = faults.add(rule);
  if (rule.does !== 'busy' || pinRange(records, rule.range, id)) return ok(id);
  faults.remove(id);
  return fail('EINVAL', { kind: 'not-in-cma', ...rule.range });
}

function deleteFault(records: Records, id: number): SyscallResult {
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

/** Lets a pinned range go, whole as it was pinned; a rule that pinned it goes with it. */
function unpin(records: Records, range: PhysRange): SyscallResult {
  const { pfn, pages } = framesOf(records, range);
  const gone = unpinPages(records, (run) => run.pfn === pfn && run.pages === pages);
  for (const { rule } of gone) if (rule !== undefined) new Faults(records).remove(rule);
  return gone.length > 0 ? ok(0) : fail('EINVAL', { kind: 'not-pinned', ...range });
}

/** The faults that a user wants from the beginning. @throws InvalidInput when one pins no page of a CMA area */
export function addBootFaults(
  records: Records,
  printk: Printk,
  board: string,
  rules: readonly FaultRule[] = [],
): void {
  for (const rule of rules) {
    if (rule.does === 'module') continue;
    if (breakingCall(records, printk, { call: 'fault_add', rule }).ret > 0 || rule.does !== 'busy') continue;
    const message = `${formatFaultRule(rule)}: no CMA area has a page there`;
    throw new InvalidInput([
      {
        code: 'fault-not-in-cma',
        severity: 'error',
        message,
        hint: 'dmaheap regions shows where the CMA areas lie',
        position: { file: board },
      },
    ]);
  }
}
