import { describe, expect, it } from 'vitest';
import { DataCache } from '../../src/mm/dma/cache.ts';
import { type Device, dmaCapable, dmaToPhys, physToDma } from '../../src/mm/dma/device.ts';
import { deviceAccess, dmaRead, dmaWrite } from '../../src/mm/dma/dma-access.ts';
import {
  type DmaContext,
  type DmaDirection,
  type DmaMapping,
  mapSgtable,
  syncForCpu,
  syncForDevice,
  unmapSgtable,
} from '../../src/mm/dma/dma-mapping.ts';
import type { Accessor } from '../../src/mm/dma/hazard.ts';
import { createSwiotlb, Swiotlb } from '../../src/mm/dma/swiotlb.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { Printk } from '../../src/printk.ts';
import { GiB, KiB, MiB, type PfnRange } from '../../src/units.ts';
import { bareRecords, pfnDown } from '../pages.ts';

//  1 GiB      pool            3 GiB       no-map    5 GiB
//  |[ LOW ]   [ 1 MiB ]|      |           [carve]|  |[ HIGH ]   |
const LOW = GiB;
const POOL = GiB + 64n * MiB;
const CARVEOUT = 4n * GiB + 512n * MiB;
const HIGH = 5n * GiB;

const app: Accessor = { kind: 'task', name: 'app' };

const deviceOf = (given: Partial<Device> = {}): Device => ({
  name: 'fe800000.vpu',
  dmaCoherent: false,
  dmaMask: 0xffffffffn,
  busDmaLimit: 0n,
  dmaRanges: [],
  iommu: false,
  maxSegSize: 65536,
  importer: 'vb2',
  contiguous: false,
  memoryRegions: [],
  origin: 'board',
  ...given,
});

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const run = (address: bigint, pages: number): PfnRange => ({ pfn: pfnDown(address), pages });

function setUp(given: { readonly swiotlb?: boolean; readonly device?: Partial<Device> } = {}) {
  const records = bareRecords();
  const memory = new InMemoryPhysMemory([
    { base: LOW, size: 128n * MiB },
    { base: CARVEOUT, size: 16n * MiB },
    { base: HIGH, size: 128n * MiB },
  ]);
  const cache = new DataCache(records, memory);
  cache.enable();
  const printk = new Printk(records);
  createSwiotlb(records, POOL, MiB);
  const swiotlb = new Swiotlb(records, memory, cache);
  const isRam = (address: bigint) => address < CARVEOUT || address >= HIGH;
  const base = { records, memory, cache, printk, isRam };
  const context: DmaContext = given.swiotlb === false ? base : { ...base, swiotlb };
  const device = deviceOf(given.device);
  const dev: Accessor = { kind: 'device', name: device.name };
  const log = () => [...printk.since()].map((line) => `<${line.level}>${line.text}`);
  const map = (sgTable: readonly PfnRange[], direction: DmaDirection = 'DMA_BIDIRECTIONAL'): DmaMapping => {
    const got = mapSgtable(context, device, sgTable, direction, app);
    if ('why' in got) throw new Error(`not mapped: ${got.why.kind}`);
    expect(got.hazards).toEqual([]);
    return got.mapping;
  };
  /** What the CPU does, as the kernel does it for a task. */
  const cpuWrite = (address: bigint, from: Uint8Array) => {
    swiotlb.noteStore(address, BigInt(from.length), app);
    return cache.store(address, from, app);
  };
  const cpuRead = (address: bigint, length: number) => {
    const into = new Uint8Array(length);
    const hazards = cache.load(address, into, app);
    return { into, hazards: [...hazards, ...swiotlb.noteLoad(address, BigInt(length), app)] };
  };
  const read = (address: bigint, length: number) => {
    const into = new Uint8Array(length);
    return { into, ...dmaRead(context, device, address, into, dev) };
  };
  const write = (address: bigint, from: Uint8Array) => dmaWrite(context, device, address, from, dev);
  return { context, cache, swiotlb, device, dev, log, map, cpuWrite, cpuRead, read, write };
}

