/** A file or standard input, piece by piece: as much at once as is worth a transaction, and never all of it. */
import { createReadStream } from 'node:fs';
import { CHUNK } from '../bytes/byte-stream.ts';
import { openRegular, unusable } from './input-file.ts';
import { named, naming } from './read-input.ts';

/** @param file `-` is standard input @throws UnreadableInput */
export async function* inputPieces(file: string): AsyncGenerator<Uint8Array, undefined> {
  const source =
    file === '-'
      ? process.stdin
      : createReadStream('', { fd: naming(file, () => openRegular(file)).fd, start: 0 });
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
    throw named(file, unusable(error));
  }
  if (size > 0) yield Buffer.concat(waiting);
  return undefined;
}
