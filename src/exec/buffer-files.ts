/**
 * Which file in the buffers' directory has which buffer's bytes. A carrier makes the file and offers its name; the buffer's death
 * removes it.
 */
import { join } from 'node:path';
import type { Kernel } from '../kernel/kernel.ts';
import { unlinkQuietly } from '../session/host-files.ts';
import { MalformedMessage } from './wire.ts';

/** What a carrier may call a buffer's file. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export class BufferFiles {
  readonly directory: string;
  readonly #names = new Map<number, string>();
  readonly #files = new Map<string, number>();

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The name of the file of a buffer, by the number of its open file in the model. */
  nameOf(file: number): string | undefined {
    return this.#names.get(file);
  }

  /** The number of the open file whose bytes are in the file of that name. */
  fileOf(name: string): number | undefined {
    return this.#files.get(name);
  }

  /** The open file that a host path below the directory belongs to. */
  fileAt(path: string): number | undefined {
    if (!path.startsWith(`${this.directory}/`)) return undefined;
    // What the kernel puts behind the path of a file that was removed.
    return this.#files.get(path.slice(this.directory.length + 1).replace(/ \(deleted\)$/, ''));
  }

  /** @throws MalformedMessage when a carrier offers a name that cannot be, or is another buffer's */
  add(file: number, name: string): void {
    if (!NAME.test(name)) throw new MalformedMessage(`a buffer's file called ${JSON.stringify(name)}`);
    if (this.#files.has(name)) throw new MalformedMessage(`${name} is another buffer's`);
    this.#names.set(file, name);
    this.#files.set(name, file);
  }

  /** Removes the files of those among `candidates` that nobody refers to any more. */
  release(kernel: Kernel, candidates: Iterable<number>): void {
    for (const file of candidates) {
      const name = this.#names.get(file);
      if (name === undefined || kernel.hasFile(file)) continue;
      this.#names.delete(file);
      this.#files.delete(name);
      unlinkQuietly(join(this.directory, name));
    }
  }

  /** The numbers of all open files that have one. */
  all(): Iterable<number> {
    return this.#names.keys();
  }
}
