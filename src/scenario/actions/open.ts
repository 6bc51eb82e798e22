import * as z from 'zod';
import { openFile, openRequest } from '../../program/open-file.ts';
import { heapName, isHeapNode } from '../../uapi/dma-heap.ts';
import type { Action } from '../action.ts';
import { isWhole, madeDescriptor } from '../export/exporter.ts';
import { flagsWord, isPlainText } from '../export/words.ts';
import { callerAt } from '../moment.ts';
import { flags, text, textOr } from '../value-forms.ts';

const schema = () =>
  textOr(z.strictObject({ path: text, flags: flags.optional() }), 'a path, or { path, flags }');

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
      const result = openFile(callerAt(at), openRequest(name(at), flags?.(at)));
      return result.ret < 0 ? result : { ...result, fd: result.ret };
    };
  },
  export: {
    calls: {
      open: ({ task, result, call: { path, flags, at } }, { names }) => {
        // With the number that its caller got it is said as a call.
        if (at !== undefined) return undefined;
        if (!isPlainText(path) || path === '' || !path.startsWith('/') || !isWhole(flags)) return undefined;
        const isHeap = isHeapNode(path);
        const heap = heapName(path);
        const short = isHeap && heap !== '' && !/^(heap:|\/)/.test(heap) ? heap : path;
        const made = madeDescriptor(task, result.ret, isHeap ? 'heap' : 'file', names);
        if (flags === openRequest(path).flags) return { action: { open: short }, ...made };
        return { action: { open: { path: short, flags: flagsWord(flags) } }, ...made };
      },
    },
  },
};
