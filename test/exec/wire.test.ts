/** Fields as bytes: what is written is read again, wherever the writer's buffer has to grow. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HEADER } from '../../src/exec/protocol.ts';
import { FieldReader, FieldWriter } from '../../src/exec/wire.ts';

const FIELD = fc.oneof(
  fc.record({ as: fc.constant('u8' as const), value: fc.nat(255) }),
  fc.record({ as: fc.constant('u32' as const), value: fc.nat(0xffff_ffff) }),
  fc.record({ as: fc.constant('u64' as const), value: fc.bigInt(0n, (1n << 64n) - 1n) }),
  fc.record({ as: fc.constant('i64' as const), value: fc.bigInt(-(1n << 63n), (1n << 63n) - 1n) }),
  fc.record({ as: fc.constant('str' as const), value: fc.string({ maxLength: 2000 }) }),
);

it('reads what was written, at every length', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.array(FIELD, { maxLength: 40 }), (before, fields) => {
      // The buffer's end falls into any field.
      const writer = new FieldWriter().begin(1, 1).str(new Uint8Array(before));
      for (const field of fields) {
        if (field.as === 'u8' || field.as === 'u32') writer[field.as](field.value);
        else if (field.as === 'str') writer.str(field.value);
        else writer[field.as](field.value);
      }
      const reader = new FieldReader(writer.finish(), HEADER);
      expect(reader.bytes()).toHaveLength(before);
      for (const { as, value } of fields) {
        if (as !== 'u8') expect(reader[as]()).toBe(value);
        else expect(reader.u8()).toBe(value);
      }
      reader.end();
    }),
    { numRuns: 500 },
  );
});
