/** Whether a workload fits: sizes of formats, and every claim tried again. */
import { describe, expect, it } from 'vitest';
import { type Fit, type FitOptions, fitWorkload } from '../../src/check/fit.ts';
import { FitMachine } from '../../src/check/fit-run.ts';
import { readWorkItem, type WorkItem, workloadWords } from '../../src/check/fit-workload.ts';
import { PIXEL_FORMATS, pixelFormat, planeSizes } from '../../src/check/pixel-formats.ts';
import { repaired, type Trial, tryBoot, withWord } from '../../src/check/trial.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { MiB } from '../../src/units.ts';
import { bootOf, POOL, source } from './check-boards.ts';

const item = (text: string): WorkItem => {
  const read = readWorkItem(text);
  if ('problem' in read) throw new Error(read.problem);
  return read;
};

const bytes = (text: string): readonly number[] => item(`${text}@x`).buffers.map(Number);

describe('sizes of formats', () => {
  // What v4l2_fill_pixfmt() and drm_format_info_min_pitch() make of them.
  it.each([
    ['3840x2160:NV12', [12_441_600]],
    ['1920x1080:NV12', [3_110_400]],
    ['1920x1080:NM12', [2_073_600, 1_036_800]],
    ['1920x1080:YU12', [3_110_400]],
    ['1920x1080:YM12', [2_073_600, 518_400, 518_400]],
    ['1920x1080:NV16', [4_147_200]],
    ['1920x1080:NV24', [6_220_800]],
    ['1920x1080:P010', [6_220_800]],
    ['1920x1080:YUYV', [4_147_200]],
    ['1920x1080:XR24', [8_294_400]],
    ['1920x1080:RG16', [4_147_200]],
    ['1920x1080:BG24', [6_220_800]],
    ['1920x1080:GREY', [2_073_600]],
    ['4056x3040:pRCC', [18_495_360]],
    ['4056x3040:RG12', [24_660_480]],
    ['1280x720:NV15', [1_728_000]],
    // Odd sides: samples are whole.
    ['3x3:NV12', [9 + 8]],
    ['5x5:YU12', [25 + 9 + 9]],
  ])('%s', (text, sizes) => {
    expect(bytes(text)).toEqual(sizes);
  });

  it('grow by alignment and stride, in all planes', () => {
    expect(bytes('1920x1080:NV12,align=1x16')).toEqual([1920 * 1088 + 1920 * 544]);
    expect(bytes('1000x100:NV12,align=64')).toEqual([1024 * 100 + 1024 * 50]);
    expect(bytes('1000x100:YU12,stride=1024')).toEqual([1024 * 100 + 2 * 512 * 50]);
    expect(bytes('1000x100:XR24,stride=4096')).toEqual([409_600]);
    expect(bytes('1920x1080:NV12,planes=2')).toEqual([2_073_600, 1_036_800]);
    expect(bytes('1920x1080:NM12,planes=1')).toEqual([3_110_400]);
    expect(bytes('1920x1080:MJPG,size=1M')).toEqual([1 << 20]);
  });

  it('are a lower bound, unless size= says what they are', () => {
    expect(item('8x8:NV12@x').isLowerBound).toBe(true);
    expect([item('8x8:NV12,size=4K@x').isLowerBound, item('2x1M@x').isLowerBound]).toEqual([false, false]);
  });

  it('are at least a bit a pixel, and every fourcc has four characters', () => {
    for (const [fourcc, format] of PIXEL_FORMATS) {
      expect(fourcc).toHaveLength(4);
      const total = planeSizes(format, { width: 64, height: 64 }).reduce(
        (sum, { stride, lines }) => sum + stride * lines,
        0,
      );
      const bits = format.planes.reduce(
        (sum, { bits, horizontal, vertical }) => sum + bits / (horizontal * vertical),
        0,
      );
      expect([fourcc, total]).toEqual([fourcc, (64 * 64 * bits) / 8]);
      expect(pixelFormat(fourcc.trim())).toBe(format);
    }
  });
});

