/** A verb that is one call is a command and an action, whatever its arguments are: nobody writes either. */
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { verbCommand } from '../../src/cli/commands/verb.ts';
import { type Verb, verb, withVerbs } from '../../src/program/verb.ts';
import { VERBS } from '../../src/program/verbs/index.ts';
import { ACTIONS } from '../../src/scenario/actions/index.ts';
import { verbAction } from '../../src/scenario/actions/verb.ts';
import type { CallEntry, CallName, Cursor } from '../../src/scenario/export/draft.ts';
import type { Say } from '../../src/scenario/export/exporter.ts';
import { Names } from '../../src/scenario/export/names.ts';
import { ref, yes } from '../../src/scenario/value-forms.ts';
import { commandsOf } from '../cli/in-process.ts';

const about = { summary: 'a dummy', description: 'A dummy.', examples: ['dmaheap dummy'] };
const fd = { kind: 'descriptor', text: 'a descriptor' } as const;

const ftruncate = verb({
  ...about,
  call: 'ftruncate',
  place: { after: 'stat' },
  arguments: { fd, length: { kind: 'size', text: 'bytes', default: 4096n, optional: true } },
});
const close = verb({ ...about, call: 'close', place: { before: 'open' }, arguments: { fd } });
const execve = verb({ ...about, call: 'execve', place: { after: 'nothing' }, arguments: {} });

it('is each a command and an action', async () => {
  const commands = (await commandsOf()).map(({ words }) => words.join(' '));
  const command = ([name, { under }]: readonly [string, Verb]) =>
    under === undefined ? name : name.replace(`${under}-`, `${under} `);
  const words = Object.entries<Verb>(VERBS).map(command);
  expect(words.filter((word) => !commands.includes(word))).toEqual([]);
  expect(Object.keys(VERBS).filter((name) => !Object.hasOwn(ACTIONS, name))).toEqual([]);
});

it('stands beside its neighbour', () => {
  const own = { open: 'own', stat: 'own', last: 'own' };
  const all = withVerbs(own, { close, ftruncate, execve }, (name) => `made ${name}`);
  expect(Object.keys(all)).toEqual(['close', 'open', 'stat', 'ftruncate', 'last']);
  expect(all.ftruncate).toBe('made ftruncate');
});

it('is a command with its arguments', () => {
  const program = new Command();
  verbCommand('ftruncate', ftruncate)({ program, shell: () => Promise.reject() as never });
  expect(program.commands[0]?.helpInformation()).toContain('ftruncate [options] <fd> [length]');
});

it('has a value of the form of its arguments', () => {
  const takes = (value: unknown) => verbAction('ftruncate', ftruncate).schema().safeParse(value).success;
  expect([{ fd: 'a' }, { fd: 4n, length: '4K' }].map(takes)).toEqual([true, true]);
  expect(['a', {}, { fd: 'a', length: -1n }, { fd: 'a', lenght: 1n }].map(takes)).not.toContain(true);
  // One argument stands alone; none is true.
  expect(verbAction('close', close).schema()).toBe(ref);
  expect(verbAction('exec', execve).schema()).toBe(yes);
});

it('is exported as it would be written', () => {
  const names = new Names();
  names.bindDescriptor('shell', 4, 'buf');
  const said = (name: string, of: Verb, fields: object): object | undefined => {
    const say: Say | undefined = verbAction(name, of).export?.calls?.[of.call];
    const entry = { task: 'shell', result: { ret: 0 }, call: { call: of.call, ...fields } };
    return say?.(entry as CallEntry<CallName>, { names } as Cursor)?.action;
  };
  const cut = (fd: number, length: bigint) => said('cut', ftruncate, { fd, length });
  expect(cut(4, 1n << 20n)).toEqual({ cut: { fd: 'buf', length: '1M' } });
  expect(cut(4, 4096n)).toEqual({ cut: { fd: 'buf' } });
  expect([cut(4, -1n), cut(-1, 1n)]).toEqual([undefined, undefined]);
  expect(said('close', close, { fd: 4 })).toEqual({ close: 'buf' });
  expect(said('exec', execve, {})).toEqual({ exec: true });
});
