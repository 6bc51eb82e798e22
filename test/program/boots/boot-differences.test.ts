import { describe, expect, it } from 'vitest';
import { boardFromYaml } from '../../../src/board/from-yaml.ts';
import type { BootParams } from '../../../src/kernel/boot/boot-params.ts';
import { bootDifferences } from '../../../src/program/boots/boot-differences.ts';
import { bootedBy } from '../../../src/program/boots/booted.ts';

const booted = (regions: string, params: BootParams = {}, ram = '1G') =>
  bootedBy({
    board: boardFromYaml(
      `memory: { reg: [0x40000000, ${ram}] }\nreserved-memory: { ${regions} }\n`,
      'a.yaml',
    ),
    params,
  });

const area = (name: string, base: string, size = '64M') =>
  `${name}: { compatible: shared-dma-pool, reg: [${base}, ${size}], reusable: true }`;

const told = (...boots: [ReturnType<typeof booted>, ReturnType<typeof booted>]) =>
  bootDifferences(...boots)
    .filter(({ name }) => name !== 'reserved' && name !== 'default_cma_region')
    .map(({ what, name, change, other }) =>
      [what, name, change, ...(other === undefined ? [] : [other])].join(' '),
    );

describe('bootDifferences', () => {
  it('of the same is nothing', () => {
    expect(bootDifferences(booted(area('a', '0x50000000')), booted(area('a', '0x50000000')))).toEqual([]);
  });

  it('tells what comes and goes', () => {
    expect(told(booted(area('a', '0x50000000')), booted(area('b', '0x60000000')))).toEqual([
      'heap a removed',
      'heap b added',
      'region a removed',
      'region b added',
    ]);
  });

  it('tells a new name from a new heap, and what else became of it', () => {
    expect(told(booted(area('a', '0x50000000')), booted(area('b', '0x50000000', '32M')))).toEqual([
      'heap system grown',
      'heap a renamed b',
      'heap a shrunk',
      'region a renamed b',
      'region a shrunk',
    ]);
  });

  it('does not take an old name for a new one', () => {
    // The default area goes by both names before, and by one after.
    const off = { config: { CONFIG_DMABUF_HEAPS_CMA_LEGACY: false } };
    const before = booted('', { kernel: '6.18' });
    const after = booted('', { kernel: '6.18', ...off });
    expect(bootDifferences(before, after).map(({ name, change }) => `${name} ${change}`)).toEqual([
      'reserved removed',
    ]);
    expect(
      bootDifferences(after, before).map(({ name, change, other }) => `${name} ${change} ${other}`),
    ).toEqual(['reserved aliased default_cma_region']);
  });

  it('tells moves, sizes and fates apart', () => {
    expect(told(booted(area('a', '0x50000000')), booted(area('a', '0x52000000', '128M')))).toEqual([
      'heap system shrunk',
      'heap a moved',
      'heap a grown',
      'region a moved',
      'region a grown',
    ]);
    expect(told(booted(area('a', '0x50000000')), booted(area('a', '0x50001000')))).toEqual([
      'heap system grown',
      'heap a removed',
      'region a moved',
      'region a fate',
    ]);
  });

  it('tells of memory, and of a boot that dies', () => {
    expect(told(booted('', {}, '1G'), booted('', {}, '2G'))).toEqual([
      'memory memory grown',
      'heap system grown',
    ]);
    const dies = booted(area('a', '0x90000000'));
    expect(bootDifferences(booted(''), dies)).toEqual([
      expect.objectContaining({ change: 'panic', panics: [undefined, expect.stringMatching(/kill init/)] }),
    ]);
    expect(bootDifferences(dies, dies)).toEqual([]);
  });
});