describe('bus addresses', () => {
  //  memory  |1G ... 2G|3G ... 4G|
  //  bus     |0  ... 1G|2G ... 3G|
  const device = deviceOf({
    dmaRanges: [
      { cpu: GiB, dma: 0n, size: GiB },
      { cpu: 3n * GiB, dma: 2n * GiB, size: GiB },
    ],
  });

  it('go by the windows of the bus', () => {
    expect([GiB, 2n * GiB - 1n, 2n * GiB, 3n * GiB + 5n].map((a) => physToDma(device, a))).toEqual([
      0n,
      GiB - 1n,
      undefined,
      2n * GiB + 5n,
    ]);
    expect([0n, GiB, 2n * GiB + 5n].map((a) => dmaToPhys(device, a))).toEqual([
      GiB,
      undefined,
      3n * GiB + 5n,
    ]);
    expect([physToDma(deviceOf(), 7n), dmaToPhys(deviceOf(), 7n)]).toEqual([7n, 7n]);
  });

  it('are reached up to the lower of mask and bus limit', () => {
    const reach = (given: Partial<Device>, address: bigint | undefined, size: bigint) =>
      dmaCapable(deviceOf(given), address, size);
    expect(reach({}, 0xfffff000n, 4096n)).toBe(true);
    expect(reach({}, 0xfffff000n, 4097n)).toBe(false);
    expect(reach({ busDmaLimit: 0x3fffffffn }, 0x3ffff000n, 4096n)).toBe(true);
    expect(reach({ busDmaLimit: 0x3fffffffn }, 0x40000000n, 1n)).toBe(false);
    expect(reach({ busDmaLimit: 0xfffffffffn }, 0x100000000n, 1n)).toBe(false);
    expect(reach({ dmaMask: (1n << 64n) - 1n }, undefined, 1n)).toBe(false);
  });
});

describe('a device that reaches the pages', () => {
  it('gets them entry by entry, at their bus addresses', () => {
    const { map } = setUp({ device: { dmaRanges: [{ cpu: GiB, dma: 0n, size: GiB }] } });
    const mapping = map([run(LOW, 16), run(LOW + 65536n, 1)], 'DMA_FROM_DEVICE');
    expect(mapping).toEqual({
      direction: 'DMA_FROM_DEVICE',
      segments: [
        { address: 0n, length: 65536n },
        { address: 65536n, length: 4096n },
      ],
      pieces: [
        { phys: LOW, length: 65536n },
        { phys: LOW + 65536n, length: 4096n },
      ],
    });
  });

  it.each(['DMA_BIDIRECTIONAL', 'DMA_TO_DEVICE', 'DMA_FROM_DEVICE'] as const)(
    'sees what the CPU wrote before it was mapped %s',
    (direction) => {
      const { map, cpuWrite, read } = setUp();
      cpuWrite(LOW, bytes(4, 1));
      map([run(LOW, 1)], direction);
      expect(read(LOW, 4)).toEqual({ into: bytes(4, 1), hazards: [] });
    },
  );

  it('needs SYNC END and SYNC START from then on', () => {
    const { context, device, dev, map, cpuWrite, cpuRead, read, write } = setUp();
    const mapping = map([run(LOW, 1)]);
    cpuWrite(LOW, bytes(4, 1));
    expect(read(LOW, 4)).toMatchObject({
      into: bytes(4, 0),
      hazards: [{ cause: 'line-not-cleaned', victim: dev, culprit: app }],
    });
    expect(syncForDevice(context, device, mapping, 'DMA_FROM_DEVICE', app)).toEqual([]);
    expect(read(LOW, 4)).toEqual({ into: bytes(4, 1), hazards: [] });
    write(LOW, bytes(4, 9));
    // Nothing is done for a CPU that only writes.
    expect(syncForCpu(context, device, mapping, 'DMA_TO_DEVICE', app)).toEqual([]);
    expect(cpuRead(LOW, 4)).toMatchObject({
      into: bytes(4, 1),
      hazards: [{ cause: 'line-not-invalidated', victim: app, culprit: dev, dirty: false }],
    });
    expect(syncForCpu(context, device, mapping, 'DMA_BIDIRECTIONAL', app)).toEqual([]);
    expect(cpuRead(LOW, 4)).toEqual({ into: bytes(4, 9), hazards: [] });
  });

  it('loses the CPU what it wrote before SYNC START, and at unmap', () => {
    const { context, device, map, cpuWrite } = setUp();
    const lost = [{ kind: 'lost-write', cause: 'dirty-line-invalidated', victim: app, culprit: app }];
    const mapping = map([run(LOW, 1)]);
    cpuWrite(LOW, bytes(4, 1));
    expect(syncForCpu(context, device, mapping, 'DMA_FROM_DEVICE', app)).toMatchObject(lost);
    cpuWrite(LOW, bytes(4, 1));
    expect(unmapSgtable(context, device, mapping, app)).toMatchObject(lost);
    const readOnly = map([run(LOW, 1)], 'DMA_TO_DEVICE');
    cpuWrite(LOW, bytes(4, 1));
    expect(unmapSgtable(context, device, readOnly, app)).toEqual([]);
  });

  it('needs none of it when it snoops', () => {
    const { context, device, map, cpuWrite, cpuRead, read, write } = setUp({ device: { dmaCoherent: true } });
    const mapping = map([run(LOW, 1)]);
    cpuWrite(LOW, bytes(4, 1));
    expect(read(LOW, 4)).toEqual({ into: bytes(4, 1), hazards: [] });
    expect(write(LOW, bytes(2, 9))).toEqual({ hazards: [] });
    expect(cpuRead(LOW, 4)).toEqual({ into: Uint8Array.of(9, 9, 1, 1), hazards: [] });
    expect(syncForCpu(context, device, mapping, 'DMA_BIDIRECTIONAL', app)).toEqual([]);
    expect(syncForDevice(context, device, mapping, 'DMA_BIDIRECTIONAL', app)).toEqual([]);
    expect(unmapSgtable(context, device, mapping, app)).toEqual([]);
    expect(cpuRead(LOW, 4).into).toEqual(Uint8Array.of(9, 9, 1, 1));
  });

  it('has entries of a length that fits 32 bits', () => {
    const { map } = setUp({ device: { dmaMask: (1n << 40n) - 1n } });
    expect(map([run(8n * GiB, 2 ** 21)]).segments.map((s) => s.length)).toEqual([
      0xfffff000n,
      0xfffff000n,
      8192n,
    ]);
  });
});

