import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataCache } from '../../src/mm/dma/cache.ts';
import type { Accessor, Hazard } from '../../src/mm/dma/hazard.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { MemoryRecords } from '../../src/records.ts';
import { GiB, MiB } from '../../src/units.ts';

const BASE = GiB;
const LINE = 64;

const app: Accessor = { kind: 'task', name: 'app' };
const shell: Accessor = { kind: 'task', name: 'shell' };
const vpu: Accessor = { kind: 'device', name: 'vpu' };
const gpu: Accessor = { kind: 'device', name: 'gpu' };

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

function setUp() {
  const records = new MemoryRecords();
  const memory = new InMemoryPhysMemory([{ base: BASE, size: 512n * MiB }]);
  const cache = new DataCache(records, memory);
  cache.enable();
  /** What the CPU reads, and the hazards. */
  const load = (at: number, length: number, by = app) => {
    const into = new Uint8Array(length);
    const hazards = cache.load(BASE + BigInt(at), into, by);
    return { into, hazards };
  };
  const deviceRead = (at: number, length: number) => {
    const into = new Uint8Array(length);
    const hazards = cache.deviceRead(BASE + BigInt(at), into, vpu);
    return { into, hazards };
  };
  const coherentRead = (at: number, length: number) => {
    const into = new Uint8Array(length);
    const hazards = cache.coherentRead(BASE + BigInt(at), into, gpu);
    return { into, hazards };
  };
  const store = (at: number, from: Uint8Array, by = app) => cache.store(BASE + BigInt(at), from, by);
  const deviceWrite = (at: number, from: Uint8Array) => cache.deviceWrite(BASE + BigInt(at), from, vpu);
  const inMemory = (at: number, length: number) => {
    const into = new Uint8Array(length);
    memory.read(BASE + BigInt(at), into);
    return into;
  };
  return { records, memory, cache, load, store, deviceRead, deviceWrite, coherentRead, inMemory };
}

const hazard = (
  given: Pick<Hazard, 'kind' | 'cause' | 'victim' | 'culprit'> & {
    at: number;
    length: number;
    dirty?: boolean;
  },
): Hazard => {
  const { at, length, ...rest } = given;
  return { ...rest, address: BASE + BigInt(at), length: BigInt(length) };
};

