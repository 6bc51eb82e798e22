/** The command of a verb that is one call: made of what `program/verbs/` says of it. */
import { InvalidArgumentError } from 'commander';
import { areWords } from '../../profile/open-flag-words.ts';
import { parseHexBytes } from '../../program/hex-bytes.ts';
import { type Argument, callOf, type Given, MAX_ROOM, type Verb } from '../../program/verb.ts';
import { wordOf } from '../../uapi/call-names.ts';
import type { ArchOpenFlags } from '../../uapi/fcntl.ts';
import { counted } from '../../units.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { UsageError } from '../failures.ts';
import { readInput } from '../read/read-input.ts';
import { examples, type Registry } from '../registry.ts';
import { readCount, readDescriptor, readMapping, readSize } from '../words/arguments.ts';
import { readAddressWord, readSigned, splitAddress, wordReader } from '../words/call-words.ts';

/** The width of a terminal, without `call `, which stands before some names. */
const USAGE_WIDTH = 75;

/** What reads an argument's word; a descriptor is read when the command runs, as everywhere. */
function readerOf(argument: Argument): (text: string) => number | bigint | string | Uint8Array {
  switch (argument.kind) {
    case 'descriptor':
    case 'bytes':
    case 'path':
      return (text) => text;
    case 'room':
      return (text) => {
        const room = readCount(text);
        if (room <= MAX_ROOM) return new Uint8Array(room);
        throw new InvalidArgumentError(`At most ${MAX_ROOM} bytes.`);
      };
    case 'mapping':
      return readMapping;
    case 'whole':
      return readCount;
    case 'signed':
      return readSigned;
    case 'size':
      return readSize;
    // A number once the kernel is there, where it is a place in a mapping.
    case 'address':
      return (text) => readAddressWord(text);
    case 'word':
      return wordReader(argument.names);
    // A number once the kernel is there.
    case 'flags':
      return (text) => {
        if (areWords(text, argument.parse)) return text;
        throw new InvalidArgumentError(`Expected ${argument.expected}.`);
      };
  }
}

/** The bytes that a call takes: a file is read when the command runs. */
function readBytes(text: string): Uint8Array {
  if (text.startsWith('@')) return readInput(text.slice(1));
  const bytes = parseHexBytes(text);
  if (bytes !== undefined) return bytes;
  throw new UsageError(`"${text}" is no sequence of bytes`, 'Expected pairs of hexadecimal digits, or @FILE');
}

/** What the word of an argument stands for, once the command runs. */
function argumentValue(argument: Argument, word: Given[string] | string): Given[string] {
  const { kind } = argument;
  if (typeof word !== 'string' || kind === 'path' || kind === 'flags' || kind === 'address') return word;
  return kind === 'descriptor' ? readDescriptor(word) : readBytes(word);
}

/** The same with the numbers of the kernel's architecture. */
const withFlags = (
  named: readonly (readonly [string, Argument])[],
  given: Given,
  openFlags: ArchOpenFlags,
): Given => ({
  ...given,
  ...Object.fromEntries(
    named.flatMap(([key, argument]) => {
      const word = given[key];
      return argument.kind === 'flags' && typeof word === 'string'
        ? [[key, argument.parse(word, openFlags) ?? 0]]
        : [];
    }),
  ),
});

/** The same with addresses of the task's mappings as numbers. @throws UsageError where there is no such mapping */
function withAddresses(
  named: readonly (readonly [string, Argument])[],
  given: Given,
  addressOf: (mapping: number) => bigint | undefined,
): Given {
  const found = named.flatMap(([key, { kind }]): [string, bigint][] => {
    const word = given[key];
    if (kind !== 'address' || typeof word !== 'string') return [];
    const { mapping, offset } = splitAddress(word);
    const start = addressOf(mapping);
    if (start !== undefined) return [[key, start + offset]];
    throw new UsageError(
      `the task has no mapping ${mapping}`,
      'dmaheap show FD lists the mappings of a buffer',
    );
  });
  return { ...given, ...Object.fromEntries(found) };
}

/** An argument's value as it is told. */
function told(
  argument: Argument,
  value: Given[string] | undefined,
): string | number | bigint | null | undefined {
  if (argument.kind === 'word') return wordOf(argument.names, Number(value)) ?? String(value);
  if (!(value instanceof Uint8Array)) return value;
  return argument.kind === 'room' ? value.length : hexOf(value);
}