describe('a device that does not reach the pages', () => {
  it('gets a bounce buffer for those', () => {
    //  sg table  [ LOW 1 ]  [ HIGH 2 ]
    //  device      LOW        POOL
    const { map } = setUp();
    const mapping = map([run(LOW, 1), run(HIGH, 2)]);
    expect(mapping.segments).toEqual([
      { address: LOW, length: 4096n },
      { address: POOL, length: 8192n },
    ]);
    expect(mapping.pieces[1]).toEqual({ phys: HIGH, length: 8192n, bounce: POOL });
  });

  it.each([false, true])('sees what is copied (coherent: %s)', (dmaCoherent) => {
    const { context, device, dev, swiotlb, map, cpuWrite, cpuRead, read, write } = setUp({
      device: { dmaCoherent },
    });
    cpuWrite(HIGH, bytes(4, 1));
    const mapping = map([run(HIGH, 1)]);
    expect(read(POOL, 4)).toEqual({ into: bytes(4, 1), hazards: [] });
    cpuWrite(HIGH, bytes(4, 2));
    expect(read(POOL, 4)).toMatchObject({
      into: bytes(4, 1),
      hazards: [{ cause: 'bounce-not-copied-in', address: HIGH, victim: dev, culprit: app }],
    });
    // For a CPU that has read, nothing is copied in.
    syncForDevice(context, device, mapping, 'DMA_FROM_DEVICE', app);
    expect(read(POOL, 4).into).toEqual(bytes(4, 1));
    syncForDevice(context, device, mapping, 'DMA_TO_DEVICE', app);
    expect(read(POOL, 4)).toEqual({ into: bytes(4, 2), hazards: [] });
    write(POOL, bytes(2, 9));
    syncForCpu(context, device, mapping, 'DMA_TO_DEVICE', app);
    expect(cpuRead(HIGH, 4)).toMatchObject({
      into: bytes(4, 2),
      hazards: [{ cause: 'bounce-not-copied-back', victim: app, culprit: dev, length: 2n }],
    });
    syncForCpu(context, device, mapping, 'DMA_FROM_DEVICE', app);
    expect(cpuRead(HIGH, 4)).toEqual({ into: Uint8Array.of(9, 9, 2, 2), hazards: [] });
    write(POOL, bytes(1, 8));
    expect(unmapSgtable(context, device, mapping, app)).toEqual([]);
    expect(cpuRead(HIGH, 2).into).toEqual(Uint8Array.of(8, 9));
    expect(swiotlb.active).toBe(false);
  });

  it('loses what it wrote against the direction that it was mapped for', () => {
    const { context, device, dev, map, write } = setUp();
    const mapping = map([run(HIGH, 1)], 'DMA_TO_DEVICE');
    write(POOL + 5n, bytes(3, 9));
    expect(unmapSgtable(context, device, mapping, app)).toEqual([
      {
        kind: 'lost-write',
        cause: 'bounce-not-copied-back',
        address: HIGH + 5n,
        length: 3n,
        victim: dev,
        culprit: app,
      },
    ]);
  });

  it('is refused where the pool is full, and what was mapped is undone', () => {
    //  the system heap's 1 MiB pieces never fit in a segment of 256 KiB
    const { context, device, swiotlb, log } = setUp();
    const got = mapSgtable(context, device, [run(HIGH, 1), run(HIGH + MiB, 256)], 'DMA_BIDIRECTIONAL', app);
    expect(got).toEqual({ errno: 'EIO', why: { kind: 'swiotlb-full', size: MiB, total: 512, used: 2 } });
    expect(log()).toEqual([
      '<4>platform fe800000.vpu: swiotlb buffer is full (sz: 1048576 bytes), total 512 (slots), used 2 (slots)',
    ]);
    expect(swiotlb.used).toBe(0);
  });

  it('is refused without a pool, and the log says so once', () => {
    const { context, device, log } = setUp({ swiotlb: false, device: { busDmaLimit: 0x3fffffffn } });
    const sgTable = [run(LOW, 2)];
    const failed = {
      errno: 'EIO',
      why: {
        kind: 'dma-unreachable',
        address: LOW,
        phys: LOW,
        length: 8192n,
        mask: 0xffffffffn,
        limit: 0x3fffffffn,
        bounced: false,
      },
    };
    expect(mapSgtable(context, device, sgTable, 'DMA_BIDIRECTIONAL', app)).toEqual(failed);
    expect(mapSgtable(context, device, sgTable, 'DMA_BIDIRECTIONAL', app)).toEqual(failed);
    expect(log()).toEqual([
      '<4>platform fe800000.vpu: DMA addr 0x0000000040000000+8192 overflow (mask ffffffff, bus limit 3fffffff).',
    ]);
  });

  it('is refused where it does not reach the pool either', () => {
    const { context, device, log, swiotlb } = setUp({ device: { dmaMask: 0x3fffffffn } });
    expect(mapSgtable(context, device, [run(HIGH, 1)], 'DMA_BIDIRECTIONAL', app)).toMatchObject({
      errno: 'EIO',
      why: { kind: 'dma-unreachable', address: POOL, bounced: true },
    });
    expect(log()).toEqual([
      '<4>platform fe800000.vpu: swiotlb addr 0x0000000044000000+4096 overflow (mask 3fffffff, bus limit 0).',
    ]);
    expect(swiotlb.used).toBe(0);
  });

  it('is refused pages that no window of its bus shows', () => {
    const dmaRanges = [{ cpu: 2n * GiB, dma: 0n, size: GiB }];
    const { context, device, log } = setUp({ swiotlb: false, device: { dmaRanges } });
    mapSgtable(context, device, [run(LOW, 1)], 'DMA_BIDIRECTIONAL', app);
    expect(log()[0]).toContain('DMA addr 0xffffffffffffffff+4096 overflow');
  });

  it('cannot be answered for memory that the kernel does not map', () => {
    const { context, device, log } = setUp();
    // All of it, and the last page alone.
    for (const pages of [run(CARVEOUT, 1), run(CARVEOUT - 4096n, 2)]) {
      const got = mapSgtable(context, device, [pages], 'DMA_BIDIRECTIONAL', app);
      expect(got).toMatchObject({ why: { kind: 'not-modelled' } });
      expect(got).not.toHaveProperty('errno');
    }
    expect(log()).toEqual([]);
  });
});

