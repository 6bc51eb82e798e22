import type { Action } from '../action.ts';
import { BUFFER } from '../expectation.ts';
import { copyName, isWhole, madeDescriptor } from '../export/exporter.ts';
import { syscall } from '../moment.ts';
import { ref } from '../value-forms.ts';

export const dup: Action<() => typeof ref> = {
  text: 'dup(2).',
  schema: () => ref,
  makes: 'descriptor',
  expects: BUFFER,
  compile: (value, values, path) => {
    const fd = values.ref(value, path, 'descriptor');
    return (at) => {
      const result = syscall(at, { call: 'dup', fd: fd(at) });
      return result.ret < 0 ? result : { ...result, fd: result.ret };
    };
  },
  export: {
    calls: {
      dup: ({ task, result, call }, { names }) => {
        if (!isWhole(call.fd)) return undefined;
        const fd = names.descriptor(task, call.fd);
        return { action: { dup: fd }, ...madeDescriptor(task, result.ret, copyName(fd), names) };
      },
    },
  },
};
