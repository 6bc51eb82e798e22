/** The command of a verb that is one call: made of what `program/verbs/` says of it. */
import { type Command, InvalidArgumentError } from 'commander';
import { type Argument, callOf, type Given, type Verb } from '../../program/verb.ts';
import { wordOf } from '../../uapi/call-names.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { readCount, readDescriptor, readMapping, readSize } from '../words/arguments.ts';
import { readSigned, wordReader } from '../words/call-words.ts';

/** What reads an argument's word; a descriptor is read when the command runs, as everywhere. */
function readerOf(argument: Argument): (text: string) => number | bigint | string {
  switch (argument.kind) {
    case 'descriptor':
    case 'path':
      return (text) => text;

    case 'mapping':
      return readMapping;
    case 'whole':
      return readCount;
    case 'signed':
      return readSigned;
    case 'size':
      return readSize;
    case 'word':
      return wordReader(argument.names);
    case 'flags':
      return (text) => {
        const flags = argument.parse(text);
        if (flags !== undefined) return flags;
        throw new InvalidArgumentError(`Expected ${argument.expected}.`);
      };
  }
}

/** An argument's value as it is told. */
const told = (argument: Argument, value: number | bigint | string | undefined) =>
  argument.kind === 'word' ? (wordOf(argument.names, Number(value)) ?? String(value)) : value;

/** `dmaheap NAME ARGUMENT…`: makes the call; prints what it returned, if anything. */
export function verbCommand(name: string, verb: Verb, parent?: Command): (registry: Registry) => void {
  const whole = verb.under === undefined ? name : `${verb.under} ${name}`;
  const named = Object.entries(verb.arguments);
  const required = named.filter(([, { optional }]) => optional !== true);
  return ({ program, shell }) => {
    const command = (parent ?? program).command(name).summary(verb.summary).description(verb.description);
    completes(
      command,
      ...named.map(([, { kind }]) => (kind === 'descriptor' ? 'fd' : kind === 'path' ? 'path' : 'none')),
    );
    for (const [key, argument] of named) {
      command.argument(argument.optional ? `[${key}]` : `<${key}>`, argument.text, readerOf(argument));
    }
    command.addHelpText('after', examples(...verb.examples)).action(async () => {
      const sh = shell(command);
      const given: Given = Object.fromEntries(
        named.map(([key, argument], i) => {
          const word = command.processedArgs[i] ?? argument.default;
          return [key, argument.kind === 'descriptor' ? readDescriptor(word) : word];
        }),
      );
      const words = Object.fromEntries(named.map(([key, argument]) => [key, told(argument, given[key])]));
      const session = await sh.session(whole);
      const what =
        required.length === 0 ? whole : `${whole}: ${required.map(([key]) => words[key]).join(' ')}`;
      const ret = await makeCalls(sh, session, ({ must }) => must(what, callOf(verb, given)));
      const flags = verb.flags?.(given, ret);
      const shown = flags?.length ? [flags.join('|')] : [];
      const answer = verb.returns === undefined ? {} : { ret, ...(flags && { flags }) };
      await sh.answer(
        () => ({ schema: `dmaheap.${whole.replace(' ', '-')}/1`, ...words, ...answer }),
        () => (verb.returns === undefined ? '' : `${[ret, ...shown].join(' ')}\n`),
      );
    });
  };
}