describe('a device behind an IOMMU', () => {
  it('gets any pages in one run, whatever its mask', () => {
    const { context, device, map, cpuWrite, cpuRead, read, write } = setUp({
      device: { iommu: true, maxSegSize: 0xffffffff },
    });
    cpuWrite(HIGH, bytes(4, 1));
    const mapping = map([run(HIGH, 1), run(LOW, 1)]);
    const iova = 4n * GiB - 8192n;
    expect(mapping).toMatchObject({ segments: [{ address: iova, length: 8192n }], iova });
    expect(read(iova, 4)).toEqual({ into: bytes(4, 1), hazards: [] });
    expect(write(iova + 4094n, bytes(4, 9))).toEqual({ hazards: [] });
    expect(unmapSgtable(context, device, mapping, app)).toEqual([]);
    expect([cpuRead(HIGH + 4094n, 2).into, cpuRead(LOW, 2).into]).toEqual([bytes(2, 9), bytes(2, 9)]);
    expect(read(iova, 1)).toMatchObject({
      fault: { kind: 'iommu-fault', address: iova, access: 'read', why: 'not-mapped' },
    });
  });

  it('may not write what is mapped to it for reading', () => {
    const { map, write, read } = setUp({ device: { iommu: true } });
    const { iova } = map([run(HIGH, 1)], 'DMA_TO_DEVICE');
    expect(write(iova!, bytes(1, 1))).toEqual({
      hazards: [],
      fault: { kind: 'iommu-fault', address: iova, access: 'write', why: 'read-only' },
    });
    expect(read(iova!, 1)).toMatchObject({ hazards: [] });
  });

  it('is refused when its addresses run out', () => {
    const { context, device } = setUp({ device: { iommu: true, dmaMask: 64n * KiB - 1n } });
    const got = mapSgtable(context, device, [run(HIGH, 16)], 'DMA_BIDIRECTIONAL', app);
    expect(got).toEqual({ errno: 'ENOMEM', why: { kind: 'iova-full', size: 65536n, limit: 0xffffn } });
  });
});

