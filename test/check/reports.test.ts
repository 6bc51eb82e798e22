/** What reporters met: each kind of board, with what is to be said of it, by `check`, `boot` and `regions` alike. */
import { describe, expect, it } from 'vitest';
import { checkBoard } from '../../src/check/check-board.ts';
import { explainRegion } from '../../src/check/explain-region.ts';
import { type BootOf, type Trial, tryBoot } from '../../src/check/trial.ts';
import { lintLevels } from '../../src/devicetree/lint/lint.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { bootOf, POOL, source } from './check-boards.ts';

const said = (of: BootOf) => checkBoard(of, { levels: lintLevels(), disabled: new Set() }).findings;
const named = (text: string, params: BootParams = {}) =>
  said(bootOf(text, params)).filter(({ check }) => check.includes('-'));

function booted(text: string, params: BootParams = {}): Trial {
  const trial = tryBoot(bootOf(text, params));
  if (!('booted' in trial)) throw new Error('it does not boot');
  return trial;
}

const region = (trial: Trial, name: string) => trial.booted.regions.find((one) => one.name === name);
const warned = ({ board, warnings }: Trial) => [...board.diagnostics, ...warnings];

describe('reports', () => {
  it('24: size beside reg is ignored, and boot says so with the line', () => {
    const text = source(
      `frames { ${POOL} reusable;\n reg = <0 0x50000000 0 0x800000>;\n size = <0 0x8000000>;\n alloc-ranges = <0 0x40000000 0 0x20000000>; };`,
    );
    const trial = booted(text);
    expect(region(trial, 'frames')).toMatchObject({ base: 0x50000000n, size: 0x800000n });
    expect(warned(trial)).toMatchObject([
      {
        code: 'board-size-beside-reg',
        message: expect.stringContaining(
          'size (128 MiB), alloc-ranges beside reg are ignored: the region has the place and the size of its reg, 8 MiB at 0x50000000',
        ),
        position: { line: 11 },
      },
    ]);
    expect(named(text)).toMatchObject([
      { check: 'board-size-beside-reg', severity: 'warning', repair: { changes: [] } },
    ]);
  });

  it('25: a region without reg does not lie where its name says', () => {
    const text = source(`frames@50000000 { ${POOL} reusable; size = <0 0x2000000>; };`);
    const trial = booted(text);
    const base = region(trial, 'frames@50000000')?.base;
    expect(warned(trial)).toMatchObject([
      {
        code: 'region-elsewhere',
        message: expect.stringContaining(`at 0x${base?.toString(16)}`),
        path: '/reserved-memory/frames@50000000',
      },
    ]);
    // One that lies there is fine.
    const there = `frames@50000000 { ${POOL} reusable; size = <0 0x2000000>; alloc-ranges = <0 0x50000000 0 0x2000000>; };`;
    expect(warned(booted(source(there)))).toEqual([]);
  });

  it('13: vrings, ramoops and carve-outs are told nothing, a vendor heap what it is', () => {
    const found = named(
      source(`
        vring0@60000000 { no-map; reg = <0 0x60000000 0 0x8000>; };
        vring1@60008000 { no-map; reg = <0 0x60008000 0 0x8000>; };
        ramoops@60100000 { compatible = "ramoops"; reg = <0 0x60100000 0 0x100000>; record-size = <0x20000>; };
        shared@68000000 { compatible = "dma-heap-carveout"; reg = <0 0x68000000 0 0x8000000>; };`),
    );
    expect(found).toMatchObject([
      { check: 'vendor-heap', severity: 'note', path: '/reserved-memory/shared@68000000' },
    ]);
    expect(found[0]?.hint).toContain('--vendor');
    expect(found[0]).not.toHaveProperty('repair');
  });

  it('03: advice on alignment has the pageblock in force and the remainder', () => {
    const text = source(`frames@60200000 { ${POOL} reusable; reg = <0 0x60200000 0 0x200000>; };`);
    const params = { config: { CONFIG_TRANSPARENT_HUGEPAGE: false, CONFIG_HUGETLBFS: false } };
    const [found] = named(text, params);
    expect(found).toMatchObject({
      check: 'cma-misaligned',
      message: expect.stringContaining(
        '4 MiB here: its base 0x60200000 is 2 MiB past one, its size 2 MiB is 2 MiB past one',
      ),
      repair: { say: 'base 0x60000000 and size 4 MiB' },
    });
    expect(named(text)).toEqual([]);
  });

  it('23: a no-map region inside an area is an error, the other way round it is none', () => {
    const nodes = [
      'secmon@62000000 { no-map; reg = <0 0x62000000 0 0x400000>; };',
      `frames@60000000 { ${POOL} reusable; reg = <0 0x60000000 0 0x8000000>; };`,
    ];
    expect(named(source(nodes.join(' ')))).toMatchObject([{ check: 'cma-over-nomap', severity: 'error' }]);
    const refused = named(source([...nodes].reverse().join(' ')));
    expect(refused.map(({ check }) => check)).toEqual(['reserve-failed']);
  });

  it('26: words that are not followed are named', () => {
    const trial = booted(source(''), { cmdline: 'crashkernel=128M hugepages=4 cma=64M quiet' });
    expect(warned(trial).map(({ code, message }) => [code, message.split(' ')[0]])).toEqual([
      ['cmdline-ignored', 'crashkernel=128M'],
      ['cmdline-ignored', 'hugepages=4'],
    ]);
  });

  it('06: what kills the kernel is named, and may be moved', () => {
    const [found] = named(source(`fpga@400000000 { ${POOL} reusable; reg = <4 0 0 0x400000>; };`));
    expect(found).toMatchObject({
      check: 'boot-panic',
      path: '/reserved-memory/fpga@400000000',
      message: expect.stringMatching(/fpga@400000000 lies outside RAM/),
      log: [expect.stringMatching(/^Kernel panic/)],
    });
  });

  it.each([
    [
      '08: which cells',
      source(`frames@60000000 { ${POOL} reusable; reg = <0 0x60000000 0x4000000>; };`, {
        head: '#address-cells = <2>; #size-cells = <1>; ranges;',
      }),
      'frames@60000000',
      /#size-cells 1, the root has 2/,
      {},
    ],
    [
      '09: no RAM in alloc-ranges',
      source(
        `frames { ${POOL} reusable; size = <0 0x4000000>; alloc-ranges = <0 0x10000000 0 0x10000000>; };`,
      ),
      'frames',
      /hold no RAM, which is 0x40000000\.\.0x7fffffff/,
      {},
    ],
    [
      '10: by whom',
      source('dsp@5c000000 { no-map; reg = <0 0x5c000000 0 0x800000>; };'),
      'dsp@5c000000',
      /by the initrd at 0x5c400000/,
      { reserve: { initrd: { base: 0x5c400000n, size: 0x400000n } } },
    ],
    [
      '07: the default area',
      source(''),
      'reserved',
      /default CMA area of 2 GiB could not be had: the largest free run/,
      { cmdline: 'cma=2048M' },
    ],
  ] as const)(
    '%s: reasons have their numbers, the same in regions and in check',
    (_, text, name, reason, params) => {
      const told = region(booted(text, params), name);
      const words = told && explainRegion(told);
      expect(words?.reason).toMatch(reason);
      expect(named(text, params).map(({ message }) => message)).toContain(words?.reason);
    },
  );
});
