import * as z from 'zod';
import { echo as writeFile } from '../../program/echo.ts';
import { O_WRONLY } from '../../uapi/fcntl.ts';
import type { Action } from '../action.ts';
import { type Cursor, callAt, type Draft } from '../export/draft.ts';
import { isCall } from '../export/history.ts';
import { isPlainText } from '../export/words.ts';
import { callerAt } from '../moment.ts';
import { text, wordOrNumber } from '../value-forms.ts';

const schema = () => z.strictObject({ value: wordOrNumber, path: text }, { error: '{ value, path }' });

/** open(path), write(value), close. */
function several({ history, at, end }: Cursor): readonly Draft[] | undefined {
  const opened = history.entries[at];
  if (!isCall(opened) || opened.call.call !== 'open' || opened.call.at !== undefined || opened.result.ret < 0)
    return undefined;
  const { path, flags } = opened.call;
  if (flags !== O_WRONLY || !isPlainText(path)) return undefined;
  const { task } = opened;
  const written = callAt({ history, end }, at + 1, task, 'write');
  const closed = callAt({ history, end }, at + 2, task, 'close');
  const fd = opened.result.ret;
  if (written?.call.fd !== fd || closed?.call.fd !== fd || written.call.buf === null) return undefined;
  const value = new TextDecoder('utf-8', { ignoreBOM: true }).decode(written.call.buf);
  if (Buffer.compare(new TextEncoder().encode(value), written.call.buf) !== 0 || !isPlainText(value))
    return undefined;
  const { ret, errno } = written.result;
  const expect = errno === undefined ? { ret } : { errno };
  return [{ action: { echo: { value, path } }, task, entries: 3, expect }];
}

export const echo: Action<typeof schema> = {
  text: 'Writes a value to a file of /sys.',
  schema,
  compile: (value, values, path) => {
    const text = values.text(String(value.value), [...path, 'value']);
    const file = values.text(value.path, [...path, 'path']);
    return (at) => writeFile(callerAt(at), file(at), text(at));
  },
  export: { several },
};