describe('words', () => {
  it('are read: the first @ ends the size', () => {
    expect(item('4x3840x2160:NV12@video-cma@60000000')).toMatchObject({
      count: 4,
      heap: 'video-cma@60000000',
    });
    expect(item('2x1M@system')).toMatchObject({ count: 2, buffers: [1n * MiB], heap: 'system' });
    expect(item('0x1000@/dev/dma_heap/system')).toMatchObject({ count: 1, buffers: [4096n], heap: 'system' });
    expect(item('3x0x1000@system')).toMatchObject({ count: 3, buffers: [4096n] });
    expect(workloadWords('# all\n 2x1M@system  1M@a # two\n\n4K@b#c\n')).toEqual([
      '2x1M@system',
      '1M@a',
      '4K@b#c',
    ]);
  });

  it.each([
    ['1M', /names no heap/],
    ['@system', /names no heap/],
    ['1M@', /names no heap/],
    ['0x1920x1080:NV12@x', /cannot read/],
    ['1920:NV12@x', /cannot read/],
    ['1x2x3x4:NV12@x', /cannot read/],
    ['8x8:NV13@x', /no pixel format NV13/],
    ['8x8:H264@x', /compressed/],
    ['8x8:NV12,strid=8@x', /no override strid=8/],
    ['8x8:NV12,stride=4@x', /shorter than a line/],
    ['8x8:NV12,stride=0@x', /cannot read stride=0/],
    ['8x8:NV12,align=1x2x3@x', /cannot read/],
    ['8x8:NV12,planes=3@x', /has 2 planes/],
    ['8x8:XR24,planes=2@x', /has 1 plane$/],
    ['1M,align=64@x', /overrides are for frames/],
    ['0@x', /cannot read 0/],
    ['x1M@x', /cannot read/],
    ['10001x1M@x', /cannot read/],
  ])('%s is refused', (text, problem) => {
    expect(readWorkItem(text)).toMatchObject({
      problem: expect.stringMatching(problem),
      hint: expect.stringMatching(/\S/),
    });
  });
});

const BOARD = source(`
  video@60000000 { ${POOL} reusable; reg = <0 0x60000000 0 0x1000000>; };
  next@61800000 { ${POOL} reusable; reg = <0 0x61800000 0 0x400000>; };
  dyn { ${POOL} reusable; size = <0 0x800000>; };
  vpu@68000000 { ${POOL} no-map; reg = <0 0x68000000 0 0x400000>; };`);

function booted(params: BootParams = {}, text = BOARD): Trial {
  const trial = tryBoot(bootOf(text, params));
  if (!('booted' in trial)) throw new Error('it does not boot');
  return trial;
}

const items = (text: string): readonly WorkItem[] => text.split(' ').map(item);

function answer(text: string, options: FitOptions = {}, params: BootParams = {}): Fit {
  const pieces = fitWorkload(booted(params), items(text), options);
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return value;
  }
}

const fits = (trial: Trial, all: readonly WorkItem[]): boolean =>
  new FitMachine(trial).run(all).failure === undefined;

/** Boots what is told to change, as changes and as source, and runs the workload. */
function holds(text: string, fit: Fit, params: BootParams = {}): number {
  let tried = 0;
  const before = bootOf(BOARD, params);
  for (const { heap, size, now, changes } of fit.smallest) {
    if (size === undefined) continue;
    if (now >= size) expect(changes).toEqual([]);
    for (const change of changes) {
      tried++;
      const own = items(text)
        .filter((one) => one.heap === heap)
        .map((one) => ({ ...one, heap: change.heap }));
      const made = tryBoot(repaired(before, change));
      if (!('booted' in made)) throw new Error('a change that does not boot');
      expect(fits(made, own)).toBe(true);
      expect(made.booted.regions.some((region) => region.size === change.size)).toBe(true);
      if (change.source.length > 0) {
        const printed = tryBoot(
          bootOf(`${BOARD}${change.source.join('\n')}\n`, {
            ...params,
            ...(change.cmdline !== undefined && { cmdline: change.cmdline }),
          }),
        );
        if (!('booted' in printed)) throw new Error('source that does not boot');
        expect(printed.booted.heaps).toEqual(made.booted.heaps);
      }
      // One pageblock less: the same change fails.
      if (change.how === 'cmdline') {
        const less = change.size / MiB - 2n;
        const cmdline = withWord(change.cmdline ?? '', 'cma', `cma=${less}M`);
        const smaller = tryBoot({ ...before, params: { ...params, cmdline } });
        if ('booted' in smaller) expect(fits(smaller, own)).toBe(false);
      }
    }
  }
  return tried;
}

