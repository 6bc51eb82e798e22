import * as z from 'zod';
import { parseFcntlArgument } from '../../profile/open-flag-words.ts';
import { FCNTL_COMMANDS } from '../../uapi/call-names.ts';
import { F_DUPFD, F_DUPFD_CLOEXEC } from '../../uapi/fcntl.ts';
import type { Action } from '../action.ts';
import { BUFFER } from '../expectation.ts';
import { copyName, isWhole, madeDescriptor } from '../export/exporter.ts';
import { wordOf } from '../export/words.ts';
import { syscall } from '../moment.ts';
import { flags, ref, words } from '../value-forms.ts';

const schema = () =>
  z.strictObject(
    { fd: ref, cmd: words('a command of fcntl(2)'), arg: flags.optional() },
    { error: '{ fd, cmd, arg }' },
  );

const duplicates = (cmd: number): boolean => cmd === F_DUPFD || cmd === F_DUPFD_CLOEXEC;

export const fcntl: Action<typeof schema> = {
  text: 'fcntl(2): { fd: a, cmd: F_GETFD }',
  schema,
  makes: 'descriptor',
  expects: BUFFER,
  compile: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const cmd = values.word(value.cmd, [...path, 'cmd'], FCNTL_COMMANDS);
    const arg = values.read(
      value.arg ?? 0,
      [...path, 'arg'],
      parseFcntlArgument,
      'a number, FD_CLOEXEC, or flags such as O_NONBLOCK',
    );
    return (at) => {
      const call = { call: 'fcntl', fd: fd(at), cmd: cmd(at), arg: arg(at) } as const;
      const result = syscall(at, call);
      return result.ret >= 0 && duplicates(call.cmd) ? { ...result, fd: result.ret } : result;
    };
  },
  export: {
    calls: {
      fcntl: ({ task, result: { ret }, call: { fd, cmd, arg } }, { names }) => {
        if (!isWhole(fd) || !isWhole(cmd) || !isWhole(arg) || arg > 0xffffffff) return undefined;
        const ref = names.descriptor(task, fd);
        const word = wordOf(FCNTL_COMMANDS, cmd) ?? cmd;
        const action = { fcntl: { fd: ref, cmd: word, ...(arg !== 0 && { arg }) } };
        if (duplicates(cmd)) return { action, ...madeDescriptor(task, ret, copyName(ref), names) };
        return { action, ...(ret >= 0 && { expect: { ret } }) };
      },
    },
  },
};
