/** The action of a verb that is one call: made of what `program/verbs/` says of it. */
import * as z from 'zod';
import { type Argument, callOf, type Given, MAX_ROOM, type Verb } from '../../program/verb.ts';
import { wordOf } from '../../uapi/call-names.ts';
import { formatHex, parseSize } from '../../units.ts';
import type { Action } from '../action.ts';
import { BUFFER } from '../expectation.ts';
import type { CallEntry, CallName, Cursor } from '../export/draft.ts';
import { copyName, isWhole, madeDescriptor, type Said } from '../export/exporter.ts';
import type { Names } from '../export/names.ts';
import { isPlainText, sizeWord } from '../export/words.ts';
import { bytesOfHex, hexOf } from '../hex.ts';
import { type Getter, syscall } from '../moment.ts';
import type { Path } from '../problem.ts';
import { hex, type Ref, ref, signed, size, text, whole, words, yes } from '../value-forms.ts';
import type { Values } from '../values.ts';

/** An argument as it is written: a number, a name or another text. */
type Word = Ref;

/** A verb's value: the only argument that it has, or a mapping of several; `true` where it has none. */
export type ValueOfVerb<Arguments> = [keyof Arguments] extends [never]
  ? true
  : {
      [Key in keyof Arguments]: [keyof Arguments] extends [Key] ? Word : Several<Arguments>;
    }[keyof Arguments];

type Several<Arguments> = { [Key in Exclude<keyof Arguments, Omittable<Arguments>>]: Word } & {
  [Key in Omittable<Arguments>]?: Word | undefined;
};
type Omittable<Arguments> = {
  [Key in keyof Arguments]: Arguments[Key] extends { readonly default: unknown } ? Key : never;
}[keyof Arguments];

type AnyValue = true | Word | { readonly [argument: string]: Word | undefined };

function formOf(argument: Argument): z.ZodType<Word> {
  switch (argument.kind) {
    case 'descriptor':
    case 'mapping':
      return ref;
    case 'path':
      return text;
    case 'whole':
      return whole;
    case 'signed':
      return signed;
    case 'size':
      return size;
    case 'address':
      return words(ADDRESS);
    case 'room':
      return whole;
    case 'bytes':
      return hex;
    case 'word':
    case 'flags':
      return words(argument.form);
  }
}

function schemaOf(named: Readonly<Record<string, Argument>>): z.ZodType<AnyValue> {
  const [only, ...more] = Object.values(named);
  if (only === undefined) return yes;
  if (more.length === 0) return formOf(only);
  const shape = Object.fromEntries(
    Object.entries(named).map(([key, argument]) => {
      const form = formOf(argument);
      return [key, argument.default === undefined ? form : form.optional()];
    }),
  );
  return z.strictObject(shape, { error: `{ ${Object.keys(named).join(', ')} }` });
}

function read(argument: Argument, word: Word, values: Values, path: Path): Getter<Given[string]> {
  switch (argument.kind) {
    case 'room': {
      const room = values.count(word, path, MAX_ROOM);
      return (at) => new Uint8Array(room(at));
    }
    case 'bytes':
      return values.read(word, path, bytesOfHex, 'pairs of hexadecimal digits');
    case 'descriptor':
    case 'mapping':
      return values.ref(word, path, argument.kind);
    case 'path':
      return values.text(String(word), path);
    case 'whole':
      return values.whole(word, path);
    case 'signed':
      return values.signed(word, path);
    case 'size':
      return values.size(word, path);
    case 'address':
      return readAddress(word, values, path);
    case 'word':
      return values.word(word, path, argument.names);
    case 'flags':
      return values.flagWords(word, path, argument.parse, argument.expected);
  }
}

const ADDRESS = 'an address: 0x1000, map:m or map:m+8K';
/** What stands for the address of a mapping that is not there: the kernel refuses it. */
const NOWHERE = (1n << 64n) - (1n << 16n);

/** A number, or a place in a mapping: `map:m`, `map:m+8K`. */
function readAddress(word: Word, values: Values, path: Path): Getter<bigint> {
  const [, name, bytes] = /^map:([^+]*)(?:\+(.*))?$/.exec(String(word)) ?? [];
  if (name === undefined) return values.read(word, path, parseSize, ADDRESS);
  const id = values.ref(name, path, 'mapping');
  const skip = bytes === undefined ? () => 0n : values.size(bytes, path);
  return (at) => {
    const start = at.machine.kernel.mappingAddress(at.task, id(at));
    return start === undefined ? NOWHERE : start + skip(at);
  };
}

