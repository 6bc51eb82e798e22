/**
 * The forms that values of a scenario have (sizes, names, flags, bytes, what is expected), each as a zod schema with
 * the TypeScript type that comes of it. An `error` says what was expected.
 *
 * A file gives integers as `bigint`, decimal fractions as numbers, everything else as JSON has it
 * (`board/yaml-plain.ts`); whoever builds scenarios may give numbers. Texts may hold `${name}` of an enclosing `for` or
 * `repeat`, those that stand for numbers too.
 */
import * as z from 'zod';
import { sizeOfText } from '../board/schema.ts';
import { isTemplate } from './template.ts';

/** What a schema takes, as nobody changes it. */
export type Form<T> = unknown extends T ? T : { readonly [Key in keyof T]: Form<T[Key]> };

export const EXPECTED_SIZE = 'a size or an address';
const EXPECTED_WHOLE = 'a whole number';
const EXPECTED_REF = 'a number, or the name that a step before gave it with as';
const EXPECTED_NUMBER = 'a number or a comparison, such as 4, 8M, ">= 8M", "!= 0"';
const EXPECTED_TEXT = 'text';

const TEMPLATE = /\$\{[^}]*\}/;
const SIZE = /^(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)\s*([KMGTkmgt](i?[bB])?|[bB])?$/;
const COMPARED = /^(>=|<=|!=|==|=|>|<)?\s*-?(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)\s*([KMGTkmgt](i?[bB])?|[bB])?$/;

/** A pattern that also takes texts with `${…}`, whose value is known later. */
const orTemplate = (pattern: RegExp) => new RegExp(`${pattern.source}|${TEMPLATE.source}`);

const integer = (error: string): z.ZodType<number | bigint> =>
  z.bigint({ error }).min(0n, { error }).meta({ type: 'integer', minimum: 0 });
const signedInteger: z.ZodType<number | bigint> = z.bigint();
export const matching = (pattern: RegExp, error: string) =>
  z.string({ error }).regex(orTemplate(pattern), { error });

export const text = z.string({ error: EXPECTED_TEXT });
export const flag = z.boolean({ error: 'true or false' });
export const yes = z.literal(true, { error: 'true' });

export const size = z
  .union(
    [
      integer(EXPECTED_SIZE),
      matching(SIZE, EXPECTED_SIZE).refine((value) => isTemplate(value) || sizeOfText(value) !== undefined, {
        error: EXPECTED_SIZE,
      }),
    ],
    { error: EXPECTED_SIZE },
  )
  .meta({
    id: 'bytes',
    description: 'Bytes or an address: 64M, 4096, 0x60000000. K, M, G, T: powers of 1024.',
  });
/** Bytes or an address: `8M`, `4096`, `0x1000`. */
export type Size = z.output<typeof size>;

export const whole = z
  .union([integer(EXPECTED_WHOLE), matching(/^(0[xX][0-9a-fA-F]+|[0-9]+)$/, EXPECTED_WHOLE)], {
    error: EXPECTED_WHOLE,
  })
  .meta({ id: 'whole', description: 'A whole number, or a variable of an enclosing loop.' });
/** A whole number, or a text that becomes one: `${i}`. */
export type Whole = z.output<typeof whole>;

export const ref = z
  .union([integer(EXPECTED_REF), z.string({ error: EXPECTED_REF }).min(1, { error: EXPECTED_REF })], {
    error: EXPECTED_REF,
  })
  .meta({ id: 'ref', description: 'A number, or the name that a step before gave it with `as`.' });
/**
 * A descriptor, a mapping or an attachment: its number, or the name that `as` gave it. Where bytes are accessed a
 * place: a descriptor, `map:NAME`, `attachment:NAME`, `@ADDRESS:SIZE`.
 */
export type Ref = z.output<typeof ref>;

/** Words of a table, joined or alone, or their number. */
export const words = (error: string) => z.union([integer(error), z.string({ error })], { error });
export const flags = words('flags of open(2) joined by |, or a number');
/** Flags of open(2) and other words of a table: names joined by `|`, or a number. */
export type Flags = z.output<typeof flags>;

export const signed = z.union([signedInteger, z.string()], { error: 'a number' });
export const wordOrNumber = z.union([z.string(), signedInteger], { error: 'text or a number' });
/** A word of the kernel's configuration. */
export const scalar = z.union([z.string(), signedInteger, z.boolean()], {
  error: 'a value of the configuration',
});

export const expectedNumber = z
  .union([integer(EXPECTED_NUMBER), matching(COMPARED, EXPECTED_NUMBER)], { error: EXPECTED_NUMBER })
  .meta({
    id: 'expected-number',
    description: 'A number or a comparison: 4, 8M, 0x60000000, ">= 8M", "< 4".',
  });
/** A number that is expected: `4`, `8M`, `0x60000000`, `">= 8M"`, `"!= 0"`. */
export type Expected = z.output<typeof expectedNumber>;

export const hex = z
  .string({ error: 'pairs of hexadecimal digits' })
  .regex(orTemplate(/^([0-9a-fA-F]{2}|[\s_:])*$/), { error: 'pairs of hexadecimal digits' })
  .meta({ id: 'hex', description: 'Bytes in hexadecimal, in quotes: "0011 2233".' });

export const match = z
  .union([text, z.bigint().transform(String)], { error: 'text, or /a regular expression/' })
  .meta({ id: 'text-match', description: 'Text, or /a regular expression/.' });
/** A text that is expected, whole; or `/a regular expression/`, somewhere in it. */
export type TextMatch = z.output<typeof match>;
const EXPECTED_MATCHES = 'text, /a regular expression/, or a list of them';
export const matches = z.union([match, z.array(match, { error: EXPECTED_MATCHES })], {
  error: EXPECTED_MATCHES,
});

export const EXPECTED_SPAN = '[BASE, SIZE] or BASE:SIZE';
export const span = z.union([text, z.tuple([size, size])], { error: EXPECTED_SPAN }).meta({ id: 'span' });
/** `[BASE, SIZE]` or `BASE:SIZE`. */
export type Span = Form<z.output<typeof span>>;

export const EXPECTED_FAULT = 'a fault rule: errno=ENOMEM,heap=NAME,nth=3, or a mapping with such keys';
export const fault = z
  .union(
    [
      text,
      z.record(z.string(), z.union([z.string(), z.bigint(), z.number(), z.boolean()]), {
        error: EXPECTED_FAULT,
      }),
    ],
    { error: EXPECTED_FAULT },
  )
  .meta({ id: 'fault', description: 'What fails, and when: errno=ENOMEM,heap=NAME,nth=3' });
/** A fault rule: the text of `--fault`, or a mapping with the same keys. */
export type Fault = Form<z.output<typeof fault>>;

/** A reference, or a mapping with more. */
export const refOr = <T extends z.ZodType>(object: T, error: string) => z.union([ref, object], { error });
/** A text, or a mapping with more. */
export const textOr = <T extends z.ZodType>(object: T, error: string) => z.union([text, object], { error });

/** One of the keys of a mapping, which need not be there, with what editors say of it. */
export const means = <T extends z.ZodType>(schema: T, description: string) =>
  schema.meta({ description }).optional();