describe('a device that does not snoop', () => {
  it('does not see what the CPU wrote, until it is cleaned', () => {
    //  line    |AAAA............|     dirty
    //  memory  |0000            |  <- the device reads here
    const { cache, store, deviceRead, inMemory } = setUp();
    store(0, bytes(4, 1));
    const { into, hazards } = deviceRead(0, 8);
    expect([...into]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(hazards).toEqual([
      hazard({ kind: 'stale-read', cause: 'line-not-cleaned', at: 0, length: 4, victim: vpu, culprit: app }),
    ]);
    expect(cache.clean(BASE, 4096n, app)).toEqual([]);
    expect(deviceRead(0, 8)).toEqual({ into: Uint8Array.of(1, 1, 1, 1, 0, 0, 0, 0), hazards: [] });
    expect([...inMemory(0, 4)]).toEqual([1, 1, 1, 1]);
  });

  it('writes memory under a line that the CPU goes on reading, until it is invalidated', () => {
    //  line    |0000000000000000|  <- the CPU reads here
    //  memory  |..VVVV..........|
    const { cache, load, deviceWrite } = setUp();
    load(0, 1);
    expect(deviceWrite(2, bytes(4, 9))).toEqual([]);
    const stale = load(0, 8, shell);
    expect([...stale.into]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(stale.hazards).toEqual([
      hazard({
        kind: 'stale-read',
        cause: 'line-not-invalidated',
        at: 2,
        length: 4,
        victim: shell,
        culprit: vpu,
        dirty: false,
      }),
    ]);
    expect(cache.invalidate(BASE, 4096n, app)).toEqual([]);
    expect(load(0, 8)).toEqual({ into: Uint8Array.of(0, 0, 9, 9, 9, 9, 0, 0), hazards: [] });
  });

  it('needs no maintenance where the CPU has no line', () => {
    const { load, deviceWrite } = setUp();
    deviceWrite(0, bytes(128, 9));
    expect(load(0, 128)).toEqual({ into: bytes(128, 9), hazards: [] });
  });

  it('loses what it wrote beside a dirty byte, when the line is cleaned', () => {
    //  line    |A000000000000000|  cleaned: all 64 bytes
    //             v
    //  memory  |.VVV............|
    const { cache, store, deviceWrite, inMemory } = setUp();
    store(0, bytes(1, 1));
    deviceWrite(1, bytes(3, 9));
    const expected = (dirty: boolean) => [
      hazard({
        kind: 'lost-write',
        cause: 'line-written-back',
        at: 1,
        length: 3,
        victim: vpu,
        culprit: shell,
        dirty,
      }),
    ];
    expect(cache.clean(BASE, 4096n, shell)).toEqual(expected(true));
    expect([...inMemory(0, 4)]).toEqual([1, 0, 0, 0]);
    // The other way round: the CPU writes into a line that was not invalidated.
    deviceWrite(1, bytes(3, 9));
    store(0, bytes(1, 2));
    expect(cache.clean(BASE, 4096n, shell)).toEqual(expected(false));
    expect([...inMemory(0, 4)]).toEqual([2, 0, 0, 0]);
  });

  it('loses it as well when the line is evicted, and the writer is to blame', () => {
    const { cache, store, deviceWrite, inMemory } = setUp();
    store(0, bytes(1, 1));
    deviceWrite(1, bytes(3, 9));
    expect(cache.evict(() => 0.5, 1, 0.5)).toEqual([]);
    expect(cache.evict(() => 0.5, 1, 0.6)).toEqual([
      hazard({
        kind: 'lost-write',
        cause: 'line-written-back',
        at: 1,
        length: 3,
        victim: vpu,
        culprit: app,
        dirty: true,
      }),
    ]);
    expect([...inMemory(0, 4)]).toEqual([1, 0, 0, 0]);
  });
});

describe('invalidation', () => {
  it('throws away what the CPU wrote', () => {
    const { cache, load, store } = setUp();
    store(10, bytes(4, 1));
    expect(cache.invalidate(BASE, 64n, shell)).toEqual([
      hazard({
        kind: 'lost-write',
        cause: 'dirty-line-invalidated',
        at: 10,
        length: 4,
        victim: app,
        culprit: shell,
      }),
    ]);
    expect([...load(10, 4).into]).toEqual([0, 0, 0, 0]);
  });

  it('loses nothing where the device has written since', () => {
    //  line    |AAAA|   older
    //  memory  |VVVV|   newer
    const { cache, load, store, deviceWrite } = setUp();
    store(0, bytes(4, 1));
    deviceWrite(0, bytes(4, 9));
    expect(cache.invalidate(BASE, 64n, app)).toEqual([]);
    expect(load(0, 4)).toEqual({ into: bytes(4, 9), hazards: [] });
  });

  it('writes back the lines that it covers in part', () => {
    //  lines   |   a|aaaa|a   |
    //  range      [--------)
    const { cache, store, inMemory } = setUp();
    store(0, bytes(3 * LINE, 1));
    expect(cache.invalidate(BASE + 32n, 128n, app)).toEqual([
      hazard({
        kind: 'lost-write',
        cause: 'dirty-line-invalidated',
        at: LINE,
        length: LINE,
        victim: app,
        culprit: app,
      }),
    ]);
    expect(inMemory(0, 3 * LINE)).toEqual(
      Uint8Array.of(...bytes(LINE, 1), ...bytes(LINE, 0), ...bytes(LINE, 1)),
    );
  });
});

describe('hazards', () => {
  it('are joined across lines and pages, and told apart by who', () => {
    const { store, deviceRead } = setUp();
    store(4000, bytes(200, 1));
    store(4200, bytes(10, 1), shell);
    const { hazards } = deviceRead(0, 8192);
    expect(hazards.map((h) => [Number(h.address - BASE), Number(h.length), h.culprit.name])).toEqual([
      [4000, 200, 'app'],
      [4200, 10, 'shell'],
    ]);
  });
});

describe('a device that snoops', () => {
  it('sees dirty lines, and the CPU sees what it writes', () => {
    const { cache, load, store, coherentRead, deviceRead } = setUp();
    store(0, bytes(4, 1));
    expect(coherentRead(0, 4)).toEqual({ into: bytes(4, 1), hazards: [] });
    expect(cache.coherentWrite(BASE + 2n, bytes(4, 7), gpu)).toEqual([]);
    expect(load(0, 8)).toEqual({ into: Uint8Array.of(1, 1, 7, 7, 7, 7, 0, 0), hazards: [] });
    expect(deviceRead(2, 4)).toEqual({ into: bytes(4, 7), hazards: [] });
  });

  it('is told stale bytes only by a line that is dirty', () => {
    const { store, load, deviceWrite, coherentRead } = setUp();
    load(64, 1);
    store(0, bytes(1, 1));
    deviceWrite(0, bytes(128, 9));
    const { into, hazards } = coherentRead(0, 128);
    expect(into).toEqual(Uint8Array.of(1, ...bytes(63, 0), ...bytes(64, 9)));
    expect(hazards).toMatchObject([
      { cause: 'line-not-invalidated', length: 64n, victim: gpu, culprit: vpu },
    ]);
  });
});

describe('the cache as a whole', () => {
  it('is not asked for unless it is enabled', () => {
    const { cache, load, inMemory, store } = setUp();
    expect(cache.active).toBe(true);
    load(0, 64);
    store(64, bytes(64, 1));
    expect(cache.settle()).toEqual([]);
    expect(cache.active).toBe(false);
    expect(inMemory(64, 64)).toEqual(bytes(64, 1));
    // Without it accesses fill no lines.
    store(0, bytes(200, 2));
    expect(load(0, 200).into).toEqual(bytes(200, 2));
    expect(inMemory(0, 200)).toEqual(bytes(200, 2));
    expect(cache.active).toBe(false);
  });

  it('keeps the lines that the CPU would read otherwise than memory', () => {
    const { cache, load, deviceWrite } = setUp();
    load(0, 128);
    deviceWrite(0, bytes(1, 9));
    cache.settle();
    expect(cache.active).toBe(true);
    expect(load(0, 65).hazards).toMatchObject([{ cause: 'line-not-invalidated', length: 1n }]);
    cache.drop(BASE, 4096n);
    expect(cache.active).toBe(false);
    expect(load(0, 1).into[0]).toBe(9);
  });

  it('has one record for a page with lines, and none for a page without', () => {
    const { cache, records, load } = setUp();
    load(5 * 4096 + 100, 2);
    const keys = () => [...records.list('cache/page/')].map(([key]) => key);
    expect(keys()).toEqual([`cache/page/${String(0x40005).padStart(12, '0')}`]);
    cache.invalidate(BASE, 256n * MiB, app);
    expect(keys()).toEqual([]);
  });

  it('is read without changing records where nothing is filled', () => {
    const { cache, records, load } = setUp();
    load(0, 128);
    const puts: string[] = [];
    const put = records.put.bind(records);
    records.put = (key, value) => {
      puts.push(key);
      put(key, value);
    };
    load(3, 100);
    cache.clean(BASE, 4096n, app);
    expect(puts).toEqual([]);
  });
});

/** What the properties do, on three pages. */
const SPAN = 3 * 4096;
type Call =
  | { readonly op: 'load' | 'store'; readonly at: number; readonly length: number; readonly by: Accessor }
  | { readonly op: 'clean' | 'invalidate' | 'drop'; readonly at: number; readonly length: number }
  | ({ readonly op: 'deviceRead' | 'deviceWrite' | 'coherentRead' | 'coherentWrite' } & {
      readonly at: number;
      readonly length: number;
    })
  | { readonly op: 'evict'; readonly seed: number }
  | { readonly op: 'settle' | 'enable' };

const piece = (unit: number, most: number) =>
  fc.tuple(fc.nat(SPAN / unit - 1), fc.integer({ min: 1, max: most })).map(([at, length]) => ({
    at: at * unit,
    length: Math.min(length * unit, SPAN - at * unit),
  }));
/** Near the border of two pages, so that calls meet. */
const near = fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 200 })).map(([at, length]) => ({
  at: 4096 - 150 + at,
  length,
}));
const somewhere = fc.oneof({ weight: 5, arbitrary: near }, { weight: 1, arbitrary: piece(1, 5000) });
const cpuAccess = fc
  .tuple(fc.constantFrom('load' as const, 'store' as const), somewhere, fc.constantFrom(app, shell))
  .map(([op, where, by]): Call => ({ op, ...where, by }));
