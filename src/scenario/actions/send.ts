import * as z from 'zod';
import { isTaskName } from '../../kernel/task.ts';
import type { Action } from '../action.ts';
import { BUFFER } from '../expectation.ts';
import { copyName, isWhole, madeDescriptor } from '../export/exporter.ts';
import { syscall } from '../moment.ts';
import { taskName } from '../task-name.ts';
import { flag, ref, text } from '../value-forms.ts';

const schema = () => z.strictObject({ fd: ref, to: text, cloexec: flag.optional() }, { error: '{ fd, to }' });

export const send: Action<typeof schema> = {
  text: 'SCM_RIGHTS: a descriptor of the same file for another task; `as` is its number there.',
  schema,
  makes: 'descriptor',
  expects: BUFFER,
  compile: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const to = taskName(value.to, values, [...path, 'to']);
    return (at) => {
      const owner = to(at);
      const cloexec = value.cloexec === true;
      const result = syscall(at, { call: 'sendmsg', fd: fd(at), to: owner, cloexec });
      return result.ret < 0 ? result : { ...result, fd: result.ret, owner };
    };
  },
  export: {
    calls: {
      sendmsg: ({ task, result: { ret, why }, call: { fd: number, to, cloexec, at } }, { names }) => {
        // A step starts the task that makes it.
        const noSender = why?.kind === 'no-such-task' && why.task === task;
        if (at !== undefined || !isWhole(number) || !isTaskName(to) || noSender) return undefined;
        const fd = names.descriptor(task, number);
        const action = { send: { fd, to, ...(cloexec === true && { cloexec }) } };
        return { action, ...madeDescriptor(to, ret, copyName(fd), names) };
      },
    },
  },
};
