import { decodeStat, type StatLayout } from '../../uapi/stat.ts';
import type { Action } from '../action.ts';
import { isWhole } from '../export/exporter.ts';
import { syscall } from '../moment.ts';
import { ref } from '../value-forms.ts';

/** What an export expects: numbers that a file may well not have are left out where they are 0. */
function statValue(buf: Uint8Array, layout: StatLayout): Readonly<Record<string, number | bigint>> {
  const { st_mode, st_size, st_ino, st_rdev } = decodeStat(buf, layout);
  const all = { st_mode, st_size, st_ino, st_rdev };
  return Object.fromEntries(Object.entries(all).filter(([key, value]) => key === 'st_mode' || value !== 0n));
}

export const stat: Action<() => typeof ref> = {
  text: 'fstat(2).',
  schema: () => ref,
  expects: ['value'],
  numbers: [
    'st_ino',
    'st_mode',
    'st_nlink',
    'st_uid',
    'st_gid',
    'st_rdev',
    'st_size',
    'st_blksize',
    'st_blocks',
  ],
  compile: (value, values, path) => {
    const fd = values.ref(value, path, 'descriptor');
    return (at) => {
      const layout = at.machine.kernel.profile.arch.stat;
      const buf = new Uint8Array(layout.size);
      const result = syscall(at, { call: 'fstat', fd: fd(at), buf });
      return result.ret < 0 ? result : { ...result, value: { ...decodeStat(buf, layout) } };
    };
  },
  export: {
    calls: {
      fstat: ({ task, result: { ret }, call: { fd, buf } }, { names, history }) => {
        const layout = history.profile.arch.stat;
        if (!isWhole(fd) || buf?.length !== layout.size) return undefined;
        return {
          action: { stat: names.descriptor(task, fd) },
          ...(ret >= 0 && { expect: { value: statValue(buf, layout) } }),
        };
      },
    },
  },
};
