import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Device } from '../../src/mm/dma/device.ts';
import { IovaDomain } from '../../src/mm/dma/iommu-dma.ts';
import { GiB, MiB, type PfnRange } from '../../src/units.ts';
import { bareRecords, pagesToBytes, pfnPhys } from '../pages.ts';

const device: Device = {
  name: 'isp',
  dmaCoherent: false,
  dmaMask: 0xffffffffn,
  busDmaLimit: 0n,
  dmaRanges: [],
  iommu: true,
  maxSegSize: 65536,
  importer: 'vb2',
  contiguous: true,
  memoryRegions: [],
  origin: 'board',
};

const domain = (given: Partial<Device> = {}) => new IovaDomain(bareRecords(), { ...device, ...given });
const run = (pfn: number, pages: number): PfnRange => ({ pfn, pages });

describe('I/O addresses', () => {
  it('are taken top-down below the mask, at multiples of the size', () => {
    //  4 GiB - 256 KiB
    //  |c: 33 pages|.......|d:2|.|b|a:4 | 4 GiB
    const iova = domain();
    const top = 4n * GiB;
    expect(iova.map([run(0x100, 4)], 'read-write')?.base).toBe(top - 0x4000n);
    expect(iova.map([run(0x200, 1)], 'read-write')?.base).toBe(top - 0x5000n);
    expect(iova.map([run(0x300, 33)], 'read-write')?.base).toBe(top - 0x40000n);
    // The gaps are used.
    expect(iova.map([run(0x400, 2)], 'read-write')?.base).toBe(top - 0x8000n);
  });

  it('are rounded up to a power of two while they are few', () => {
    const iova = domain();
    const first = iova.map([run(0x100, 3)], 'read-write')!.base;
    expect(first).toBe(4n * GiB - 0x4000n);
    expect(iova.translate(first + 0x2fffn, 1n, false)).toEqual({
      pieces: [{ phys: 0x102fffn, length: 1n }],
    });
    // What was rounded up is taken, but leads nowhere.
    expect(iova.translate(first + 0x3000n, 1n, false)).toEqual({ fault: first + 0x3000n, why: 'not-mapped' });
  });

  it('respect the limit of the bus, and end at 48 bits', () => {
    expect(domain({ busDmaLimit: 0x3fffffffn }).map([run(1, 1)], 'read')?.base).toBe(GiB - 4096n);
    const all = (1n << 64n) - 1n;
    expect(domain({ dmaMask: all }).map([run(1, 1)], 'read')?.base).toBe((1n << 48n) - 4096n);
  });

  it('run out', () => {
    //  page 0 is never given
    const iova = domain({ dmaMask: 0x3fffn });
    expect(iova.map([run(1, 2)], 'read')?.base).toBe(0x2000n);
    expect(iova.map([run(1, 2)], 'read')).toBeUndefined();
    expect(iova.map([run(1, 1)], 'read')?.base).toBe(0x1000n);
    expect(iova.map([run(1, 1)], 'read')).toBeUndefined();
  });

  it('are given back', () => {
    const records = bareRecords();
    const iova = new IovaDomain(records, device);
    const base = iova.map([run(1, 2)], 'read')!.base;
    expect(new IovaDomain(records, { ...device, name: 'other' }).map([run(1, 2)], 'read')?.base).toBe(base);
    iova.unmap(base);
    expect(iova.translate(base, 1n, false)).toEqual({ fault: base, why: 'not-mapped' });
    expect(iova.map([run(9, 2)], 'read')?.base).toBe(base);
  });
});