const deviceOps = ['deviceRead', 'deviceWrite', 'coherentRead', 'coherentWrite'] as const;
const dma = fc.tuple(fc.constantFrom(...deviceOps), somewhere).map(([op, where]): Call => ({ op, ...where }));
const maintenance = fc
  .tuple(
    fc.constantFrom('clean' as const, 'invalidate' as const),
    fc.oneof(piece(4096, 3), piece(LINE, 4), near),
  )
  .map(([op, where]): Call => ({ op, ...where }));
const eviction = fc.nat(1000).map((seed): Call => ({ op: 'evict', seed }));
const rest = fc.constantFrom<Call>(
  { op: 'settle' },
  { op: 'enable' },
  { op: 'enable' },
  { op: 'drop', at: 4096, length: 4096 },
);
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 5, arbitrary: cpuAccess },
  { weight: 8, arbitrary: dma },
  { weight: 2, arbitrary: maintenance },
  { weight: 1, arbitrary: eviction },
  { weight: 1, arbitrary: rest },
);

/** A stream of chances, the same for the cache and for its twin. */
function chances(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

/**
 * Memory and lines as one would draw them: each byte holds the number of the write that it comes from.
 * Which write is the newest of a byte, and so what is stale and what is lost, is counted apart.
 */
class Drawing {
  readonly memory = new Array<number>(SPAN).fill(0);
  readonly lines = new Map<number, { data: number[]; dirty: boolean[] }>();
  readonly newest = new Array<number>(SPAN).fill(0);
  readonly writers: (Accessor | undefined)[] = [undefined];
  enabled = true;

  /** The byte that a write leaves: several writes leave the same. */
  static byteOf = (write: number): number => (write === 0 ? 0 : 1 + (write % 7));

  #line(at: number) {
    return this.lines.get(Math.floor(at / LINE));
  }

  #touch(at: number): { data: number[]; dirty: boolean[] } | undefined {
    const index = Math.floor(at / LINE);
    if (this.enabled && !this.lines.has(index)) {
      this.lines.set(index, {
        data: this.memory.slice(index * LINE, (index + 1) * LINE),
        dirty: new Array<boolean>(LINE).fill(false),
      });
    }
    return this.lines.get(index);
  }

  nextWrite(by: Accessor): number {
    return this.writers.push(by) - 1;
  }

  cpuRead(at: number): number {
    return this.#touch(at)?.data[at % LINE] ?? this.memory[at]!;
  }

  cpuWrite(at: number, write: number): void {
    this.newest[at] = write;
    const line = this.#touch(at);
    if (line === undefined) this.memory[at] = write;
    else {
      line.data[at % LINE] = write;
      line.dirty[at % LINE] = true;
    }
  }

  snoop(at: number): number {
    const line = this.#line(at);
    return line?.dirty.includes(true) ? line.data[at % LINE]! : this.memory[at]!;
  }

  snoopWrite(at: number, write: number): void {
    this.newest[at] = write;
    this.memory[at] = write;
    const line = this.#line(at);
    if (line === undefined) return;
    line.data[at % LINE] = write;
    line.dirty[at % LINE] = false;
  }

  writeBack(index: number): void {
    const line = this.lines.get(index);
    if (!line?.dirty.includes(true)) return;
    for (let i = 0; i < LINE; i++) this.memory[index * LINE + i] = line.data[i]!;
    line.dirty.fill(false);
  }

  sameAsMemory(index: number): boolean {
    const line = this.lines.get(index)!;
    return line.data.every((w, i) => Drawing.byteOf(w) === Drawing.byteOf(this.memory[index * LINE + i]!));
  }

  /** The bytes whose newest write is nowhere any more; the newest that is left takes its place. */
  losses(): string[] {
    const lost: string[] = [];
    for (let at = 0; at < SPAN; at++) {
      const newest = this.newest[at]!;
      if (this.memory[at] === newest) continue;
      const cached = this.#line(at)?.data[at % LINE] ?? -1;
      if (cached === newest) continue;
      lost.push(`lost-write ${at} of ${this.writers[newest]?.name}`);
      this.newest[at] = Math.max(this.memory[at]!, cached);
    }
    return lost;
  }

  /** The bytes that were read and are not the newest. */
  stales(at: number, read: readonly number[], by: Accessor): string[] {
    return read.flatMap((write, i) =>
      write === this.newest[at + i]
        ? []
        : [`stale-read ${at + i} by ${by.name} of ${this.writers[this.newest[at + i]!]?.name}`],
    );
  }
}

