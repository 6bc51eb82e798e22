import { describe, expect, it } from 'vitest';
import { Memblock } from '../../src/mm/early/memblock.ts';
import { dmaPhysLimit, lowmemEnd, zoneSpans } from '../../src/mm/early/zones.ts';
import { profileOf } from '../../src/profile/profile.ts';
import { GiB, MiB, type PhysAddr, type PhysRange } from '../../src/units.ts';
import { GEOMETRY } from '../pages.ts';

function zones(
  ram: readonly PhysRange[],
  maxCpuAddress?: PhysAddr,
  config: Record<string, boolean> = {},
  arch?: string,
): string[] {
  const memblock = new Memblock(GEOMETRY, true);
  for (const range of ram) memblock.addMemory(range);
  const { profile } = profileOf('v3', config, 4, undefined, arch);
  const gib = (address: bigint) => Number(address) / Number(GiB);
  return zoneSpans(memblock, profile, maxCpuAddress).map(
    ({ name, start, end }) => `${name} ${gib(start)}-${gib(end)}`,
  );
}

const ram = (base: bigint, size: bigint): PhysRange => ({ base, size });

describe('zones', () => {
  it('put all RAM below 4 GiB into DMA', () => {
    expect(zones([ram(GiB, GiB)])).toEqual(['DMA 1-2', 'DMA32 2-2', 'Normal 2-2']);
    expect(zones([ram(GiB, 7n * GiB)])).toEqual(['DMA 1-4', 'DMA32 4-4', 'Normal 4-8']);
  });

  it('put all RAM into DMA when none lies below 4 GiB', () => {
    expect(zones([ram(8n * GiB, 4n * GiB)])).toEqual(['DMA 8-12', 'DMA32 12-12', 'Normal 12-12']);
  });

  it('end DMA where the narrowest bus does', () => {
    expect(zones([ram(0n, 8n * GiB)], GiB - 1n)).toEqual(['DMA 0-1', 'DMA32 1-4', 'Normal 4-8']);
    expect(zones([ram(2n * GiB, GiB)], GiB - 1n)).toEqual(['DMA 2-2', 'DMA32 2-3', 'Normal 3-3']);
  });

  it('follow the configuration', () => {
    const all = [ram(GiB, 7n * GiB)];
    expect(zones(all, undefined, { CONFIG_ZONE_DMA: false })).toEqual(['DMA32 1-4', 'Normal 4-8']);
    expect(zones(all, undefined, { CONFIG_ZONE_DMA32: false })).toEqual(['DMA 1-4', 'Normal 4-8']);
    expect(zones(all, undefined, { CONFIG_ZONE_DMA: false, CONFIG_ZONE_DMA32: false })).toEqual([
      'Normal 1-8',
    ]);
  });

  it('are those of the architecture', () => {
    const of = (arch: string, range: PhysRange, config = {}) => zones([range], undefined, config, arch);
    expect(of('arm', ram(GiB, 2n * GiB))).toEqual(['Normal 1-1.75', 'HighMem 1.75-3']);
    expect(of('arm', ram(GiB, GiB / 2n))).toEqual(['Normal 1-1.5', 'HighMem 1.5-1.5']);
    expect(of('arm', ram(GiB, 2n * GiB), { CONFIG_HIGHMEM: false })).toEqual(['Normal 1-1.75']);
    expect(of('riscv64', ram(2n * GiB, 4n * GiB))).toEqual(['DMA32 2-4', 'Normal 4-6']);
    expect(of('x86_64', ram(0n, 6n * GiB))).toEqual(['DMA 0-0.015625', 'DMA32 0.015625-4', 'Normal 4-6']);
  });

  it('end at whole pages', () => {
    expect(zones([ram(0n, GiB)], 512n * MiB + 0x122n)[0]).toBe('DMA 0-0.5');
  });
});

describe('the DMA limit', () => {
  const limit = (config: Record<string, boolean>) => {
    const memblock = new Memblock(GEOMETRY, true);
    memblock.addMemory(ram(GiB, 7n * GiB));
    return dmaPhysLimit(memblock, profileOf('v3', config).profile) / GiB;
  };

  it('is the end of the lowest zone that is configured', () => {
    expect(limit({})).toBe(4n);
    expect(limit({ CONFIG_ZONE_DMA: false })).toBe(4n);
    expect(limit({ CONFIG_ZONE_DMA: false, CONFIG_ZONE_DMA32: false })).toBe(8n);
  });
});

describe('lowmem', () => {
  it('ends before a no-map region at the end of RAM, and spans the others', () => {
    const { profile } = profileOf('v3', {}, 4, undefined, 'arm');
    const memblock = new Memblock(GEOMETRY, true);
    memblock.addMemory(ram(GiB, 512n * MiB));
    memblock.markNomap(ram(GiB + 128n * MiB, 64n * MiB), true);
    memblock.markNomap(ram(GiB + 448n * MiB, 64n * MiB), true);
    expect(lowmemEnd(memblock, profile)).toBe(GiB + 448n * MiB);
  });
});