/** An argument of a call as a scenario writes it, or `undefined` where it cannot. */
function write(argument: Argument, value: unknown, task: string, names: Names): Word | undefined {
  if (typeof value === 'string') return isPlainText(value) ? value : undefined;
  if (typeof value === 'bigint') {
    if (argument.kind === 'size') return value < 0n ? undefined : sizeWord(value);
    if (argument.kind === 'address') return value < 0n ? undefined : formatHex(value);
    return value < 0n ? String(value) : value;
  }
  if (value instanceof Uint8Array) return argument.kind === 'room' ? value.length : hexOf(value);
  if (typeof value !== 'number') return undefined;
  const word = argument.kind === 'word' ? wordOf(argument.names, value) : undefined;
  if (word !== undefined || !isWhole(value)) return word;
  switch (argument.kind) {
    case 'descriptor':
      return names.descriptor(task, value);
    case 'mapping':
      return names.mapping(task, value);
    case 'flags':
      return value > 0xffffffff ? undefined : value;
    default:
      return value;
  }
}

/** A call of the verb as a step. */
function say(
  name: string,
  verb: Verb,
  { task, result: { ret }, call }: CallEntry<CallName>,
  { names }: Cursor,
): Said | undefined {
  const fields: Readonly<Record<string, unknown>> = { ...call };
  const named = Object.entries(verb.arguments);
  // A call that says more than the verb can is another's.
  const said = Object.keys(fields).filter((key) => key !== 'call' && fields[key] !== undefined);
  if (said.some((key) => !Object.hasOwn(verb.arguments, key))) return undefined;
  const written: Record<string, Word> = {};
  let wish = 'fd';
  for (const [key, argument] of named) {
    const field = fields[key] ?? argument.default;
    const word = write(argument, field, task, names);
    if (word === undefined) return undefined;
    if (argument.kind === 'descriptor') wish = copyName(word);
    if (named.length === 1 || field !== argument.default) written[key] = word;
  }
  const [only] = Object.values(written);
  const action = { [name]: named.length > 1 ? written : (only ?? true) };
  if (makesDescriptor(verb, call)) return { action, ...madeDescriptor(task, ret, wish, names) };
  if (verb.returns === 'mapping' && ret >= 0) {
    const as = names.fresh('m', true);
    names.bindMapping(task, ret, as);
    return { action, as, expect: { ret } };
  }
  return { action, ...(verb.returns === 'number' && ret >= 0 && { expect: { ret } }) };
}

const makesDescriptor = (verb: Verb, call: object): boolean =>
  verb.makesDescriptor?.(call) ?? verb.returns === 'descriptor';

/** What stands for an argument that is not written; bytes have no default. */
const wordOfDefault = ({ default: given }: Argument): Word => (typeof given === 'object' ? 0 : (given ?? 0));

/** What a value says of an argument, if anything. */
function wordFor(key: string, value: AnyValue): Word | undefined {
  if (typeof value === 'object') return value[key];
  return value === true ? undefined : value;
}

/** What a call has left in the memory that it was given. */
function roomOf(
  named: readonly (readonly [string, Argument])[],
  given: Given,
): { readonly bytes?: Uint8Array } {
  const [key] = named.find(([, { kind }]) => kind === 'room') ?? [];
  const room = key === undefined ? undefined : given[key];
  return room instanceof Uint8Array ? { bytes: room } : {};
}

/** The action of a verb. @param name the key of the step */
export function verbAction(name: string, verb: Verb): Action<() => z.ZodType<AnyValue>> {
  const named = Object.entries(verb.arguments);
  const schema = schemaOf(verb.arguments);
  const mayMake = verb.makesDescriptor !== undefined || verb.returns === 'descriptor';
  return {
    text: verb.action ?? verb.summary,
    schema: () => schema,
    ...(mayMake && { makes: 'descriptor', expects: BUFFER }),
    ...(verb.returns === 'mapping' && { makes: 'mapping' }),
    ...(named.some(([, { kind }]) => kind === 'room') && { expects: ['bytes'] }),
    compile: (value, values, path) => {
      const getters = named.map(([key, argument]) => {
        const at = typeof value === 'object' ? [...path, key] : path;
        // The schema asks for what has no default.
        const word = wordFor(key, value) ?? wordOfDefault(argument);
        return [key, read(argument, word, values, at)] as const;
      });
      return (at) => {
        const given: Record<string, Given[string]> = {};
        for (const [key, get] of getters) given[key] = get(at);
        const result = { ...syscall(at, callOf(verb, given)), ...roomOf(named, given) };
        return result.ret >= 0 && makesDescriptor(verb, given) ? { ...result, fd: result.ret } : result;
      };
    },
    export: {
      calls: {
        [verb.call]: (entry: CallEntry<CallName>, cursor: Cursor) => say(name, verb, entry, cursor),
      },
      ...(verb.isGeneral && { general: true as const }),
    },
  };
}
