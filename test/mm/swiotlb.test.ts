import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataCache } from '../../src/mm/dma/cache.ts';
import type { Device } from '../../src/mm/dma/device.ts';
import type { Accessor, Hazard } from '../../src/mm/dma/hazard.ts';
import { createSwiotlb, hasSwiotlb, SEGMENT_SLOTS, SLOT_BYTES, Swiotlb } from '../../src/mm/dma/swiotlb.ts';
import { swiotlbSize, takeSwiotlb } from '../../src/mm/dma/swiotlb-pool.ts';
import { Memblock } from '../../src/mm/early/memblock.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { Printk } from '../../src/printk.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { bareRecords, GEOMETRY } from '../pages.ts';

const POOL = GiB;
/** Where buffers are that the device does not reach. */
const HIGH = 5n * GiB;

const app: Accessor = { kind: 'task', name: 'app' };
const vpu: Accessor = { kind: 'device', name: 'vpu' };
const device: Device = {
  name: 'vpu',
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
};

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

function setUp(size: bigint = MiB) {
  const records = bareRecords();
  const memory = new InMemoryPhysMemory([
    { base: POOL, size: 16n * MiB },
    { base: HIGH, size: 16n * MiB },
  ]);
  const cache = new DataCache(records, memory);
  createSwiotlb(records, POOL, size);
  const swiotlb = new Swiotlb(records, memory, cache);
  const printk = new Printk(records);
  const map = (phys: bigint, length: bigint) => swiotlb.map(phys, length, device, printk, app)?.address;
  const log = () => [...printk.since()].map((line) => `<${line.level}>${line.text}`);
  const inMemory = (address: bigint, length: number) => {
    const into = new Uint8Array(length);
    memory.read(address, into);
    return into;
  };
  const inSlots = (address: bigint, length: number) => {
    const into = new Uint8Array(length);
    return { hazards: swiotlb.deviceRead(address, into, vpu), into };
  };
  return { records, memory, cache, swiotlb, map, log, inMemory, inSlots };
}

