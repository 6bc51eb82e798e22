/** The words of calls on mappings. */
import { PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE } from '../../uapi/fcntl.ts';
import { parseWhole } from '../../units.ts';

type Words = Readonly<Record<string, number>>;

/** Reads a number, or words of a table joined by |. */
export const joined =
  (names: Words) =>
  (text: string): number | undefined => {
    const number = parseWhole(text, 0xffffffff);
    if (number !== undefined) return number;
    const bits = text.toUpperCase().split('|');
    if (!bits.every((word) => Object.hasOwn(names, word))) return undefined;
    return bits.reduce((all, word) => all | (names[word] ?? 0), 0);
  };

/** The names of the bits that are set. */
export const bitNames =
  (names: Words) =>
  (value: number): readonly string[] =>
    Object.keys(names).filter((name) => (value & (names[name] ?? 0)) !== 0);

const TEXT = 'PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC joined by |, or a number';

/** What a mapping allows. */
export const PROTECTION = {
  kind: 'flags',
  parse: joined({ PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC }),
  text: TEXT,
  expected: TEXT,
  form: TEXT,
} as const;

/** A range of addresses: from a place in a mapping on. */
export const RANGE = {
  mapping: { kind: 'mapping', text: 'a mapping: its number, or map:N' },
  offset: { kind: 'size', text: 'where it begins: bytes from where mmap put the mapping' },
} as const;
