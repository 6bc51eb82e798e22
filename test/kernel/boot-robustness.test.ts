/** Hostile boards: whatever a board says, boot answers, refuses it or panics as Linux would; and soon. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Board, ReservedMemNode } from '../../src/board/board.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import { cmaDebugfs, procBuddyinfo, procIomem } from '../../src/kernel/virtual-files/index.ts';
import { BusError, InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { MemoryRecords } from '../../src/records.ts';
import { GiB, KiB, MiB, type PhysRange, TiB } from '../../src/units.ts';
import { alloc, board, coherent, node, range } from '../small-board.ts';

const U64 = (1n << 64n) - 1n;

/** Addresses and sizes as boards have them, and as nobody has them. */
const number64 = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    4095n,
    4096n,
    2n * MiB,
    GiB,
    4n * GiB,
    16n * TiB,
    1n << 48n,
    1n << 63n,
    U64 - 4095n,
    U64,
  ),
  fc.bigInt(0n, 256n).map((n) => n * MiB),
  fc.bigInt(0n, 64n).map((n) => GiB + n * 2n * MiB),
  fc.bigInt(0n, 8n * GiB),
  fc.bigInt(0n, U64),
);

const wildRange: fc.Arbitrary<PhysRange> = fc.record({ base: number64, size: number64 });
/** In or near the RAM that most of these boards have. */
const nearRange: fc.Arbitrary<PhysRange> = fc
  .record({ base: fc.nat(3000), size: fc.nat(300), off: fc.constantFrom(0n, 0n, 0n, 256n, 4096n) })
  .map(({ base, size, off }) => range(BigInt(base) * 2n * MiB + off, BigInt(size) * 2n * MiB));
const anyRange = fc.oneof(nearRange, wildRange);
const ramRange = fc.oneof(
  { weight: 30, arbitrary: fc.record({ base: fc.bigInt(0n, 6n * GiB), size: fc.bigInt(1n, 2n * GiB) }) },
  { weight: 3, arbitrary: fc.record({ base: fc.bigInt(0n, 15n * TiB), size: fc.bigInt(1n, TiB) }) },
  { weight: 1, arbitrary: wildRange },
);

const anyNode: fc.Arbitrary<ReservedMemNode> = fc
  .record(
    {
      name: fc.constantFrom('a', 'b', 'system', 'default_cma_region', 'n'.repeat(100)),
      compatible: fc.constantFrom<readonly string[]>(['shared-dma-pool'], [], ['x', 'shared-dma-pool']),
      status: fc.constantFrom('okay', 'disabled'),
      reg: fc.array(anyRange, { maxLength: 2 }),
      regMalformed: fc.boolean(),
      size: fc.oneof(number64, fc.constant('invalid' as const)),
      alignment: fc.oneof(number64, fc.constant('invalid' as const)),
      allocRanges: fc.array(anyRange, { maxLength: 3 }),
      noMap: fc.boolean(),
      reusable: fc.boolean(),
      linuxCmaDefault: fc.boolean(),
    },
    { requiredKeys: ['name', 'compatible', 'noMap', 'reusable'] },
  )
  .map(({ name, ...given }) => node(name, given));

const anyBoard: fc.Arbitrary<Board> = fc
  .record({
    memory: fc.array(ramRange, { minLength: 1, maxLength: 5 }),
    nodes: fc.array(anyNode, { maxLength: 10 }),
    memReserves: fc.array(anyRange, { maxLength: 2 }),
    limit: fc.option(number64),
  })
  .map(({ memory, nodes, memReserves, limit }) =>
    board(nodes, { memory, memReserves, ...(limit === null ? {} : { dmaMaxCpuAddress: limit }) }),
  );

const hex = (value: bigint) => `0x${value.toString(16)}`;
const anyParams: fc.Arbitrary<BootParams> = fc.record(
  {
    cmdline: fc
      .array(
        fc.oneof(
          number64.map((n) => `cma=${hex(n)}`),
          fc.tuple(number64, number64).map(([n, b]) => `cma=${hex(n)}@${hex(b)}`),
          fc.tuple(number64, number64, number64).map(([n, b, l]) => `cma=${hex(n)}@${hex(b)}-${hex(l)}`),
          number64.map((n) => `mem=${hex(n)}`),
          number64.map((n) => `coherent_pool=${hex(n)}`),
        ),
        { maxLength: 2 },
      )
      .map((words) => words.join(' ')),
    reserve: fc.oneof(
      {
        weight: 9,
        arbitrary: fc.record({ kernel: nearRange, initrd: nearRange, dtb: nearRange }, { requiredKeys: [] }),
      },
      { weight: 1, arbitrary: fc.record({ kernel: nearRange, efi: nearRange }, { requiredKeys: ['efi'] }) },
      { weight: 1, arbitrary: fc.record({ kernel: wildRange, initrd: wildRange }, { requiredKeys: [] }) },
    ),
  },
  { requiredKeys: [] },
);

