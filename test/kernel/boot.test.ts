/** Boot inputs: what a boot loader and a user give, what is refused, and how a kernel dies. */
import { describe, expect, it } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb, encodeDtb } from '../../src/devicetree/dtb.ts';
import type { DtNode } from '../../src/devicetree/tree.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { BOOT_RECORD, type BootRecord } from '../../src/kernel/boot/boot-record.ts';
import { layoutOf } from '../../src/kernel/kernel.ts';
import { MemoryRecords } from '../../src/records.ts';
import { GiB, KiB, MiB, TiB } from '../../src/units.ts';
import {
  alloc,
  board,
  bootBoard,
  bootPanic,
  cma,
  coherent,
  dynamicPlain,
  logOf,
  node,
  RAM_BASE,
  RESERVE,
  range,
  topLines,
} from '../small-board.ts';

const bootRecordOf = (given: Board, params: BootParams = {}): BootRecord => {
  const records = new MemoryRecords();
  boot(given, params, records);
  const record = records.get<BootRecord>(BOOT_RECORD);
  if (record === undefined) throw new Error('not booted');
  return record;
};

describe('a board from a device tree', () => {
  it('boots as it is', () => {
    const cells = (...values: number[]) => {
      const bytes = new Uint8Array(values.length * 4);
      for (const [i, value] of values.entries()) new DataView(bytes.buffer).setUint32(i * 4, value);
      return bytes;
    };
    const text = (value: string) => new TextEncoder().encode(`${value}\0`);
    const empty = new Uint8Array(0);
    const dt = (name: string, properties: Record<string, Uint8Array>, children: DtNode[] = []): DtNode => ({
      name,
      properties: Object.entries(properties).map(([key, value]) => ({ name: key, value })),
      children,
    });
    const widths = { '#address-cells': cells(1), '#size-cells': cells(1) };
    const root = dt('', widths, [
      dt('chosen', { bootargs: text('cma=16M') }),
      dt('memory@40000000', { device_type: text('memory'), reg: cells(0x40000000, 0x10000000) }),
      dt('reserved-memory', { ...widths, ranges: empty }, [
        dt('vpu@46000000', {
          compatible: text('shared-dma-pool'),
          reg: cells(0x46000000, 0x100000),
          'no-map': empty,
        }),
        dt('video', { compatible: text('shared-dma-pool'), size: cells(0x800000), reusable: empty }),
      ]),
    ]);
    const bytes = encodeDtb({ root, memReserves: [], bootCpuid: 0 });
    const { kernel } = bootBoard(boardFromTree(decodeDtb(bytes, 'small.dtb'), 'small.dtb'));
    expect(kernel.heaps().map((heap) => heap.name)).toEqual([
      'system',
      'default_cma_region',
      'video',
      'reserved',
      'vpu@46000000',
    ]);
    expect(kernel.info().cmdline).toBe('cma=16M');
    expect(kernel.heaps()[2]?.base).toBe(0x4f800000n);
  });
});

describe('the boot loader', () => {
  it('puts the image 2 MiB above the start of RAM and the tree behind it', () => {
    expect(bootRecordOf(board()).reserve).toEqual({
      kernel: range(RAM_BASE + 2n * MiB, 32n * MiB),
      dtb: range(RAM_BASE + 34n * MiB, 64n * KiB),
    });
  });

  it('goes around static regions and /memreserve/', () => {
    //  0    2        10 11         34         44      76     78 MiB
    //  |    |         |s|           |memreserve|KERNEL |r|DTB|
    const given = board(
      [coherent('s', RAM_BASE + 10n * MiB, MiB), coherent('r', RAM_BASE + 76n * MiB, MiB)],
      {
        memReserves: [range(RAM_BASE + 34n * MiB, 10n * MiB)],
      },
    );
    expect(bootRecordOf(given).reserve).toEqual({
      kernel: range(RAM_BASE + 44n * MiB, 32n * MiB),
      dtb: range(RAM_BASE + 78n * MiB, 64n * KiB),
    });
  });

  it('is free of what the user placed, and places the rest', () => {
    const kernel = range(RAM_BASE + 64n * MiB, 16n * MiB);
    const initrd = range(RAM_BASE + 80n * MiB, 5n * MiB + 100n);
    const { reserve } = bootRecordOf(board(), { reserve: { kernel, initrd } });
    expect(reserve).toEqual({ kernel, initrd, dtb: range(RAM_BASE + 86n * MiB, 64n * KiB) });
  });

  it('finds a later bank when the first has no room', () => {
    const memory = [range(RAM_BASE, 16n * MiB), range(2n * GiB, 256n * MiB)];
    expect(bootRecordOf(board([], { memory })).reserve.kernel).toEqual(range(2n * GiB, 32n * MiB));
    expect(bootRecordOf(board([], { memory: [range(RAM_BASE, 16n * MiB)] })).reserve.kernel).toBeUndefined();
  });

  it('fills memory in, instead of what the board says', () => {
    const memory = [range(4n * GiB, 64n * MiB), range(2n * GiB, 64n * MiB)];
    expect(bootRecordOf(board(), { memory }).layout).toEqual([
      range(2n * GiB, 64n * MiB),
      range(4n * GiB, 64n * MiB),
    ]);
    expect(bootRecordOf(board(), { memory: [] }).layout).toEqual([range(RAM_BASE, 256n * MiB)]);
  });

  it('replaces the command line', () => {
    const given = board([], { bootargs: 'cma=8M' });
    expect(bootRecordOf(given).regions[0]?.size).toBe(8n * MiB);
    expect(bootRecordOf(given, { cmdline: '' }).regions[0]?.size).toBe(32n * MiB);
  });
});

