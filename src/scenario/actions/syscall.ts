/** The action of system calls that have none of their own. */
import * as z from 'zod';
import type { Syscall } from '../../kernel/syscall.ts';
import { allocatedFd, EXPECTED_ARGUMENT, parseIoctlBytes } from '../../program/ioctl-argument.ts';
import { MAX_ROOM } from '../../program/verb.ts';
import { F_DUPFD, F_DUPFD_CLOEXEC } from '../../uapi/fcntl.ts';
import { parseOffset } from '../../units.ts';
import type { Action } from '../action.ts';
import { BUFFER } from '../expectation.ts';
import type { CallEntry, CallName } from '../export/draft.ts';
import { copyName, madeDescriptor, type Said } from '../export/exporter.ts';
import type { Names } from '../export/names.ts';
import { isPlainText, sizeWord } from '../export/words.ts';
import { hexOf } from '../hex.ts';
import { type Getter, syscall as makeCall } from '../moment.ts';
import type { Path } from '../problem.ts';
import { type ArgumentForm, formOf, type Sort, SYSCALL_FORMS } from '../syscall-forms.ts';
import type { Values } from '../values.ts';

type Word = string | number | bigint | boolean | null;
type Value = number | bigint | string | boolean | Uint8Array | null;

const EXPECTED = '{ call: NAME, … } with the arguments of the call';

const schema = () =>
  z
    .object({ call: z.enum(Object.keys(SYSCALL_FORMS) as [keyof typeof SYSCALL_FORMS]) }, { error: EXPECTED })
    .catchall(z.union([z.string(), z.number(), z.bigint(), z.boolean(), z.null()], { error: EXPECTED }));

const sortOf = (form: ArgumentForm): Sort => (typeof form === 'string' ? form : form[0]);

/** A number that may be below 0. */
const parseInteger = (text: string): number | undefined => {
  const value = parseOffset(text);
  return value === undefined || value < -(2n ** 31n) || value > 0xffff_ffffn ? undefined : Number(value);
};

const isSide = (text: string): 'in' | 'out' | undefined =>
  text === 'in' || text === 'out' ? text : undefined;

function read(sort: Sort, word: Word, values: Values, path: Path): Getter<Value> {
  if ((sort === 'bytes' || sort === 'room') && word === null) return () => null;
  if (sort === 'flag') {
    if (typeof word !== 'boolean') values.problem(path, 'scenario-wrong-type', 'expected true or false');
    return () => word === true;
  }
  if (word === null || typeof word === 'boolean') {
    values.problem(path, 'scenario-wrong-type', `expected an argument of the sort ${sort}`);
    return () => 0;
  }
  switch (sort) {
    case 'descriptor':
    case 'mapping':
      return values.ref(word, path, sort);
    case 'int':
      return values.read(word, path, parseInteger, 'a number of 32 bits');
    case 'long':
    case 'address':
      return values.read(word, path, parseOffset, 'a number of 64 bits');
    case 'text':
      return values.text(String(word), path);
    case 'side':
      return values.read(word, path, isSide, 'in or out');
    case 'bytes':
      return values.read(word, path, parseIoctlBytes, EXPECTED_ARGUMENT);
    case 'room': {
      const room = values.count(typeof word === 'bigint' ? Number(word) : word, path, MAX_ROOM);
      return (at) => new Uint8Array(room(at));
    }
  }
}

/** An argument of a call as a scenario writes it, or `undefined` where it cannot. */
function write(sort: Sort, value: unknown, task: string, names: Names): Word | undefined {
  if (value instanceof Uint8Array) return sort === 'room' ? value.length : hexOf(value);
  if (typeof value === 'string') return isPlainText(value) ? value : undefined;
  if (typeof value === 'bigint') {
    if (value < 0n) return String(value);
    return sort === 'address' ? value : sizeWord(value);
  }
  if (typeof value !== 'number') return typeof value === 'boolean' || value === null ? value : undefined;
  if (value < 0) return String(value);
  if (sort === 'descriptor') return names.descriptor(task, value);
  return sort === 'mapping' ? names.mapping(task, value) : value;
}

