/** A file or standard input, piece by piece: as much at once as is worth a transaction, and never all of it. */
import { createReadStream } from 'node:fs';
import { CHUNK } from './byte-stream.ts';
import { UnreadableInput } from './failures.ts';
import { inputName } from './read-input.ts';

const WORDS: Readonly<Record<string, readonly [code: string, text: string]>> = {
  ENOENT: ['file-not-found', 'no such file'],
  EISDIR: ['is-a-directory', 'is a directory'],
  EACCES: ['file-unreadable', 'permission denied'],
};

/** @param file `-` is standard input @throws UnreadableInput */
export async function* inputPieces(file: string): AsyncGenerator<Uint8Array, undefined> {
  const source = file === '-' ? process.stdin : createReadStream(file);
  let waiting: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of source as AsyncIterable<Uint8Array>) {
      waiting.push(part);
      size += part.length;
      if (size < CHUNK) continue;
      yield Buffer.concat(waiting);
      waiting = [];
      size = 0;
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    const name = inputName(file);
    const [stable, text] = WORDS[code] ?? ['file-unreadable', `cannot be read (${code})`];
    throw new UnreadableInput(stable, name, `${name}: ${text}`);
  }
  if (size > 0) yield Buffer.concat(waiting);
  return undefined;
}
