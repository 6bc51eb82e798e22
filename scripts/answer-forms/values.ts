/** What the members of answers are made of: numbers, addresses, names, places in an input, lines of the log. */
import { z } from 'zod';

/** An object of exactly these members: one that a command adds has to be said here. */
export const exactly = z.strictObject;

export const text = z.string();
export const names = z.array(z.string());
export const flag = z.boolean();
export const whole = z.int().nonnegative();
export const fd = z.int();

export const address = z
  .string()
  .regex(/^0x[0-9a-f]+$/)
  .meta({ id: 'address', description: 'an address, in hexadecimal' });

/** A number of 64 bits. */
export const size = z.union([whole, address]).meta({
  id: 'size',
  description:
    'bytes or another number of 64 bits; in hexadecimal where a JSON number cannot hold it exactly',
});

export const signed = z
  .union([z.int(), z.string().regex(/^-?0x[0-9a-f]+$/)])
  .meta({ id: 'signed', description: 'a number of 64 bits with a sign; in hexadecimal as a size' });

export const mode = z
  .string()
  .regex(/^[0-7]{4}$/)
  .meta({ id: 'mode', description: 'permission bits, in octal' });

export const hex = z.string().regex(/^([0-9a-f]{2})*$/);
export const profile = text.meta({ id: 'profile', description: 'which Linux is spoken for' });
/** Of a kernel that nothing was recorded from. */
export const unverified = z.literal(true).optional();
export const errno = z
  .string()
  .regex(/^E[A-Z0-9]+$/)
  .meta({ id: 'errno' });

/** A member under its old name, which the next version does not have. @param use what has it now */
export const deprecated = (was: z.ZodType, use: string) =>
  was.meta({ deprecated: true, description: `deprecated: use ${use}` });

export const position = z
  .strictObject({
    file: text,
    line: whole.optional(),
    column: whole.optional(),
    offset: whole.optional(),
    get includedFrom() {
      return position.optional();
    },
    get macro() {
      return z.strictObject({ name: z.string(), definedAt: position }).optional();
    },
  })
  .meta({ id: 'position' });

export const diagnostic = exactly({
  code: text,
  severity: z.enum(['error', 'warning']),
  message: text,
  position: position.optional(),
  path: text.optional(),
  hint: text.optional(),
  excerpt: text.optional(),
  assumes: z.enum(['form', 'memory']).optional(),
}).meta({ id: 'diagnostic' });

export const line = exactly({
  seq: whole,
  level: z.int().min(0).max(7),
  time: whole,
  text,
  suppressed: flag,
  estimated: z.literal(true).optional(),
}).meta({ id: 'line' });

export const extent = exactly({ base: address, pfn: whole, length: size }).meta({ id: 'extent' });