/** The descriptor that a call which worked has made, if it has. */
function madeBy(call: Syscall, ret: number): number | undefined {
  switch (call.call) {
    case 'open':
    case 'dup':
    case 'sendmsg':
    case 'scm_receive':
    case 'drm_prime_handle_to_fd':
      return ret;
    case 'fcntl':
      return call.cmd === F_DUPFD || call.cmd === F_DUPFD_CLOEXEC ? ret : undefined;
    case 'ioctl':
      return allocatedFd(call.request, call.arg);
    default:
      return undefined;
  }
}

function say({ task, result, call, given, phys }: CallEntry<CallName>, names: Names): Said | undefined {
  const form = formOf(call.call);
  if (form === undefined) return undefined;
  // The bytes as they were before the call.
  const fields: Readonly<Record<string, unknown>> = {
    ...call,
    ...(given !== undefined && { [call.call === 'poll' ? 'fds' : 'arg']: given }),
  };
  const written: Record<string, Word> = { call: call.call };
  for (const [key, argument] of Object.entries(form)) {
    if (fields[key] === undefined && typeof argument !== 'string') continue;
    const word = write(sortOf(argument), argumentBefore(call, key, fields[key]), task, names);
    if (word === undefined) return undefined;
    written[key] = word;
  }
  // What a form has no word for.
  if (Object.keys(call).some((key) => key !== 'call' && key !== 'pointers' && !Object.hasOwn(form, key)))
    return undefined;
  const action = { syscall: written };
  const { ret } = result;
  if (ret < 0) return { action };
  const made = madeBy(call, ret);
  if (made === undefined) return { action, ...(ret !== 0 && { expect: { ret } }) };
  const owner = call.call === 'sendmsg' ? call.to : task;
  const wish = call.call === 'ioctl' ? 'buf' : call.call === 'open' ? 'file' : copyName('fd');
  const told = madeDescriptor(owner, made, wish, names);
  return { action, ...told, expect: { ...told.expect, ...(phys !== undefined && { phys }) } };
}

/** Of an allocation that worked the journal has the bytes as they came back: its descriptor was 0. */
function argumentBefore(call: Syscall, key: string, value: unknown): unknown {
  if (call.call !== 'ioctl' || key !== 'arg' || !(value instanceof Uint8Array)) return value;
  if (allocatedFd(call.request, value) === undefined) return value;
  const before = value.slice();
  new DataView(before.buffer).setUint32(8, 0, true);
  return before;
}

export const syscall: Action<typeof schema> = {
  text: 'A system call with all that it can say: { call: dup, fd: a, at: 7 }. `at`: the number that the caller got.',
  schema,
  makes: 'descriptor',
  expects: BUFFER,
  compile: (value, values, path) => {
    const { call, ...words } = value;
    const form = formOf(call) ?? {};
    for (const key of Object.keys(words)) {
      if (!Object.hasOwn(form, key))
        values.problem([...path, key], 'scenario-unknown-key', `${call} has no argument ${key}`);
    }
    const getters = Object.entries(form).flatMap(([key, argument]) => {
      const word = Object.hasOwn(words, key) ? words[key] : undefined;
      if (word === undefined) {
        if (typeof argument === 'string')
          values.problem(path, 'scenario-missing-key', `${call} needs the argument ${key}`);
        return [];
      }
      return [[key, read(sortOf(argument), word, values, [...path, key])] as const];
    });
    return (at) => {
      const given = Object.fromEntries(getters.map(([key, get]) => [key, get(at)]));
      const made = { call, ...given } as Syscall;
      const result = makeCall(at, made);
      if (result.ret < 0) return result;
      const fd = madeBy(made, result.ret);
      if (fd === undefined) return result;
      return { ...result, fd, made: fd, ...(made.call === 'sendmsg' && { owner: made.to }) };
    };
  },
  export: {
    general: true,
    calls: Object.fromEntries(
      Object.keys(SYSCALL_FORMS).map((name) => [
        name,
        (entry: CallEntry<CallName>, { names }: { readonly names: Names }) => say(entry, names),
      ]),
    ),
  },
};