const listed = (hazards: readonly Hazard[]): string[] =>
  hazards.flatMap((h) =>
    Array.from({ length: Number(h.length) }, (_, i) => {
      const at = Number(h.address - BASE) + i;
      return h.kind === 'lost-write'
        ? `lost-write ${at} of ${h.victim.name}`
        : `stale-read ${at} by ${h.victim.name} of ${h.culprit.name}`;
    }),
  );

/** Compared by hand, because `expect` takes its time over arrays. */
function sameBytes(got: Uint8Array, writes: readonly number[]): void {
  const wrong = got.findIndex((byte, i) => byte !== Drawing.byteOf(writes[i]!));
  expect(wrong, `byte ${wrong} is ${got[wrong]}`).toBe(-1);
}

/** Does a call to both, and compares what is read and what goes wrong. */
function callBoth({ cache, memory }: ReturnType<typeof setUp>, drawing: Drawing, c: Call): void {
  let hazards: readonly Hazard[] = [];
  let expected: string[] = [];
  const compareRead = (
    length: number,
    by: Accessor,
    at: number,
    read: (i: number) => number,
    into: Uint8Array,
  ) => {
    const writes = Array.from({ length }, (_, i) => read(at + i));
    sameBytes(into, writes);
    expected = drawing.stales(at, writes, by);
  };
  const linesOf = (at: number, length: number) =>
    [...drawing.lines.keys()].filter((l) => l * LINE < at + length && (l + 1) * LINE > at);
  switch (c.op) {
    case 'load':
    case 'deviceRead':
    case 'coherentRead': {
      const by = c.op === 'load' ? c.by : c.op === 'deviceRead' ? vpu : gpu;
      const into = new Uint8Array(c.length);
      hazards = cache[c.op](BASE + BigInt(c.at), into, by);
      const read = {
        load: (at: number) => drawing.cpuRead(at),
        deviceRead: (at: number) => drawing.memory[at]!,
        coherentRead: (at: number) => drawing.snoop(at),
      }[c.op];
      compareRead(c.length, by, c.at, read, into);
      break;
    }
    case 'store':
    case 'deviceWrite':
    case 'coherentWrite': {
      const by = c.op === 'store' ? c.by : c.op === 'deviceWrite' ? vpu : gpu;
      const write = drawing.nextWrite(by);
      hazards = cache[c.op](BASE + BigInt(c.at), bytes(c.length, Drawing.byteOf(write)), by);
      for (let at = c.at; at < c.at + c.length; at++) {
        if (c.op === 'store') drawing.cpuWrite(at, write);
        else if (c.op === 'coherentWrite') drawing.snoopWrite(at, write);
        else {
          drawing.newest[at] = write;
          drawing.memory[at] = write;
        }
      }
      break;
    }
    case 'clean':
      hazards = cache.clean(BASE + BigInt(c.at), BigInt(c.length), app);
      for (const line of linesOf(c.at, c.length)) drawing.writeBack(line);
      break;
    case 'invalidate':
      hazards = cache.invalidate(BASE + BigInt(c.at), BigInt(c.length), app);
      for (const line of linesOf(c.at, c.length)) {
        if (line * LINE < c.at || (line + 1) * LINE > c.at + c.length) drawing.writeBack(line);
        drawing.lines.delete(line);
      }
      break;
    case 'drop':
      memory.zero(BASE + BigInt(c.at), BigInt(c.length));
      cache.drop(BASE + BigInt(c.at), BigInt(c.length));
      for (const line of linesOf(c.at, c.length)) drawing.lines.delete(line);
      drawing.memory.fill(0, c.at, c.at + c.length);
      drawing.newest.fill(0, c.at, c.at + c.length);
      break;
    case 'evict': {
      hazards = cache.evict(chances(c.seed), 60, 0.4);
      const random = chances(c.seed);
      const pageOf = (line: number) => Math.floor((line * LINE) / 4096);
      const lines = () => [...drawing.lines.keys()].sort((a, b) => a - b);
      const pages = [...new Set(lines().map(pageOf))];
      for (let i = 0; i < 60; i++) {
        if (random() >= 0.4) continue;
        const page = pages[Math.floor(random() * pages.length)];
        const present = lines().filter((line) => pageOf(line) === page);
        const line = present[Math.floor(random() * present.length)];
        if (line === undefined) continue;
        drawing.writeBack(line);
        drawing.lines.delete(line);
      }
      break;
    }
    case 'settle':
      hazards = cache.settle();
      drawing.enabled = false;
      for (const line of linesOf(0, SPAN)) {
        drawing.writeBack(line);
        if (drawing.sameAsMemory(line)) drawing.lines.delete(line);
      }
      break;
    case 'enable':
      cache.enable();
      drawing.enabled = true;
  }
  expect(listed(hazards).sort()).toEqual([...expected, ...drawing.losses()].sort());
  expect(cache.active).toBe(drawing.enabled || drawing.lines.size > 0);
}