describe('the slots', () => {
  it('are taken from the first that fit, a page or more at a page', () => {
    //  |A A B B B B . .|       |. . B B B B . .|      |C . B B B B D D|
    const { swiotlb, map } = setUp();
    const a = map(HIGH, 4096n)!;
    const b = map(HIGH + 4096n, 8192n)!;
    expect([a, b]).toEqual([POOL, POOL + 4096n]);
    expect(swiotlb.used).toBe(6);
    swiotlb.unmap(a, app);
    expect(map(HIGH, 2048n)).toBe(POOL);
    expect(map(HIGH + 16384n, 4096n)).toBe(POOL + 12288n);
    expect([swiotlb.used, swiotlb.active]).toEqual([7, true]);
  });

  it('of a page begin at one: two slots that are free may be none', () => {
    //  |a . b b . .|
    const { map } = setUp();
    expect(map(HIGH, 2048n)).toBe(POOL);
    expect(map(HIGH + 4096n, 4096n)).toBe(POOL + 4096n);
    expect(map(HIGH + 16384n, 4095n)).toBe(POOL + 8192n);
  });

  it('never cross the end of a segment', () => {
    //  |AAAA....|BBBBBBBB|      of 256 KiB
    const { map } = setUp();
    expect(map(HIGH, 128n * KiB)).toBe(POOL);
    expect(map(HIGH + MiB, 256n * KiB)).toBe(POOL + 256n * KiB);
    expect(map(HIGH + 2n * MiB, 128n * KiB)).toBe(POOL + 128n * KiB);
  });

  it('are refused beyond a segment, and when all are taken', () => {
    const { map, log } = setUp(512n * KiB);
    expect(map(HIGH, 256n * KiB + 4096n)).toBeUndefined();
    map(HIGH, 200n * KiB);
    map(HIGH + MiB, 200n * KiB);
    expect(map(HIGH + 2n * MiB, 64n * KiB)).toBeUndefined();
    expect(log()).toEqual([
      '<4>platform vpu: swiotlb buffer is full (sz: 266240 bytes), total 256 (slots), used 0 (slots)',
      '<4>platform vpu: swiotlb buffer is full (sz: 65536 bytes), total 256 (slots), used 200 (slots)',
    ]);
  });

  it('leave no records behind', () => {
    const { records, swiotlb, map } = setUp();
    const [a, b] = [map(HIGH, 8192n)!, map(HIGH + 4096n, 4096n)!];
    expect(records.get('swiotlb')).toMatchObject({ used: 6 });
    swiotlb.unmap(a, app);
    swiotlb.unmap(b, app);
    expect([...records.list('swiotlb/bounce/'), ...records.list('swiotlb/original/')]).toEqual([]);
    expect([swiotlb.used, swiotlb.active]).toEqual([0, false]);
  });

  it('exist only where boot made them', () => {
    expect(hasSwiotlb(bareRecords())).toBe(false);
    const { records, swiotlb } = setUp();
    expect(hasSwiotlb(records)).toBe(true);
    expect([POOL - 1n, POOL, POOL + MiB - 1n, POOL + MiB].map((a) => swiotlb.contains(a))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(swiotlb.slots).toBe(Number(MiB) / SLOT_BYTES);
    expect(
      () =>
        new Swiotlb(
          bareRecords(),
          new InMemoryPhysMemory([]),
          new DataCache(records, new InMemoryPhysMemory([])),
        ),
    ).toThrow();
  });
});

describe('a bounce buffer', () => {
  it('begins as a copy, through the cache', () => {
    const { cache, memory, map, inSlots } = setUp();
    memory.write(HIGH, bytes(4096, 1));
    cache.enable();
    cache.store(HIGH, bytes(10, 2), app);
    const slots = map(HIGH, 4096n)!;
    expect(inSlots(slots, 12)).toEqual({ hazards: [], into: Uint8Array.of(...bytes(10, 2), 1, 1) });
  });

  it('shows a device the old bytes until it is copied in', () => {
    //  memory  |..AAAA..|  the CPU writes here
    //  slots   |........|  the device reads here
    const { memory, swiotlb, map, inSlots } = setUp();
    const slots = map(HIGH, 8192n)!;
    memory.write(HIGH + 4094n, bytes(4, 7));
    swiotlb.noteStore(HIGH + 4094n, 4n, app);
    expect(inSlots(slots + 4090n, 10)).toEqual({
      hazards: [
        {
          kind: 'stale-read',
          cause: 'bounce-not-copied-in',
          address: HIGH + 4094n,
          length: 4n,
          victim: vpu,
          culprit: app,
        },
      ],
      into: bytes(10, 0),
    });
    expect(swiotlb.copyIn(slots, app)).toEqual([]);
    expect(inSlots(slots + 4094n, 4)).toEqual({ hazards: [], into: bytes(4, 7) });
  });

  it('keeps what the device wrote from the CPU until it is copied back', () => {
    const { swiotlb, map, inMemory } = setUp();
    const slots = map(HIGH, 4096n)!;
    swiotlb.deviceWrite(slots + 100n, bytes(50, 9), vpu);
    const stale = {
      kind: 'stale-read',
      cause: 'bounce-not-copied-back',
      address: HIGH + 100n,
      length: 20n,
      victim: app,
      culprit: vpu,
    };
    expect(swiotlb.noteLoad(HIGH, 120n, app)).toEqual([stale]);
    expect(swiotlb.copyBack(slots, app)).toEqual([]);
    expect(swiotlb.noteLoad(HIGH, 4096n, app)).toEqual([]);
    expect(inMemory(HIGH + 100n, 50)).toEqual(bytes(50, 9));
  });

  it('loses bytes on the side that is copied over', () => {
    const { memory, swiotlb, map, inMemory, inSlots } = setUp();
    const slots = map(HIGH, 4096n)!;
    memory.write(HIGH, bytes(4, 7));
    swiotlb.noteStore(HIGH, 4n, app);
    const lost = (cause: Hazard['cause'], offset: bigint, victim: Accessor) => ({
      kind: 'lost-write',
      cause,
      address: HIGH + offset,
      length: 4n,
      victim,
      culprit: app,
    });
    expect(swiotlb.copyBack(slots, app)).toEqual([lost('bounce-overwrote-cpu', 0n, app)]);
    expect(inMemory(HIGH, 4)).toEqual(bytes(4, 0));
    swiotlb.deviceWrite(slots + 8n, bytes(4, 9), vpu);
    expect(swiotlb.copyIn(slots, app)).toEqual([lost('bounce-overwrote-device', 8n, vpu)]);
    expect(inSlots(slots + 8n, 4).into).toEqual(bytes(4, 0));
    swiotlb.deviceWrite(slots + 16n, bytes(4, 9), vpu);
    expect(swiotlb.unmap(slots, app)).toEqual([lost('bounce-not-copied-back', 16n, vpu)]);
  });

  it('is older than another of the same memory that was copied back', () => {
    const { swiotlb, map, inSlots } = setUp();
    const [a, b] = [map(HIGH, 4096n)!, map(HIGH, 4096n)!];
    swiotlb.deviceWrite(a, bytes(4, 9), vpu);
    swiotlb.copyBack(a, app);
    expect(inSlots(a, 8).hazards).toEqual([]);
    expect(inSlots(b, 8).hazards).toMatchObject([
      { cause: 'bounce-not-copied-in', length: 4n, culprit: vpu },
    ]);
  });

  it('sees only accesses to memory that it stands for', () => {
    const { swiotlb, map, inSlots } = setUp();
    const [a, b] = [map(HIGH + 4096n, 4096n)!, map(HIGH + 16384n, 256n * KiB)!];
    swiotlb.noteStore(HIGH, 4096n, app);
    swiotlb.noteStore(HIGH + 8192n, 8192n, app);
    expect([...inSlots(a, 4096).hazards, ...inSlots(b, 262144).hazards]).toEqual([]);
    // One store over both, and one read of both and of the free slots between.
    swiotlb.noteStore(HIGH, MiB, app);
    const found = inSlots(POOL, SEGMENT_SLOTS * SLOT_BYTES * 2).hazards;
    expect(found.map((h) => [h.address - HIGH, h.length])).toEqual([
      [4096n, 4096n],
      [16384n, 262144n],
    ]);
  });
});

/** One mapping of 4 KiB, and both sides as numbers of writes; which is newest is counted apart. */
describe('any sequence of accesses and copies', () => {
  const access = fc.record({
    op: fc.constantFrom('store', 'load', 'deviceRead', 'deviceWrite', 'copyIn', 'copyBack'),
    at: fc.nat(300),
    length: fc.integer({ min: 1, max: 200 }),
  });
  it('finds the bytes that are read stale and those that are lost', () => {
    fc.assert(
      fc.property(fc.array(access, { maxLength: 30, size: 'max' }), (calls) => {
        const { memory, swiotlb, map } = setUp();
        const slots = map(HIGH, 4096n)!;
        const sides = { memory: new Array<number>(512).fill(0), slots: new Array<number>(512).fill(0) };
        const newest = new Array<number>(512).fill(0);
        calls.forEach(({ op, at, length }, index) => {
          const write = index + 1;
          const buffer = bytes(length, write);
          const range = Array.from({ length }, (_, i) => at + i);
          let hazards: readonly Hazard[] = [];
          const expected: string[] = [];
          const set = (side: number[]) => {
            for (const i of range) {
              side[i] = write;
              newest[i] = write;
            }
          };
          const stale = (side: number[]) => {
            for (const i of range) if (side[i] !== newest[i]) expected.push(`stale-read ${i}`);
          };
          if (op === 'store') {
            memory.write(HIGH + BigInt(at), buffer);
            swiotlb.noteStore(HIGH + BigInt(at), BigInt(length), app);
            set(sides.memory);
          } else if (op === 'deviceWrite') {
            hazards = swiotlb.deviceWrite(slots + BigInt(at), buffer, vpu);
            set(sides.slots);
          } else if (op === 'load') {
            hazards = swiotlb.noteLoad(HIGH + BigInt(at), BigInt(length), app);
            stale(sides.memory);
          } else if (op === 'deviceRead') {
            hazards = swiotlb.deviceRead(slots + BigInt(at), buffer, vpu);
            expect([...buffer]).toEqual(range.map((i) => sides.slots[i]));
            stale(sides.slots);
          } else if (op === 'copyIn') {
            hazards = swiotlb.copyIn(slots, app);
            sides.slots = [...sides.memory];
          } else {
            hazards = swiotlb.copyBack(slots, app);
            sides.memory = [...sides.slots];
          }
          newest.forEach((version, i) => {
            if (sides.memory[i] === version || sides.slots[i] === version) return;
            expected.push(`lost-write ${i}`);
            newest[i] = Math.max(sides.memory[i]!, sides.slots[i]!);
          });
          const listed = hazards.flatMap((h) =>
            Array.from({ length: Number(h.length) }, (_, i) => `${h.kind} ${Number(h.address - HIGH) + i}`),
          );
          expect(listed.sort()).toEqual(expected.sort());
        });
      }),
    );
  });
});

describe('the size of the pool', () => {
  it('is 64 MiB where RAM reaches above the DMA zone', () => {
    expect(swiotlbSize(8n * GiB, 9n * GiB, 4n * GiB)).toBe(64n * MiB);
  });

  it('is a 1024th of RAM else, a power of two, and a segment for each CPU', () => {
    expect(swiotlbSize(2n * GiB, 3n * GiB, 3n * GiB)).toBe(2n * MiB);
    expect(swiotlbSize(3n * GiB, 4n * GiB, 4n * GiB, 4)).toBe(4n * MiB);
    // A board of 256 MiB logs 512 KiB with two CPUs.
    expect(swiotlbSize(256n * MiB, 0x50000000n, 0x50000000n, 2)).toBe(512n * KiB);
    expect(swiotlbSize(256n * MiB, 0x50000000n, 0x50000000n, 6)).toBe(2n * MiB);
    expect(swiotlbSize(256n * MiB, 0x50000000n, 0x50000000n)).toBe(256n * KiB);
  });

  it('is taken from the top below the limit, and halved where there is no room', () => {
    //  3G             4G             6G
    //  |..........[P] |               |
    const memblock = new Memblock(GEOMETRY, true);
    memblock.addMemory({ base: 3n * GiB, size: 3n * GiB });
    const taken = takeSwiotlb(memblock, 4n * GiB);
    expect(taken).toEqual({ base: 4n * GiB - 64n * MiB - 4096n, size: 64n * MiB });
    expect(memblock.isRegionReserved(taken!)).toBe(true);
    memblock.reserve({ base: 3n * GiB + 20n * MiB, size: GiB });
    expect(takeSwiotlb(memblock, 4n * GiB)).toEqual({ base: 3n * GiB + 4n * MiB, size: 16n * MiB });
    memblock.reserve({ base: 3n * GiB, size: GiB });
    expect(takeSwiotlb(memblock, 4n * GiB)).toBeUndefined();
  });
});
