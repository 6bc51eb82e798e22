/** A board from a file, by what the file holds and not by its name: a blob or YAML. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Board } from '../board/board.ts';
import { detectFormat } from '../board/detect-format.ts';
import { boardFromTree } from '../board/from-tree.ts';
import { decodeDtb } from '../devicetree/dtb.ts';
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

/**
 * Makes a board of a file's bytes.
 *
 * @param name the file, for messages
 * @throws UnreadableInput when it cannot be a board; InvalidInput when it is a broken one
 */
export async function decodeBoard(bytes: Uint8Array, name: string): Promise<Board> {
  if (bytes.length === 0) {
    throw new UnreadableInput(
      'file-empty',
      name,
      `${name}: is empty: expected a device tree blob or a YAML board`,
    );
  }
  switch (detectFormat(bytes)) {
    case 'dts':
      throw new UnreadableInput(
        'dts-source',
        name,
        `${name}: is device tree source, which is not read yet`,
        'Compile it first: dtc -O dtb -o board.dtb board.dts',
      );
    case 'yaml': {
      // The YAML and schema libraries take longer to load than all the rest: only for a YAML board.
      const { boardFromYaml } = await import('../board/from-yaml.ts');
      return boardFromYaml(new TextDecoder().decode(bytes), name);
    }
    // What is no board at all is named by the reader of blobs, which knows the usual mistakes.
    default:
      return boardFromTree(decodeDtb(bytes, name), name);
  }
}