describe('any sequence of accesses and maintenance', () => {
  it('gives the bytes, the stale reads and the lost writes that a drawing of it gives', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60, size: 'max' }), (calls) => {
        const set = setUp();
        const drawing = new Drawing();
        for (const c of calls) callBoth(set, drawing, c);
        sameBytes(set.inMemory(0, SPAN), drawing.memory);
      }),
      { numRuns: 150 },
    );
  }, 30_000);

  it('has no hazards when each turn of the CPU begins with an invalidation and ends with a cleaning', () => {
    const access = fc.record({ where: somewhere, write: fc.boolean(), seed: fc.nat(50) });
    fc.assert(
      fc.property(fc.array(fc.array(access, { maxLength: 5 }), { maxLength: 8, size: 'max' }), (turns) => {
        const { cache } = setUp();
        const hazards: Hazard[] = [];
        turns.forEach((turn, number) => {
          const cpu = number % 2 === 0;
          if (cpu) hazards.push(...cache.invalidate(BASE, BigInt(SPAN), app));
          for (const { where, write, seed } of turn) {
            const address = BASE + BigInt(where.at);
            const buffer = bytes(where.length, number);
            if (cpu && write) hazards.push(...cache.store(address, buffer, app));
            else if (cpu) hazards.push(...cache.load(address, buffer, app));
            else if (write) hazards.push(...cache.deviceWrite(address, buffer, vpu));
            else hazards.push(...cache.deviceRead(address, buffer, vpu));
            hazards.push(...cache.evict(chances(seed), 10, 0.3));
          }
          if (cpu) hazards.push(...cache.clean(BASE, BigInt(SPAN), app));
        });
        expect(hazards).toEqual([]);
      }),
    );
  });
});