describe('an access that the hardware does not let through', () => {
  const faultOf = (given: Partial<Device>, address: bigint, length: bigint) => {
    const { context, device } = setUp({ device: given });
    return deviceAccess(context, device, address, length, 'write');
  };

  it('ends at the first address without a window', () => {
    const dmaRanges = [
      { cpu: GiB, dma: 0n, size: 4096n },
      { cpu: 3n * GiB, dma: 4096n, size: 4096n },
    ];
    expect(faultOf({ dmaRanges }, 4000n, 200n)).toEqual({
      pieces: [
        { phys: GiB + 4000n, length: 96n },
        { phys: 3n * GiB, length: 104n },
      ],
    });
    expect(faultOf({ dmaRanges }, 4000n, 8192n)).toEqual({
      pieces: [
        { phys: GiB + 4000n, length: 96n },
        { phys: 3n * GiB, length: 4096n },
      ],
      fault: { kind: 'bus-error', address: 8192n, access: 'write', why: 'no-window' },
    });
  });

  it('ends where the device has no address bits left', () => {
    expect(faultOf({}, 0xffffff00n, 512n)).toEqual({
      pieces: [{ phys: 0xffffff00n, length: 256n }],
      fault: { kind: 'bus-error', address: 0x100000000n, access: 'write', why: 'beyond-reach' },
    });
  });

  it('ends where there is no memory', () => {
    const { write, read } = setUp({ device: { dmaRanges: [{ cpu: LOW, dma: 0n, size: GiB }] } });
    expect(write(128n * MiB - 2n, bytes(4, 1))).toEqual({
      hazards: [],
      fault: { kind: 'bus-error', address: 128n * MiB, access: 'write', why: 'no-memory' },
    });
    // What came before it is there, as on a bus.
    expect(read(128n * MiB - 2n, 2)).toMatchObject({ hazards: [] });
  });
});

describe('two devices', () => {
  it('see one another through memory, not through a bounce buffer', () => {
    const { context, device, dev, map, read } = setUp();
    map([run(HIGH, 1)]);
    const isp = deviceOf({ name: 'isp', dmaMask: (1n << 40n) - 1n });
    const ispDma: Accessor = { kind: 'device', name: 'isp' };
    dmaWrite(context, isp, HIGH, bytes(4, 5), ispDma);
    expect(read(POOL, 4)).toMatchObject({
      into: bytes(4, 0),
      hazards: [{ cause: 'bounce-not-copied-in', victim: dev, culprit: ispDma }],
    });
    dmaWrite(context, device, POOL, bytes(4, 6), dev);
    expect(dmaRead(context, isp, HIGH, new Uint8Array(4), ispDma)).toMatchObject({
      hazards: [{ cause: 'bounce-not-copied-back', victim: ispDma, culprit: dev }],
    });
  });
});
