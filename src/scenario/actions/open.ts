import * as z from 'zod';
import { O_CLOEXEC, O_RDWR } from '../../uapi/fcntl.ts';
import type { Action } from '../action.ts';
import { isWhole, madeDescriptor } from '../export/exporter.ts';
import { flagsWord, isPlainText } from '../export/words.ts';
import { HEAP_NODES, heapNode } from '../heap-node.ts';
import { syscall } from '../moment.ts';
import { flags, text, textOr } from '../value-forms.ts';

const schema = () =>
  textOr(z.strictObject({ path: text, flags: flags.optional() }), 'a path, or { path, flags }');

/** The flags that nobody needs to say. */
const standardFlags = (path: string): number =>
  path.startsWith(HEAP_NODES) ? O_RDWR | O_CLOEXEC : O_CLOEXEC;

export const open: Action<typeof schema> = {
  text: 'open(2): a path, or the name of a heap.',
  schema,
  makes: 'descriptor',
  expects: ['fd'],
  compile: (value, values, path) => {
    const given = typeof value === 'string' ? { path: value } : value;
    const name = values.text(given.path, [...path, 'path']);
    const flags = given.flags === undefined ? undefined : values.flags(given.flags, [...path, 'flags']);
    return (at) => {
      const word = name(at);
      const file = word.startsWith('/') ? word : heapNode(word);
      const call = { call: 'open', path: file, flags: flags?.(at) ?? standardFlags(file) } as const;
      const result = syscall(at, call);
      return result.ret < 0 ? result : { ...result, fd: result.ret };
    };
  },
  export: {
    calls: {
      open: ({ task, result, call: { path, flags } }, { names }) => {
        if (!isPlainText(path) || path === '' || !path.startsWith('/') || !isWhole(flags)) return undefined;
        const isHeap = path.startsWith(HEAP_NODES);
        const heap = path.slice(HEAP_NODES.length);
        const short = isHeap && heap !== '' && !/^(heap:|\/)/.test(heap) ? heap : path;
        const made = madeDescriptor(task, result.ret, isHeap ? 'heap' : 'file', names);
        if (flags === standardFlags(path)) return { action: { open: short }, ...made };
        return { action: { open: { path: short, flags: flagsWord(flags) } }, ...made };
      },
    },
  },
};
