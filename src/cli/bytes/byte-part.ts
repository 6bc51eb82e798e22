/** Which bytes a user means: a part of a buffer, of a mapping, or of memory. */
import { parseAddress, parseSize } from '../../units.ts';
import { UsageError } from '../failures.ts';
import { readBufferPart } from '../words/arguments.ts';

interface Where {
  /** As it was typed. */
  readonly text: string;
  /** From where on; of memory the address. */
  readonly offset: bigint;
  /** Absent: to the end. */
  readonly length?: bigint;
}

/** `FD[:OFFSET[:LENGTH]]` */
export type BufferPart = Where & { readonly kind: 'buffer'; readonly fd: number };
/** `map:N[:OFFSET[:LENGTH]]` */
export type MappingPart = Where & { readonly kind: 'mapping'; readonly id: number };
/** `attachment:N[:OFFSET[:LENGTH]]` */
export type AttachmentPart = Where & { readonly kind: 'attachment'; readonly id: number };
/** `@ADDRESS:SIZE` */
export type MemoryPart = Where & { readonly kind: 'memory' };
export type BytePart = BufferPart | MappingPart | AttachmentPart | MemoryPart;

/** What a part is for. What is written has a length of its own. */
export type PartUse = 'read' | 'write';

const SPAN_FORMS = { read: '[:OFFSET[:LENGTH]]', write: '[:OFFSET]' };
const MEMORY_FORMS = {
  read: '@ADDRESS:SIZE: @0x60000000:4K',
  write: '@ADDRESS or @ADDRESS:SIZE: @0x60000000',
};

/** The forms of a part, for the help of commands. */
export const partForms = (use: PartUse): string =>
  ['FD', 'map:N', 'attachment:N']
    .map((form) => form + SPAN_FORMS[use])
    .concat(use === 'read' ? '@ADDRESS:SIZE' : '@ADDRESS[:SIZE]')
    .join(', ');

/** Whether a word is a part rather than the name of a file. */
export const looksLikePart = (text: string): boolean => /^(\d|@|(map|attachment):)/.test(text);

/** @throws UsageError */
export function readPart(text: string, use: PartUse): BytePart {
  if (text.startsWith('@')) return readMemory(text, use);
  const named = /^(map|attachment):(.*)$/s.exec(text);
  if (named !== null) {
    const { id, ...where } = readNumbered(text, named[1] ?? '', named[2] ?? '', use);
    return { kind: named[1] === 'map' ? 'mapping' : 'attachment', id, ...where };
  }
  if (/^\d/.test(text)) return { kind: 'buffer', text, ...readBufferPart(text, use) };
  throw new UsageError(`cannot read "${text}"`, `Expected ${partForms(use)}`);
}

function readNumbered(
  text: string,
  word: string,
  rest: string,
  use: PartUse,
): Where & { readonly id: number } {
  const expected = `Expected ${word}:N${SPAN_FORMS[use]}: ${word}:1, ${word}:1:0x1000`;
  const [id = '', ...sizes] = rest.split(':');
  if (!/^\d{1,9}$/.test(id) || sizes.length > (use === 'read' ? 2 : 1)) {
    throw new UsageError(`cannot read "${text}"`, expected);
  }
  const [offset = 0n, length] = sizes.map((size) => readNumber(size, text, expected));
  return { id: Number(id), text, offset, ...(length !== undefined && { length }) };
}

function readMemory(text: string, use: PartUse): MemoryPart {
  const expected = `Expected ${MEMORY_FORMS[use]}`;
  const { base, size: length } = parseAddress(text) ?? {};
  if (base === undefined || (use === 'read' && length === undefined)) {
    throw new UsageError(`cannot read "${text}"`, expected);
  }
  return { kind: 'memory', text, offset: base, ...(length !== undefined && { length }) };
}

function readNumber(word: string, text: string, expected: string): bigint {
  const value = parseSize(word);
  if (value === undefined) throw new UsageError(`cannot read "${word}" in "${text}"`, expected);
  return value;
}
