/** Reads whole files that a user names, and says what is wrong when they cannot be read. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UnreadableInput } from './failures.ts';

/** Larger than any board by far; what is larger was given by mistake. */
const MAX_BYTES = 64 * 1024 * 1024;
const STDIN = 0;

const WORDS: Readonly<Record<string, readonly [code: string, text: string]>> = {
  ENOENT: ['file-not-found', 'no such file'],
  EISDIR: ['is-a-directory', 'is a directory, not a board'],
  EACCES: ['file-unreadable', 'permission denied'],
};

/** What messages call an input: the file, or what `-` stands for. */
export const inputName = (file: string): string => (file === '-' ? 'standard input' : file);

/** Reads a whole file, or standard input for `-`. @throws UnreadableInput */
export function readInput(file: string): Uint8Array {
  const name = inputName(file);
  try {
    const fd = file === '-' ? STDIN : openSync(file, 'r');
    try {
      if (fstatSync(fd).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
      const parts: Uint8Array[] = [];
      let total = 0;
      for (;;) {
        const part = new Uint8Array(64 * 1024);
        const got = readSync(fd, part);
        if (got === 0) break;
        parts.push(part.subarray(0, got));
        total += got;
        if (total > MAX_BYTES) {
          throw new UnreadableInput('file-too-large', name, `${name}: larger than 64 MiB: not a board`);
        }
      }
      return Buffer.concat(parts);
    } finally {
      if (fd !== STDIN) closeSync(fd);
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof UnreadableInput || code === undefined) throw error;
    const [stable, text] = WORDS[code] ?? ['file-unreadable', `cannot be read (${code})`];
    throw new UnreadableInput(stable, name, `${name}: ${text}`);
  }
}