describe('mem=', () => {
  const layout = (cmdline: string, params: BootParams = {}, given: Partial<Board> = {}) =>
    bootRecordOf(board([], given), { cmdline: `cma=0 ${cmdline}`, reserve: RESERVE, ...params }).layout;

  it('cuts where the running total of RAM reaches it', () => {
    expect(layout('mem=64M')).toEqual([range(RAM_BASE, 64n * MiB)]);
    const memory = [range(GiB, 32n * MiB), range(2n * GiB, 32n * MiB), range(3n * GiB, 32n * MiB)];
    const two = [range(GiB, 32n * MiB), range(2n * GiB, 8n * MiB)];
    expect(layout('mem=40M', {}, { memory })).toEqual(two);
    expect(layout('mem=32M', {}, { memory })).toEqual([range(GiB, 32n * MiB)]);
  });

  it('of all RAM or more, or of nothing, changes nothing', () => {
    for (const text of ['mem=256M', 'mem=1T', 'mem=0', 'mem=4095', 'mem']) {
      expect(layout(text)).toEqual([range(RAM_BASE, 256n * MiB)]);
    }
  });

  it('gives the image and the initrd back', () => {
    const reserve = {
      kernel: range(RAM_BASE + 64n * MiB, 8n * MiB),
      initrd: range(RAM_BASE + 128n * MiB + 100n, MiB),
      dtb: range(RAM_BASE, 4096n),
    };
    expect(layout('mem=32M', { reserve })).toEqual([
      range(RAM_BASE, 32n * MiB),
      reserve.kernel,
      range(RAM_BASE + 128n * MiB, MiB + 4096n),
    ]);
  });
});

describe('RAM', () => {
  it('may overlap, come in any order and end inside of pages', () => {
    const memory = [
      range(RAM_BASE + 64n * MiB, 64n * MiB),
      range(RAM_BASE + 1n, 100n * MiB),
      range(8n * GiB, 4095n),
    ];
    const { kernel, records } = bootBoard(board([], { memory }), { cmdline: 'cma=0' });
    expect(kernel.info().layout).toEqual([range(RAM_BASE + 4096n, 128n * MiB - 4096n)]);
    expect(topLines(records)).toEqual(['40001000-47ffffff : System RAM']);
  });

  it('is shown without its no-map holes', () => {
    const { records } = bootBoard(
      board([coherent('a', RAM_BASE + 32n * MiB, 2048n), coherent('b', RAM_BASE + 64n * MiB, MiB)]),
    );
    expect(topLines(records)).toEqual([
      '40000000-41ffffff : System RAM',
      '42000000-42000fff : reserved',
      '42001000-43ffffff : System RAM',
      '44000000-440fffff : reserved',
      '44100000-4fffffff : System RAM',
    ]);
  });

  it.each<[string, bigint, string]>([
    // A page for its three page tables; the first page of all is never handed out.
    ['a single page', 4096n, 'Failed to allocate page table page'],
    // 3 tables and 10 pages for the tree leave 243 for a map of 512 and their table.
    ['a single MiB', MiB, 'Failed to allocate memmap for section 0'],
    // 4 tables, 10 pages for the tree, 2 MiB for the map: 968 KiB are left.
    ['3 MiB', 3n * MiB, 'System is deadlocked on memory'],
  ])('of %s is too little', (_, size, panic) => {
    const nothing = { cmdline: 'cma=0', reserve: {} };
    expect(bootPanic(board([], { memory: [range(0n, size)] }), nothing).panic).toBe(panic);
  });

  it('of 16 MiB is enough', () => {
    const { kernel } = bootBoard(board([], { memory: [range(0n, 16n * MiB)] }), {
      cmdline: 'cma=0',
      reserve: {},
    });
    expect(alloc(kernel, 'system', 4n * MiB).ret).toBe(0);
    expect(alloc(kernel, 'system', 16n * MiB).errno).toBe('EINTR');
  });

  it('is logged by zones', () => {
    const { log } = bootBoard(board([], { dmaMaxCpuAddress: RAM_BASE + 64n * MiB + 0xffn }), {
      cmdline: 'cma=0',
    });
    const from = log.indexOf('<6>Zone ranges:');
    expect(log.slice(from + 1, from + 4)).toEqual([
      '<6>  DMA      [mem 0x0000000040000000-0x0000000043ffffff]',
      '<6>  DMA32    [mem 0x0000000044000000-0x000000004fffffff]',
      '<6>  Normal   empty',
    ]);
  });
});

