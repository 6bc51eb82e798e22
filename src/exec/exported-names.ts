/**
 * Which file in the buffers' directory has which buffer's bytes. A carrier makes the file and offers its name; the records keep it, and
 * the buffer's death removes it.
 */

import { isBufferFileName } from '../dma-buf/exported-buffers.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { MalformedMessage } from './wire.ts';

/** Names that may be those of dead buffers before they are looked through. */
const STALE = 4096;

export class ExportedNames {
  readonly directory: string;
  /** By name, dead ones among them: the records decide. */
  readonly #files = new Map<string, number>();
  #prunedAt = STALE;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Takes what another server has left, or a command has changed. */
  load(kernel: Kernel): void {
    this.#files.clear();
    for (const [file, { name }] of kernel.exportedBuffers()) this.#files.set(name, file);
  }

  /** The number of the open file whose bytes are in the file of that name. */
  fileOf(kernel: Kernel, name: string): number | undefined {
    const file = this.#files.get(name);
    return file !== undefined && kernel.exportedBuffer(file)?.name === name ? file : undefined;
  }

  /** The open file that a host path below the directory belongs to. */
  fileAt(kernel: Kernel, path: string): number | undefined {
    if (!path.startsWith(`${this.directory}/`)) return undefined;
    // What the kernel puts behind the path of a file that was removed.
    return this.fileOf(kernel, path.slice(this.directory.length + 1).replace(/ \(deleted\)$/, ''));
  }

  /**
   * The bytes of a task's new buffer are in a file that its carrier made.
   *
   * @throws MalformedMessage when the carrier offers a name that cannot be, or is another buffer's
   */
  add(kernel: Kernel, task: string, fd: number, file: number, name: string): void {
    if (!isBufferFileName(name)) throw new MalformedMessage(`a buffer's file called ${JSON.stringify(name)}`);
    if (this.fileOf(kernel, name) !== undefined) throw new MalformedMessage(`${name} is another buffer's`);
    kernel.exportBuffer(task, fd, name);
    this.#files.set(name, file);
    if (this.#files.size > this.#prunedAt) this.#prune(kernel);
  }

  #prune(kernel: Kernel): void {
    for (const [name, file] of this.#files) if (!kernel.hasFile(file)) this.#files.delete(name);
    this.#prunedAt = 2 * this.#files.size + STALE;
  }
}
