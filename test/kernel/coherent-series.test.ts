/** The states of the coherent series: names, limits, what they refuse, charge, log and say of themselves. */
import { describe, expect, it } from 'vitest';
import { InvalidInput } from '../../src/diagnostic.ts';
import { kernelWarnings } from '../../src/kernel/boot/asked-profile.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { COHERENT_STATES, type CoherentSeries } from '../../src/profile/coherent-series.ts';
import { isRecorded, profileOf, speaksUnverified } from '../../src/profile/profile.ts';
import { MemoryRecords } from '../../src/records.ts';
import { DMA_BUF_IOCTL_SYNC, encodeDmaBufSync } from '../../src/uapi/dma-buf.ts';
import { MAP_SHARED, PROT_READ } from '../../src/uapi/fcntl.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { alloc, board, bootBoard, cma, coherent, node, RAM_BASE, range } from '../small-board.ts';

const at = (mib: number) => RAM_BASE + BigInt(mib) * MiB;
const POOL = coherent('pool@43000000', at(48), 4n * MiB);
const STATES = COHERENT_STATES.filter((state) => state !== 'off');

const booted = (series: CoherentSeries, params: BootParams = {}, nodes = [POOL]) =>
  bootBoard(board(nodes), { cmdline: 'cma=0', coherent: series, ...params });

const pools = (series: CoherentSeries, nodes = [POOL]) =>
  booted(series, {}, nodes)
    .kernel.heaps()
    .filter(({ backend }) => backend === 'coherent')
    .map(({ name }) => name);