describe('a panic', () => {
  it('of a CMA area where there is no memory map comes with the log up to there', () => {
    const { panic, log } = bootPanic(board([cma('far', 8n * GiB, 4n * MiB)]));
    expect(panic).toBe('Attempted to kill init! exitcode=0x0000000b');
    expect(log).toContain('<6>OF: reserved mem: initialized node far, compatible id shared-dma-pool');
    expect(log.at(-1)).toBe(`<0>Kernel panic - not syncing: ${panic}`);
    expect(log.join()).not.toContain('DMA: preallocated');
  });

  it('does not come where the section holds RAM', () => {
    // 64 MiB of RAM: the rest of its 128 MiB section has a memory map, but no memory.
    const memory = [range(RAM_BASE, 64n * MiB)];
    const { kernel } = bootBoard(board([cma('c', RAM_BASE + 96n * MiB, 4n * MiB)], { memory }), {
      cmdline: 'cma=0',
    });
    expect(kernel.heaps().map((heap) => heap.name)).toEqual(['system', 'c']);
    expect(() => alloc(kernel, 'c', 4096n)).toThrow('bus error: no memory at 0x0000000046000000');
  });

  it('comes with a 64th no-map hole in one bank without EFI', () => {
    const holes = (count: number) =>
      Array.from({ length: count }, (_, i) => coherent(`h${i}`, RAM_BASE + BigInt(16 + 2 * i) * MiB, MiB));
    const config = { CONFIG_EFI: false };
    expect(bootBoard(board(holes(63)), { config }).kernel.heaps()).toHaveLength(66);
    expect(bootPanic(board(holes(64)), { config }).panic).toBe('memblock: cannot resize memory array');
    expect(bootBoard(board(holes(64))).kernel.heaps()).toHaveLength(67);
  });

  it('leaves no kernel to wake', () => {
    const records = new MemoryRecords();
    boot(board([cma('far', 8n * GiB, 4n * MiB)]), {}, records);
    expect(() => layoutOf(records)).toThrow('no kernel has booted');
    expect(logOf(records).length).toBeGreaterThan(0);
  });
});

describe('inputs that cannot be used', () => {
  const codes = (given: Board, params: BootParams = {}): string[] => {
    const records = new MemoryRecords();
    try {
      boot(given, params, records);
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      expect([...records.list('')]).toEqual([]);
      return error.diagnostics.map((d) => d.code);
    }
    return [];
  };

  it.each([
    ['no memory', { memory: [] }, {}, 'board-no-memory'],
    ['memory of size 0', { memory: [range(GiB, 0n)] }, {}, 'board-no-memory'],
    ['less than a page', { memory: [range(GiB + 1n, 8190n)] }, {}, 'board-no-memory'],
    ['RAM above 16 TiB', { memory: [range(16n * TiB, GiB)] }, {}, 'memory-too-high'],
    ['RAM that wraps', { memory: [range((1n << 64n) - 4096n, 1n << 40n)] }, {}, 'memory-too-high'],
    ['an unknown option', {}, { config: { CONFIG_NOPE: 'y' } }, 'config-unknown'],
    ['a bad value', {}, { config: { CONFIG_CMA_AREAS: 'many' } }, 'config-value'],
    ['an image beyond all memory', {}, { reserve: { kernel: range(1n << 60n, MiB) } }, 'reserve-too-high'],
    ['descriptors without end', {}, { nofile: 1e9 }, 'nofile-range'],
    ['half a descriptor', {}, { nofile: 1.5 }, 'nofile-range'],
  ] as const)('%s', (_, given, params, code) => {
    expect(codes(board([], given), params)).toEqual([code]);
  });

  it('are all named at once', () => {
    const params = { config: { CONFIG_NOPE: 1, CONFIG_EFI: 2 }, nofile: -1 };
    expect(codes(board([], { memory: [] }), params)).toEqual([
      'config-unknown',
      'config-value',
      'board-no-memory',
      'nofile-range',
    ]);
  });
});

describe('/memreserve/', () => {
  it('is reserved after dynamic regions are placed', () => {
    const memReserves = [range(RAM_BASE + 248n * MiB, 8n * MiB)];
    const { kernel } = bootBoard(board([dynamicPlain('d', MiB)], { memReserves }), { cmdline: 'cma=4M' });
    expect(kernel.regions().map((r) => r.base)).toEqual([RAM_BASE + 255n * MiB, RAM_BASE + 242n * MiB]);
    expect(node('x').noMap).toBe(false);
  });
});