describe('a workload', () => {
  it('that fits says what is left, and the smallest region', () => {
    const fit = answer('3x4M@video@60000000 2x1M@system');
    expect(fit.result.failure).toBeUndefined();
    expect(fit.result.left.map(({ name, free }) => [name, free])).toContainEqual([
      'video@60000000',
      4n * MiB,
    ]);
    expect(fit.smallest).toMatchObject([
      { heap: 'video@60000000', size: 12n * MiB, now: 16n * MiB, unit: 2n * MiB, changes: [] },
    ]);
    expect(fit.smallest[0]?.less).toMatchObject({ errno: 'ENOMEM', frame: 3 });
  });

  it('that does not fit says at which buffer and why', () => {
    const fit = answer('2x1M@system 5x4M@video@60000000');
    expect(fit.result.failure).toMatchObject({
      frame: 5,
      errno: 'ENOMEM',
      why: { kind: 'cma-no-room', freePages: 0 },
    });
  });

  it.each([
    ['5x4M@video@60000000', {}],
    ['6x3M@video@60000000', {}],
    ['9x1M@dyn', {}],
    ['3x3M@vpu@68000000', {}],
    ['9x4M@default_cma_region', {}],
    ['9x4M@default_cma_region', { cmdline: 'quiet cma=16M' }],
    ['2x3840x2160:NV12@video@60000000 3x3840x2160:XR24@dyn', {}],
  ] as const)('%s: what is told to change is changed, and it fits', (text, params) => {
    const fit = answer(text, {}, params);
    expect(fit.result.failure).toBeDefined();
    expect(holds(text, fit, params)).toBeGreaterThanOrEqual(
      fit.smallest.filter(({ changes }) => changes.length > 0).length,
    );
    expect(fit.smallest.some(({ changes }) => changes.length > 0)).toBe(true);
  });

  it('goes round a neighbour, and tells the name that changes', () => {
    // 28 MiB from 0x60000000 would lie over next@61800000.
    const fit = answer('7x4M@video@60000000');
    const [change] = fit.smallest[0]?.changes ?? [];
    expect(change).toMatchObject({ how: 'device-tree', size: 28n * MiB, heap: 'video@5f400000' });
    expect(change?.changes.map(({ name }) => name)).toContain('video@5f400000');
  });

  it('that no board has room for gets no change', () => {
    const fit = answer('3x1G@video@60000000');
    expect(fit.smallest).toMatchObject([{ heap: 'video@60000000', changes: [] }]);
    expect(fit.smallest[0]).not.toHaveProperty('size');
  });

  it('may fit in one order and not in another', () => {
    // A pool's blocks are powers of two at multiples of themselves.
    const text = '1x1M@vpu@68000000 1x2M@vpu@68000000 1x1M@vpu@68000000';
    const fit = answer(text, { allOrders: true });
    expect(fit.orders).toMatchObject({ tried: 6 });
    const count = permuted(items(text)).filter((one) => fits(booted(), one)).length;
    expect(fit.orders?.fit).toBe(count);
    if (fit.orders?.first !== undefined) expect(fits(booted(), fit.orders.first)).toBe(true);
  });

  it('on an aged area is answered alike each time, and never better than on a fresh one', () => {
    const run = () => answer('3x4M@video@60000000', { age: { steps: 1800, seed: 3 } });
    const [one, other] = [run(), run()];
    expect(other.result.left).toEqual(one.result.left);
    const fresh = answer('3x4M@video@60000000');
    const free = (fit: Fit) => fit.result.left.find(({ name }) => name === 'video@60000000')?.free ?? 0n;
    expect(free(one)).toBeLessThan(free(fresh));
  });
});

function permuted<T>(all: readonly T[]): readonly (readonly T[])[] {
  if (all.length <= 1) return [all];
  return all.flatMap((one, i) => permuted(all.filter((_, j) => j !== i)).map((rest) => [one, ...rest]));
}