/** What a boot is refused for. */
function refusal(params: BootParams): string[] {
  try {
    boot(board([POOL]), params, new MemoryRecords());
  } catch (error) {
    if (error instanceof InvalidInput) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
  return [];
}

describe('what a state registers', () => {
  it.each([
    ['off', []],
    ['v1', ['coherent_pool@43000000']],
    ['v2', ['pool@43000000']],
    ['v3', ['pool@43000000']],
    ['wip', ['pool@43000000']],
  ] as const)('%s: %j', (series, names) => {
    expect(pools(series)).toEqual(names);
  });

  it('is 16 pools in v1 and 64 in v3, in set-up order, behind all other heaps', () => {
    const many = Array.from({ length: 70 }, (_, i) => coherent(`p${i}`, 8n * GiB + BigInt(i) * MiB, MiB));
    expect(pools('v1', many)).toEqual(Array.from({ length: 16 }, (_, i) => `coherent_p${i}`));
    expect(pools('v3', many)).toHaveLength(64);
    const { kernel } = booted('v1', {}, [POOL, cma('c', at(64), 4n * MiB)]);
    expect(kernel.heaps().map(({ name }) => name)).toEqual(['system', 'c', 'coherent_pool@43000000']);
    expect(
      booted('v1', {}, many)
        .kernel.regions()
        .filter(({ why }) => why === 'coherent-no-slot'),
    ).toHaveLength(54);
  });

  it('leaves out of the log what v1 says, which nobody knows', () => {
    const told = (series: CoherentSeries) =>
      booted(series).log.filter((line) => /dma_heap |coherent_heap|Deferred/.test(line));
    expect(told('v1')).toEqual([]);
    expect(told('v3')).toEqual(['<6>dma_heap pool@43000000: assigned reserved memory node pool@43000000']);
  });

  it('has mainline’s dma_heap_add() in v1: a name that is taken kills nobody, and is told as there', () => {
    const twice = [coherent('a', at(32), MiB), coherent('a', at(48), MiB)];
    const of = (series: CoherentSeries) => {
      const { log, outcome } = booted(series, {}, twice);
      return {
        device: log.filter((line) => /Unable/.test(line)),
        codes: outcome.warnings.map((w) => w.code),
      };
    };
    expect(of('v1')).toEqual({ device: ['<3>dma_heap: Unable to create device'], codes: [] });
    expect(of('v3')).toEqual({
      device: ['<3>dma_heap: Unable to add device'],
      codes: ['series-name-taken'],
    });
  });
});

describe('wip', () => {
  const calls = (series: CoherentSeries, nodes = [POOL]) => {
    const { kernel } = booted(series, {}, nodes);
    const [heap] = kernel.heaps().filter(({ backend }) => backend === 'coherent');
    const { fd } = alloc(kernel, heap?.name ?? '', 8n * KiB);
    const sync = (flags: bigint) =>
      kernel.syscall('shell', {
        call: 'ioctl',
        fd,
        request: DMA_BUF_IOCTL_SYNC,
        arg: encodeDmaBufSync(flags),
      });
    const length = 4n * KiB;
    const mmap = (offset: bigint) =>
      kernel.syscall('shell', { call: 'mmap', fd, length, prot: PROT_READ, flags: MAP_SHARED, offset });
    return [sync(1n), sync(5n), mmap(0n), mmap(8n * KiB)].map(({ errno, why }) => [errno, why?.kind]);
  };
  const REFUSED = ['EINVAL', 'no-cpu-access'];

  it('refuses SYNC and mmap of a no-map pool, once the arguments are right', () => {
    expect(calls('wip')).toEqual([REFUSED, REFUSED, REFUSED, ['EINVAL', 'past-end']]);
  });

  it.each(['v1', 'v2', 'v3'] as const)('is alone: %s allows both', (series) => {
    const fine = [undefined, undefined];
    expect(calls(series)).toEqual([fine, fine, fine, ['EINVAL', 'past-end']]);
  });

  it('says nothing against a pool outside of RAM that is not no-map', () => {
    const outside = node('far', { reg: [range(8n * GiB, MiB)] });
    expect(calls('wip', [outside])[2]).toEqual([undefined, undefined]);
  });
});

describe('what a state says of itself', () => {
  it('is recorded where it was, on the kernel that it was posted for', () => {
    const recorded = (series: CoherentSeries, release?: string) => {
      const { profile } = profileOf(series, {}, 4, release);
      const { banner } = bootBoard(board(), {
        coherent: series,
        ...(release !== undefined && { kernel: release }),
      }).kernel.info();
      expect(speaksUnverified(banner)).toBe(!isRecorded(profile));
      expect(banner.includes('not mainline')).toBe(series !== 'off');
      return isRecorded(profile);
    };
    expect(COHERENT_STATES.filter((series) => recorded(series))).toEqual(['off', 'v3']);
    expect(COHERENT_STATES.filter((series) => recorded(series, '6.12'))).toEqual(['off']);
  });

  it.each(STATES)('%s is a backport on 6.12, 6.18, 7.2 and of a later Linux before', (series) => {
    const codes = (kernel: string) =>
      kernelWarnings({ source: 'x' }, { kernel, coherent: series }).map(({ code }) => code);
    for (const kernel of ['6.12', '6.18', '7.2']) expect(codes(kernel)).toContain('series-backport');
    expect(codes('7.3')).toEqual(series === 'v3' ? [] : ['series-unverified']);
    for (const kernel of ['5.10', '5.15', '6.1', '6.6'])
      expect(refusal({ kernel, coherent: series })).toEqual(['series-not-there']);
  });

  it('blames v3 for v3’s faults, and others only as far as is known', () => {
    const dynamic = [
      node('late', { size: MiB, noMap: true }),
      node('b', { reg: [range(at(64), MiB)], noMap: true, compatible: [] }),
      node('c', { reg: [range(at(32), MiB)], noMap: true, compatible: [] }),
    ];
    const told = (series: CoherentSeries) =>
      booted(series, {}, dynamic).outcome.warnings.filter(({ code }) => code === 'series-pool-moved');
    expect(told('v3')[0]?.message).toContain('as posted (v3)');
    expect(told('v2')[0]?.message).toContain('of v2 it is not known');
  });
});

describe('charging', () => {
  const accounting = (params: BootParams) =>
    bootBoard(board([POOL]), params)
      .kernel.info()
      .banner.replace(/.*accounting: |^.*$/, '');

  it('is part of v1, by the gate of memcg, and of no other state', () => {
    const on = 'memcg, dmem-coh-v1 (a proposal)';
    expect(accounting({ coherent: 'v1', accounting: ['dmem-coh-v1'] })).toBe(on);
    expect(accounting({ coherent: 'v1', accounting: ['memcg'] })).toBe(on);
    expect(accounting({ coherent: 'v1', cmdline: 'dma_heap.mem_accounting=1' })).toBe(on);
    expect(accounting({ coherent: 'v1' })).toBe('');
    expect(accounting({ coherent: 'v3', accounting: ['memcg'] })).toBe('memcg');
    for (const series of ['off', 'v2', 'v3', 'wip'] as const)
      expect(refusal({ coherent: series, accounting: ['dmem-coh-v1'] })).toEqual(['accounting-series']);
  });

  it('of CMA areas beside v2, v3 or wip is a mixture', () => {
    const codes = (series: CoherentSeries) =>
      booted(series, { accounting: ['dmem-cma-v2'] }).outcome.warnings.map(({ code }) => code);
    for (const series of ['off', 'v1'] as const) expect(codes(series)).toEqual([]);
    for (const series of ['v2', 'v3', 'wip'] as const) expect(codes(series)).toEqual(['accounting-mixture']);
  });
});