/** Boots, and looks at everything there is to see; allocates a page from each heap. */
function bootAndLook(given: Board, params: BootParams): 'booted' | 'panic' | 'refused' {
  const records = new MemoryRecords();
  try {
    if (boot(given, params, records).panic !== undefined) return 'panic';
  } catch (error) {
    if (error instanceof InvalidInput) return 'refused';
    throw error;
  }
  const kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
  procBuddyinfo(records);
  procIomem(records);
  cmaDebugfs(records);
  expect(kernel.regions().length).toBeGreaterThanOrEqual(given.reservedMemory?.nodes.length ?? 0);
  for (const heap of kernel.heaps()) {
    expect(heap.largest <= heap.free && heap.free <= heap.size).toBe(true);
    try {
      const { ret } = alloc(kernel, heap.name, 4096n);
      // The default pools may have taken all of it.
      expect(ret === 0 || heap.free === 0n).toBe(true);
    } catch (error) {
      // A CMA area may reach behind the end of RAM, where there is nothing to zero.
      if (!(error instanceof BusError) || heap.backend !== 'cma') throw error;
    }
  }
  return 'booted';
}

/** Milliseconds of processor time, which other tests on the machine do not lengthen. */
function cpuTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe('boot', () => {
  it('answers, refuses or panics on any board', () => {
    const seen = { booted: 0, panic: 0, refused: 0 };
    fc.assert(
      fc.property(anyBoard, anyParams, (given, params) => {
        seen[bootAndLook(given, params)]++;
      }),
      { numRuns: 400 },
    );
    expect(seen.booted).toBeGreaterThan(100);
  });

  const many = (of: (i: number) => ReservedMemNode) => Array.from({ length: 2000 }, (_, i) => of(i));
  const ram = { memory: [range(0n, 16n * GiB)] };
  const comb = Array.from({ length: 1000 }, (_, i) => range(BigInt(i) * 16n * GiB + 4096n, 15n * GiB));

  it.each<[string, Board, 'booted' | 'panic']>([
    ['16 TiB of RAM', board([], { memory: [range(0n, 16n * TiB)] }), 'booted'],
    ['15 TiB of RAM in 1000 banks', board([], { memory: comb }), 'booted'],
    [
      '16 TiB from a page up to a page, too little for page tables',
      board([], { memory: [range(0n, 4096n), range(16n * TiB - 4096n, 4096n)] }),
      'panic',
    ],
    [
      '16 TiB from 64 MiB up to 64 MiB',
      board([], { memory: [range(0n, 64n * MiB), range(16n * TiB - 64n * MiB, 64n * MiB)] }),
      'booted',
    ],
    [
      '2000 adjacent regions',
      board(
        many((i) => node(`n${i}`, { compatible: [], reg: [range(GiB + BigInt(i) * MiB, MiB)] })),
        ram,
      ),
      'booted',
    ],
    [
      '2000 pools outside RAM',
      board(
        many((i) => coherent(`n${i}`, TiB + BigInt(i) * MiB, 4096n)),
        ram,
      ),
      'booted',
    ],
    [
      '2000 holes in RAM',
      board(
        many((i) => coherent(`n${i}`, GiB + BigInt(i) * MiB, 4096n)),
        ram,
      ),
      'panic',
    ],
    [
      '2000 dynamic regions',
      board(
        many((i) => node(`n${i}`, { size: 64n * KiB })),
        ram,
      ),
      'booted',
    ],
  ])('is quick on %s', (_, given, expected) => {
    let outcome = '';
    // A loose bound: it is a fraction of a second, but the machine may be slow.
    expect(
      cpuTime(() => {
        outcome = bootAndLook(given, {});
      }),
    ).toBeLessThan(3000);
    expect(outcome).toBe(expected);
  });
});