/** The same in a sentence, where bytes are only counted. */
const spoken = (value: Given[string] | undefined, word: ReturnType<typeof told>) =>
  value instanceof Uint8Array ? counted(value.length, 'byte') : word;

/** The names of the flags that it was given, where there are names for them. */
function givenFlags(named: readonly (readonly [string, Argument])[], given: Given, openFlags: ArchOpenFlags) {
  for (const [key, argument] of named) {
    if (argument.kind === 'flags' && argument.names)
      return { flag_names: argument.names(Number(given[key]), openFlags) };
  }
  return {};
}

/** What a shell completes it as. */
const completedAs = ({ kind }: Argument) =>
  kind === 'descriptor' ? 'fd' : kind === 'path' ? 'path' : 'none';

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What a call has filled of the room that it was given. */
function filled(
  named: readonly (readonly [string, Argument])[],
  given: Given,
  ret: number,
): Uint8Array | undefined {
  const [key] = named.find(([, { kind }]) => kind === 'room') ?? [];
  const room = key === undefined ? undefined : given[key];
  return room instanceof Uint8Array ? room.subarray(0, ret) : undefined;
}

/**
 * `dmaheap NAME ARGUMENT…`: makes the call; prints what it returned, if anything.
 *
 * @param word what the command is called where that is not the verb's name
 */
export function verbCommand(name: string, verb: Verb, word = name): (registry: Registry) => void {
  const path = verb.under === undefined ? word : `${verb.under} ${word}`;
  const named = Object.entries(verb.arguments);
  const required = named.filter(([, { optional }]) => optional !== true);
  const hasFlags = verb.flags !== undefined || named.some(([, { kind }]) => kind === 'flags');
  const hasAddress = named.some(([, { kind }]) => kind === 'address');
  return ({ program, shell }) => {
    const command = program.command(word).summary(verb.summary).description(verb.description);
    completes(command, ...named.map(([, argument]) => completedAs(argument)));
    for (const [key, argument] of named) {
      command.argument(argument.optional ? `[${key}]` : `<${key}>`, argument.text, readerOf(argument));
    }
    // A line of help ends at 80; the arguments stand below.
    if (`Usage: dmaheap ${path} ${command.usage()}`.length > USAGE_WIDTH)
      command.usage('[options] <argument>...');
    command.addHelpText('after', examples(...verb.examples)).action(async () => {
      const sh = shell(command);
      const asked: Given = Object.fromEntries(
        named.map(([key, argument], i) => {
          return [key, argumentValue(argument, command.processedArgs[i] ?? argument.default)];
        }),
      );
      const session = await sh.session(verb.under === undefined ? name : path);
      const openFlags = hasFlags ? session.view((kernel) => kernel.profile.arch.openFlags) : undefined;
      const flagged = openFlags === undefined ? asked : withFlags(named, asked, openFlags);
      const given = hasAddress
        ? session.view((kernel) => withAddresses(named, flagged, (id) => kernel.mappingAddress(sh.task, id)))
        : flagged;
      const words = Object.fromEntries(named.map(([key, argument]) => [key, told(argument, given[key])]));
      const what =
        required.length === 0
          ? path
          : `${path}: ${required.map(([key]) => spoken(given[key], words[key])).join(' ')}`;
      const ret = await makeCalls(sh, session, ({ must }) => must(what, callOf(verb, given)));
      const names = openFlags && verb.flags?.(given, ret, openFlags);
      const came = filled(named, given, ret);
      const shown = names?.length ? [names.join('|')] : came?.length ? [hexOf(came)] : [];
      const flags = verb.flags && { flags: names === undefined ? null : ret, flag_names: names ?? [] };
      const answer = verb.returns === undefined ? {} : { ret, ...flags, ...(came && { bytes: hexOf(came) }) };
      // 1 had the names as `flags`.
      const form = flags === undefined ? 1 : 2;
      await sh.answer(
        () => ({
          schema: `dmaheap.${name}/${form}`,
          ...words,
          ...(openFlags && givenFlags(named, given, openFlags)),
          ...answer,
        }),
        () => (verb.returns === undefined ? '' : `${[ret, ...shown].join(' ')}\n`),
      );
    });
  };
}
