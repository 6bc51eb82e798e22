import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { BusError } from '../../src/mm/phys-memory.ts';
import { DirtyPages } from '../../src/session/dirty-pages.ts';
import { Arena, FilePhysMemory } from '../../src/session/file-phys-memory.ts';
import { SessionError } from '../../src/session/session-error.ts';
import type { PhysRange } from '../../src/units.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-arena-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function makeArena(layout: readonly PhysRange[]): string {
  const path = join(directory, `arena.${++files}`);
  Arena.create(path, layout);
  return path;
}

const PAGES = 24;
// The second range begins in the middle of a page and of the file's alignment.
const LAYOUT: readonly PhysRange[] = [
  { base: 0x8000_0000n, size: 0x10_000n },
  { base: 0x1_0000_8800n, size: 0x8_000n },
];

describe('the arena in a file', () => {
  it('holds what a plain array would, across processes that come and go', () => {
    const size = 0x18_000;
    const address = (offset: number): bigint =>
      offset < 0x10_000 ? 0x8000_0000n + BigInt(offset) : 0x1_0000_8800n + BigInt(offset - 0x10_000);
    const access = fc.record({
      kind: fc.constantFrom('write', 'write', 'zero', 'read', 'reopen'),
      offset: fc.nat(size - 1),
      length: fc.oneof(fc.nat(300), fc.nat(size), fc.constantFrom(4096, 8192)),
      aligned: fc.boolean(),
      byte: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(access, { maxLength: 30 }), (accesses) => {
        const path = makeArena(LAYOUT);
        const model = new Uint8Array(size);
        let arena = new Arena(path, LAYOUT);
        for (const { kind, byte, aligned, ...range } of accesses) {
          const offset = aligned ? range.offset & ~4095 : range.offset;
          const end = Math.min(offset + range.length, offset < 0x10_000 ? 0x10_000 : size);
          const memory = new FilePhysMemory(arena, true);
          if (kind === 'write') {
            memory.write(address(offset), new Uint8Array(end - offset).fill(byte));
            model.fill(byte, offset, end);
          } else if (kind === 'zero') {
            memory.zero(address(offset), BigInt(end - offset));
            model.fill(0, offset, end);
          } else if (kind === 'read') {
            const bytes = new Uint8Array(end - offset).fill(99);
            memory.read(address(offset), bytes);
            expect(Buffer.compare(bytes, model.subarray(offset, end))).toBe(0);
          } else {
            arena.close();
            arena = new Arena(path, LAYOUT);
          }
        }
        const all = new Uint8Array(0x10_000);
        const memory = new FilePhysMemory(arena, false);
        memory.read(0x8000_0000n, all);
        expect(Buffer.compare(all, model.subarray(0, 0x10_000))).toBe(0);
        memory.read(0x1_0000_8800n, all.subarray(0, 0x8_000));
        expect(Buffer.compare(all.subarray(0, 0x8_000), model.subarray(0x10_000))).toBe(0);
        arena.close();
        rmSync(path);
        rmSync(`${path}.dirty`);
      }),
      { numRuns: 60 },
    );
  });

  it('can be zeroed after a process ended at any point: no page that holds bytes counts as clean', () => {
    const access = fc.record({
      zero: fc.boolean(),
      page: fc.nat(12),
      length: fc.integer({ min: 1, max: 5000 }),
    });
    class Ended extends Error {}
    fc.assert(
      fc.property(fc.array(access, { maxLength: 8 }), fc.integer({ min: 1, max: 16 }), (accesses, hits) => {
        const path = makeArena(LAYOUT);
        let left = hits;
        const fault = (): void => {
          if (--left === 0) throw new Ended();
        };
        const dying = new Arena(path, LAYOUT, { fault });
        try {
          for (const { zero, page, length } of accesses) {
            const offset = page * 4096;
            const end = Math.min(offset + length, 0x10_000);
            // Zeroing meets several runs of dirty pages.
            if (zero) dying.zero(offset, 0x10_000 - offset);
            else dying.write([{ offset, bytes: new Uint8Array(end - offset).fill(0xee) }]);
          }
        } catch (error) {
          if (!(error instanceof Ended)) throw error;
        }
        dying.close();
        const next = new Arena(path, LAYOUT);
        next.zero(0, 0x10_000);
        // Past the bits, which might be what is wrong.
        expect(readFileSync(path).every((byte) => byte === 0)).toBe(true);
        next.close();
        rmSync(path);
        rmSync(`${path}.dirty`);
      }),
      { numRuns: 200 },
    );
  });

  it('places each range whole, at an offset that agrees with its address modulo 64 KiB', () => {
    const arena = new Arena(makeArena(LAYOUT), LAYOUT);
    expect(arena.offset(0x8000_0000n, 1n)).toBe(0);
    expect(arena.offset(0x8000_ffffn, 1n)).toBe(0xffff);
    expect(arena.offset(0x1_0000_8800n, 1n)).toBe(0x1_8800);
    arena.close();
  });

  it('answers accesses outside memory with the first address that is not there', () => {
    const arena = new Arena(makeArena(LAYOUT), LAYOUT);
    const memory = new FilePhysMemory(arena, true);
    const failing = (access: () => void): bigint => {
      try {
        access();
      } catch (error) {
        if (error instanceof BusError) return error.address;
        throw error;
      }
      return -1n;
    };
    expect(failing(() => memory.read(0x7fff_ffffn, new Uint8Array(2)))).toBe(0x7fff_ffffn);
    expect(failing(() => memory.write(0x8000_fffen, new Uint8Array(4)))).toBe(0x8001_0000n);
    expect(failing(() => memory.zero(0x9000_0000n, 4096n))).toBe(0x9000_0000n);
    arena.close();
  });

  it('costs what was touched on a board of 64 GiB', () => {
    const layout = [{ base: 0x8000_0000n, size: 64n << 30n }];
    const path = makeArena(layout);
    const arena = new Arena(path, layout);
    const memory = new FilePhysMemory(arena, true);
    const far = 0x8000_0000n + (63n << 30n) + 5n;
    memory.write(far, new Uint8Array([1, 2, 3]));
    memory.zero(0x8000_0000n, 63n << 30n);
    const bytes = new Uint8Array(5);
    memory.read(far - 1n, bytes);
    expect([...bytes]).toEqual([0, 1, 2, 3, 0]);
    memory.zero(0x8000_0000n, 64n << 30n);
    memory.read(far - 1n, bytes);
    expect([...bytes]).toEqual([0, 0, 0, 0, 0]);
    arena.close();
    const { size, blocks } = statSync(path);
    expect(size).toBe(2 ** 36);
    expect(blocks * 512).toBeLessThan(2 ** 20);
  });

  it('keeps the file of bits sparse too', () => {
    const layout = [{ base: 0n, size: 64n << 30n }];
    const path = makeArena(layout);
    const arena = new Arena(path, layout);
    const memory = new FilePhysMemory(arena, true);
    memory.write(40n << 30n, new Uint8Array(4096).fill(1));
    memory.zero(0n, 64n << 30n);
    arena.close();
    const { size, blocks } = statSync(`${path}.dirty`);
    expect(size).toBe(2 ** 21);
    expect(blocks * 512).toBeLessThan(2 ** 17);
  });

  it('reads zeros between dirty pages, be they few or many', () => {
    const pages = 400;
    const layout = [{ base: 0n, size: BigInt(pages * 4096) }];
    const path = makeArena(layout);
    const arena = new Arena(path, layout);
    const memory = new FilePhysMemory(arena, true);
    const model = new Uint8Array(pages * 4096);
    // Gaps of 0, 1, 2, … pages.
    for (let page = 3, gap = 0; page < pages; page += ++gap) {
      memory.write(BigInt(page * 4096 + 7), new Uint8Array(4000).fill(page));
      model.fill(page, page * 4096 + 7, page * 4096 + 4007);
    }
    for (const [from, to] of [
      [0, model.length],
      [3 * 4096 + 100, 390 * 4096 + 5],
      [350 * 4096, 351 * 4096 - 1],
    ]) {
      const bytes = new Uint8Array((to ?? 0) - (from ?? 0)).fill(99);
      memory.read(BigInt(from ?? 0), bytes);
      expect(Buffer.compare(bytes, model.subarray(from, to))).toBe(0);
    }
    arena.close();
  });

  it('does not touch the file of bytes while nothing is dirty', () => {
    const path = makeArena(LAYOUT);
    rmSync(path);
    const arena = new Arena(path, LAYOUT);
    const memory = new FilePhysMemory(arena, true);
    const bytes = new Uint8Array(100).fill(1);
    memory.read(0x8000_0000n, bytes);
    memory.zero(0x8000_0000n, 0x10_000n);
    expect(bytes).toEqual(new Uint8Array(100));
    expect(existsSync(path)).toBe(false);
    arena.close();
  });

  it('refuses files that were cut off', () => {
    for (const suffix of ['', '.dirty']) {
      const path = makeArena(LAYOUT);
      const first = new Arena(path, LAYOUT);
      new FilePhysMemory(first, true).write(0x8000_f000n, new Uint8Array(4096).fill(1));
      first.close();
      truncateSync(`${path}${suffix}`, suffix === '' ? 0x8000 : 1);
      const arena = new Arena(path, LAYOUT);
      const read = (): void => new FilePhysMemory(arena, false).read(0x8000_f000n, new Uint8Array(10));
      expect(read).toThrow(SessionError);
      arena.close();
    }
  });

  it('refuses changes in a view', () => {
    const arena = new Arena(makeArena(LAYOUT), LAYOUT);
    const memory = new FilePhysMemory(arena, false);
    expect(() => memory.write(0x8000_0000n, new Uint8Array(1))).toThrow('view');
    expect(() => memory.zero(0x8000_0000n, 1n)).toThrow('view');
    arena.close();
  });
});

