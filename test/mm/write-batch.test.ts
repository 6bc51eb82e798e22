import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InMemoryPhysMemory, type MemoryWrite } from '../../src/mm/phys-memory.ts';
import { WriteBatch } from '../../src/mm/write-batch.ts';

it('leaves what the writes one by one would leave, neighbours as one', () => {
  const one = fc.record({ gap: fc.nat(2), length: fc.integer({ min: 1, max: 300_000 }), value: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), (writes) => {
      const layout = [{ base: 0n, size: 1n << 24n }];
      const [joined, apart] = [new InMemoryPhysMemory(layout), new InMemoryPhysMemory(layout)];
      const made: MemoryWrite[] = [];
      joined.writeAll = (all) => {
        made.push(...all);
        for (const { address, bytes } of all) joined.write(address, bytes);
      };
      const batch = new WriteBatch(joined);
      let at = 0n;
      let runs = 0;
      for (const { gap, length, value } of writes) {
        if (gap > 0 || runs === 0) runs++;
        at += BigInt(gap);
        const bytes = new Uint8Array(length).fill(value);
        batch.add(at, bytes);
        apart.write(at, bytes);
        at += BigInt(length);
      }
      batch.flush();
      const [a, b] = [new Uint8Array(Number(at)), new Uint8Array(Number(at))];
      joined.read(0n, a);
      apart.read(0n, b);
      expect(Buffer.compare(a, b)).toBe(0);
      // More than a run each only where one was cut because it grew long.
      expect(made.length - runs).toBeLessThanOrEqual(Math.floor(Number(at) / (1 << 20)));
    }),
  );
});
