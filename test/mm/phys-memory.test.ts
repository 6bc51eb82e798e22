import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BusError, InMemoryPhysMemory, rangeOf } from '../../src/mm/phys-memory.ts';
import { GiB, TiB } from '../../src/units.ts';
import { range } from '../small-board.ts';

const LAYOUT = [range(0x1000n, 0x30000n), range(4n * GiB, 64n * GiB)];

const bytesAt = (memory: InMemoryPhysMemory, address: bigint, length: number) => {
  const bytes = new Uint8Array(length).fill(0xff);
  memory.read(address, bytes);
  return bytes;
};

describe('InMemoryPhysMemory', () => {
  it('reads what was written, and zeros elsewhere, as one large array would', () => {
    const size = 0x30000;
    const change = fc.record({
      at: fc.nat(size),
      length: fc.oneof(fc.nat(300), fc.nat(0x22000)),
      byte: fc.option(fc.integer({ min: 1, max: 255 })),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
        const memory = new InMemoryPhysMemory(LAYOUT);
        const plain = new Uint8Array(size);
        for (const { at, length, byte } of changes) {
          const count = Math.min(length, size - at);
          const address = 0x1000n + BigInt(at);
          if (byte === null) memory.zero(address, BigInt(count));
          else memory.write(address, new Uint8Array(count).fill(byte));
          plain.fill(byte ?? 0, at, at + count);
        }
        expect(Buffer.compare(bytesAt(memory, 0x1000n, size), plain)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('costs what was written, not what there is', () => {
    const memory = new InMemoryPhysMemory([range(0n, 16n * TiB)]);
    memory.write(15n * TiB, Uint8Array.of(1, 2, 3));
    expect([...bytesAt(memory, 15n * TiB - 1n, 5)]).toEqual([0, 1, 2, 3, 0]);
  });

  it('zeroes as much as there is without a look at what was never written', () => {
    const memory = new InMemoryPhysMemory([range(0n, 16n * TiB)]);
    for (const at of [4095n, 9n * TiB, 15n * TiB]) memory.write(at, Uint8Array.of(1, 2, 3));
    // One visit of each of the 2 ** 28 chunks would take longer than a test may.
    memory.zero(4097n, 15n * TiB - 4096n);
    expect([...bytesAt(memory, 4095n, 3)]).toEqual([1, 2, 0]);
    expect([...bytesAt(memory, 9n * TiB, 3)]).toEqual([0, 0, 0]);
    expect([...bytesAt(memory, 15n * TiB, 3)]).toEqual([0, 2, 3]);
  });

  it('is a bus error outside, which names the first address that is', () => {
    const memory = new InMemoryPhysMemory(LAYOUT);
    expect(() => memory.read(0xfffn, new Uint8Array(1))).toThrow(new BusError(0xfffn));
    expect(() => memory.write(0x30fffn, new Uint8Array(2))).toThrow(new BusError(0x31000n));
    expect(() => memory.zero(0x1000n, GiB)).toThrow('no memory at 0x0000000000031000');
    expect(rangeOf(LAYOUT, 4n * GiB, GiB)).toBe(LAYOUT[1]);
  });

  it('does nothing with no bytes, wherever they are', () => {
    const memory = new InMemoryPhysMemory(LAYOUT);
    memory.zero(0n, 0n);
    expect(bytesAt(memory, 0n, 0)).toHaveLength(0);
  });
});