describe('segments', () => {
  it('join pieces up to the longest that the device takes', () => {
    //  sg table  [16][16][16][16]     in pages; a segment has 32 KiB = 8, 64 KiB = 16, 128 KiB = 32
    const sgTable = [run(0x1000, 16), run(0x5000, 16), run(0x3000, 16), run(0x9000, 16)];
    const lengths = (maxSegSize: number) =>
      domain({ maxSegSize })
        .map(sgTable, 'read-write')
        ?.segments.map((s) => Number(s.length) / 4096);
    expect(lengths(65536)).toEqual([16, 16, 16, 16]);
    expect(lengths(2 * 65536)).toEqual([32, 32]);
    expect(lengths(3 * 65536)).toEqual([48, 16]);
    expect(lengths(0xffffffff)).toEqual([64]);
    // After an entry that is too long already the kernel's unsigned difference wraps: all that follows joins it.
    expect(lengths(32768)).toEqual([64]);
  });

  it('do not cross 4 GiB', () => {
    //  0                 4 GiB              8 GiB
    //  |-- 3 GiB --|.gap.|---- 3 GiB ----|
    const pages = 3 * 2 ** 18;
    const sgTable = [run(0x100000, pages), run(0x900000, pages)];
    const got = domain({ dmaMask: (1n << 48n) - 1n, maxSegSize: 0xffffffff }).map(sgTable, 'read');
    expect(got?.segments).toEqual([
      { address: got?.base, length: 3n * GiB },
      { address: got!.base + 4n * GiB, length: 3n * GiB },
    ]);
    expect(got!.base % (4n * GiB)).toBe(0n);
  });
});

describe('an access of the device', () => {
  it('meets the pages of the sg table', () => {
    //  I/O addresses  [ A |B]
    //  memory         B at 0x5000, A at 0x100000
    const iova = domain();
    const base = iova.map([run(0x100, 2), run(5, 1)], 'read-write')!.base;
    expect(iova.translate(base + 0x1ff0n, 0x20n, true)).toEqual({
      pieces: [
        { phys: 0x101ff0n, length: 0x10n },
        { phys: 0x5000n, length: 0x10n },
      ],
    });
    expect(iova.translate(base + 0x2ff0n, 0x20n, false)).toEqual({
      fault: base + 0x3000n,
      why: 'not-mapped',
    });
  });

  it('may only read what is mapped for reading', () => {
    const iova = domain();
    const base = iova.map([run(1, 1)], 'read')!.base;
    expect(iova.translate(base, 4n, true)).toEqual({ fault: base, why: 'read-only' });
    expect(iova.translate(base, 4n, false)).toEqual({ pieces: [{ phys: 0x1000n, length: 4n }] });
  });
});

describe('any mappings', () => {
  it('are disjoint, aligned, and translate to their pages', () => {
    const table = fc.array(fc.record({ pfn: fc.nat(2 ** 30), pages: fc.integer({ min: 1, max: 70 }) }), {
      minLength: 1,
      maxLength: 4,
    });
    const step = fc.oneof(table, fc.nat(5));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20, size: 'max' }), (steps) => {
        const iova = domain({ dmaMask: 4n * MiB - 1n });
        const live: { base: bigint; sgTable: readonly PfnRange[]; pages: number }[] = [];
        for (const s of steps) {
          if (typeof s === 'number') {
            const [gone] = live.splice(s, 1);
            if (gone) iova.unmap(gone.base);
            continue;
          }
          const got = iova.map(s, 'read');
          if (got === undefined) continue;
          const pages = s.reduce((sum, r) => sum + r.pages, 0);
          expect(got.base % BigInt(2 ** Math.ceil(Math.log2(pages)) * 4096)).toBe(0n);
          expect(got.segments.reduce((sum, x) => sum + x.length, 0n)).toBe(pagesToBytes(pages));
          for (const other of live) {
            const apart =
              got.base + pagesToBytes(pages) <= other.base ||
              other.base + pagesToBytes(other.pages) <= got.base;
            expect(apart).toBe(true);
          }
          live.push({ base: got.base, sgTable: s, pages });
        }
        for (const { base, sgTable } of live) {
          let at = base;
          for (const { pfn, pages } of sgTable) {
            const length = pagesToBytes(pages);
            expect(iova.translate(at, length, false)).toEqual({ pieces: [{ phys: pfnPhys(pfn), length }] });
            at += length;
          }
        }
      }),
    );
  });
});
