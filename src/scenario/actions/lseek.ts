import * as z from 'zod';
import { WHENCES } from '../../uapi/call-names.ts';
import { SEEK_SET } from '../../uapi/fcntl.ts';
import type { Action } from '../action.ts';
import { isWhole } from '../export/exporter.ts';
import { wordOf } from '../export/words.ts';
import { syscall } from '../moment.ts';
import { ref, signed, words } from '../value-forms.ts';

const schema = () =>
  z.strictObject(
    { fd: ref, offset: signed.optional(), whence: words('SEEK_SET, SEEK_END or a number').optional() },
    { error: '{ fd, offset, whence }' },
  );

export const lseek: Action<typeof schema> = {
  text: 'lseek(2): { fd: a, whence: SEEK_END }',
  schema,
  compile: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const offset = values.signed(value.offset ?? 0, [...path, 'offset']);
    const whence = values.word(value.whence ?? SEEK_SET, [...path, 'whence'], WHENCES);
    return (at) => {
      const call = { call: 'lseek', fd: fd(at), offset: offset(at), whence: whence(at) } as const;
      return syscall(at, call);
    };
  },
  export: {
    calls: {
      lseek: ({ task, result: { ret }, call }, { names }) => {
        const whence = wordOf(WHENCES, call.whence) ?? (isWhole(call.whence) ? call.whence : undefined);
        if (!isWhole(call.fd) || whence === undefined) return undefined;
        const offset =
          call.offset === 0n ? {} : { offset: call.offset < 0n ? String(call.offset) : call.offset };
        const words = call.whence === SEEK_SET ? {} : { whence };
        return {
          action: { lseek: { fd: names.descriptor(task, call.fd), ...offset, ...words } },
          ...(ret >= 0 && { expect: { ret } }),
        };
      },
    },
  },
};