describe('the bits of dirty pages', () => {
  it('are not written again where they are what they should be', () => {
    const path = `${makeArena([{ base: 0n, size: 1n << 30n }])}.dirty`;
    const dirty = new DirtyPages(path);
    dirty.mark([{ page: 100, pages: 60_000 }]);
    utimesSync(path, 1, 1);
    dirty.mark([{ page: 100, pages: 60_000 }]);
    dirty.mark([{ page: 50_000, pages: 1 }]);
    dirty.clear(0, 100);
    dirty.clear(60_100, 100_000);
    expect(statSync(path).mtimeMs).toBe(1000);
    dirty.clear(100, 1);
    expect(statSync(path).mtimeMs).not.toBe(1000);
    expect(dirty.runs(0, 70_000, true)).toEqual([{ page: 101, pages: 59_999 }]);
    dirty.close();
  });

  it.each([false, true])('are what an array of booleans would be, kept in memory: %s', (isServed) => {
    const range = fc
      .tuple(fc.nat(PAGES * 3000), fc.nat(PAGES * 3000))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), range), { maxLength: 12 }),
        range,
        (changes, [from, to]) => {
          const pages = PAGES * 3000;
          const path = makeArena([{ base: 0n, size: BigInt(pages * 4096) }]);
          const dirty = new DirtyPages(`${path}.dirty`, isServed);
          const model = new Uint8Array(pages);
          for (const [mark, [start, end]] of changes) {
            if (mark) dirty.mark([{ page: start, pages: end - start }]);
            else dirty.clear(start, end - start);
            model.fill(mark ? 1 : 0, start, end);
          }
          const other = new DirtyPages(`${path}.dirty`);
          for (const [bits, wanted] of [
            [dirty, true],
            [dirty, false],
            [other, true],
          ] as const) {
            const found = new Uint8Array(pages).fill(wanted ? 0 : 1);
            for (const { page, pages: length } of bits.runs(from, to - from, wanted)) {
              found.fill(wanted ? 1 : 0, page, page + length);
            }
            expect(Buffer.compare(found.subarray(from, to), model.subarray(from, to))).toBe(0);
          }
          dirty.close();
          other.close();
        },
      ),
      { numRuns: 60 },
    );
  });
});
