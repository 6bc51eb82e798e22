/** A heap's buffer charged to a region of the dmem controller, before its memory is taken: the proposals. */
import { type Cgroup, cgroupPath } from '../mm/account/cgroup-records.ts';
import { chargeDmem, dmemCounts, unchargeDmem } from '../mm/account/dmem.ts';
import type { Charge, DmemFull, HeapAccount } from './account.ts';
import type { Allocation, AnyFailure, HeapContext } from './heap-ops.ts';

/** Takes memory under a charge, which goes again when there is no memory. */
export function allocateCharged<F extends AnyFailure>(
  context: HeapContext,
  { by, region }: HeapAccount,
  name: string,
  bytes: bigint,
  allocate: () => Allocation<F>,
): Allocation<F | DmemFull> {
  const { profile, records, caller } = context;
  const charged = region?.(name);
  if (charged === undefined || caller === undefined || !profile.accounting.includes(by)) return allocate();
  const { cgroup } = caller;
  const over = chargeDmem(records, cgroup, charged, bytes);
  if (over !== undefined) return { errno: 'EAGAIN', why: dmemFull(context, over, charged, bytes) };
  const allocation = allocate();
  if ('errno' in allocation) unchargeDmem(records, cgroup, charged, bytes);
  return 'errno' in allocation ? allocation : { ...allocation, charge: { cgroup } };
}

function dmemFull({ records }: HeapContext, over: Cgroup, region: string, asked: bigint): DmemFull {
  const { usage, max = 0n } = dmemCounts(over, region);
  return { kind: 'dmem-full', cgroup: cgroupPath(records, over.id), region, asked, current: usage, max };
}

/** Takes the charge of a buffer back, if it has one. */
export function releaseCharged(
  { records }: HeapContext,
  { region }: HeapAccount,
  name: string,
  bytes: bigint,
  charge?: Charge,
): void {
  const charged = region?.(name);
  if (charge !== undefined && charged !== undefined) unchargeDmem(records, charge.cgroup, charged, bytes);
}
