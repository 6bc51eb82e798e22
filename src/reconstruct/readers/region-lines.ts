/** The kernel log's lines of /reserved-memory, of every recorded kernel. */
import { KiB, MiB } from '../../units.ts';
import type { CreatedPool, Facts, Told } from '../facts.ts';
import type { Line } from '../line.ts';
import { atOf, type Reader } from './reader.ts';

const CREATED =
  /^Reserved memory: created (CMA|DMA) memory pool at 0x([0-9a-f]{1,16})(?:, size (\d{1,13}) (KiB|MiB))?/;
const INITIALIZED =
  /^(?:OF: reserved mem|Reserved memory): initialized node (\S{1,255}), compatible id (\S{1,255})/;
const RANGE =
  /^OF: reserved mem: 0x([0-9a-f]{1,16})\.\.0x([0-9a-f]{1,16})(?: \(\d{1,13} KiB\)(?: (map|nomap)\b(?: (reusable|non-reusable)\b(?: (\S{1,255}))?)?)?)?/;
const OVERLAP =
  /^(\S{1,255}) \(0x([0-9a-f]{1,16})--0x([0-9a-f]{1,16})\) overlaps with (\S{1,255}) \(0x([0-9a-f]{1,16})--0x([0-9a-f]{1,16})\)/;
const REFUSED: readonly (readonly [RegExp, Facts['refused'][number]['why']])[] = [
  [/failed to reserve memory for node '([^']{1,255})': base 0x([0-9a-f]{1,16})/, 'reserve'],
  [/failed to allocate memory for node '([^']{1,255})'/, 'no-room'],
  [/^OF: reserved mem: node (\S{1,255}) compatible matching fail/, 'matching'],
  [/^Reserved memory: bypass (\S{1,255}) node, using cmdline CMA params instead/, 'bypassed'],
  [/invalid (?:size|alignment) property in '([^']{1,255})' node/, 'invalid'],
  [/Skipping dt (linux,cma-default)(?: node)?(?: in favor)? for "cma=" kernel param/, 'skipped'],
];
const DEFAULT = /^cma: Reserved (\d{1,10}) MiB at 0x([0-9a-f]{1,16})/;
const NO_DEFAULT = /^cma: Failed to reserve (\d{1,10}) MiB/;
const ATOMIC = /^DMA: preallocated (\d{1,10}) KiB \S{0,64} ?pool for atomic/;
const COHERENT_HEAP = /^dma_heap (\S{1,255}): assigned reserved memory node (\S{1,255})/;

const hex = (digits: string | undefined): bigint => BigInt(`0x${digits ?? '0'}`);

/** One for each session of reading: it remembers the pool whose name comes in the next line. */
export function regionLines(): Reader {
  let unnamed: { readonly index: number } | undefined;
  return {
    what: 'kernel log',
    read: (line, facts) => {
      const taken = readLine(line, facts, unnamed?.index);
      if (taken === undefined) return false;
      unnamed = taken.unnamed === undefined ? undefined : { index: taken.unnamed };
      return true;
    },
  };
}

/** @returns the number of the pool that has no name yet */
function readLine(line: Line, facts: Facts, unnamed: number | undefined): { unnamed?: number } | undefined {
  const { message } = line;
  const at = atOf(line);
  const created = CREATED.exec(message);
  if (created !== null) {
    const [, kind, base, size, unit] = created;
    const bytes = unit === 'KiB' ? KiB : MiB;
    const pool: Told<CreatedPool> = {
      kind: kind === 'CMA' ? 'cma' : 'coherent',
      base: hex(base),
      size: size === undefined ? 0n : BigInt(size) * bytes,
      unit: size === undefined ? 1n << 64n : bytes,
      at,
    };
    return { unnamed: facts.pools.push(pool) - 1 };
  }
  const initialized = INITIALIZED.exec(message);
  if (initialized !== null) {
    const [, name = '', compatible = ''] = initialized;
    facts.initialized.push({ name, compatible, at });
    const pool = unnamed === undefined ? undefined : facts.pools[unnamed];
    if (unnamed !== undefined && pool !== undefined) facts.pools[unnamed] = { ...pool, name };
    return {};
  }
  const range = RANGE.exec(message);
  if (range !== null) {
    const [, first, last, map, reusable, name] = range;
    const base = hex(first);
    const size = hex(last) + 1n - base;
    if (size < 0n) return {};
    facts.ranges.push({
      base,
      size,
      ...(map !== undefined && { noMap: map === 'nomap' }),
      ...(reusable !== undefined && { reusable: reusable === 'reusable' }),
      ...(name !== undefined && { name }),
      at,
    });
    return {};
  }
  for (const [form, why] of REFUSED) {
    const refused = form.exec(message);
    if (refused === null) continue;
    const [, name = '', base] = refused;
    facts.refused.push({ name, why, ...(base !== undefined && { base: hex(base) }), at });
    return {};
  }
  const overlap = OVERLAP.exec(message);
  if (overlap !== null) {
    for (const from of [1, 4]) {
      const base = hex(overlap[from + 1]);
      const size = hex(overlap[from + 2]) - base;
      if (size > 0n) facts.overlaps.push({ name: overlap[from] ?? '', base, size, at });
    }
    return {};
  }
  const area = DEFAULT.exec(message);
  if (area !== null) {
    facts.defaultAreas.push({ mib: Number(area[1]), base: hex(area[2]), at });
    return {};
  }
  const failed = NO_DEFAULT.exec(message);
  if (failed !== null) {
    facts.failedDefault.push({ mib: Number(failed[1]), at });
    return {};
  }
  const atomic = ATOMIC.exec(message);
  if (atomic !== null) {
    facts.atomicPools.push({ kib: Number(atomic[1]), at });
    return {};
  }
  const heap = COHERENT_HEAP.exec(message);
  if (heap === null) return undefined;
  facts.coherentHeaps.push({ name: heap[1] ?? '', at });
  return {};
}
