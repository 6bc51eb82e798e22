import type { Action } from '../action.ts';
import { readText } from '../read-text.ts';
import { text } from '../value-forms.ts';

export const cat: Action<() => typeof text> = {
  text: 'A file of /proc, /sys or /dev.',
  schema: () => text,
  expects: ['text', 'bytes', 'sha256'],
  compile: (value, values, path) => {
    const file = values.text(value, path);
    return (at) => readText(at, file(at));
  },
};
