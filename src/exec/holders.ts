/**
 * Who still holds a buffer on the host, where the model alone does not know: a descriptor in a message that nobody received, one that
 * was closed by a raw system call, one that a process has which said nothing yet.
 *
 *     the model's last reference goes ─► it lies in flight ─► a probe finds nobody ─► the buffer dies
 *     the model has references         ─► two probes find nobody ─► they are closed
 */
import type { Kernel } from '../kernel/kernel.ts';
import { dropMessages } from '../session/program-tasks.ts';

/** Names that one sweep asks for. */
const SWEEP = 256;

export class Holders {
  /** The last file that a sweep has asked for. */
  #swept = 0;
  /** Not held when a sweep asked last. */
  #doubted = new Set<string>();

  /** The names of the buffers in messages. */
  inFlight(kernel: Kernel): readonly string[] {
    const names = kernel.filesInFlight().flatMap(([, { file }]) => kernel.exportedBuffer(file)?.name ?? []);
    return [...new Set(names)];
  }

  /**
   * Before a task exits: what it alone has goes into flight, because a process that nobody knows of yet may have it.
   *
   * @returns whether there is any
   */
  keep(kernel: Kernel, task: string): boolean {
    let kept = false;
    for (const { file, fds } of kernel.heldBuffers(task)) {
      const [fd] = fds;
      if (fd === undefined || kernel.exportedBuffer(file) === undefined) continue;
      if (kernel.descriptorsOf(file).some((holder) => holder.task !== task)) continue;
      kernel.syscall(task, { call: 'scm_send', fd });
      kept = true;
    }
    return kept;
  }

  /** Drops the messages of buffers that are not held. @param held `undefined`: all are dropped */
  dropUnheld(kernel: Kernel, asked: readonly string[], held: ReadonlySet<string>): void {
    const free = new Set(asked.filter((name) => !held.has(name)));
    if (free.size === 0) return;
    dropMessages(kernel, (file) => free.has(kernel.exportedBuffer(file)?.name ?? ''));
  }

  /** Some names to be asked for, others each time. */
  nextSweep(kernel: Kernel): readonly string[] {
    const all = kernel.exportedBuffers();
    const start = all.findIndex(([file]) => file > this.#swept);
    const chunk = all.slice(Math.max(start, 0)).slice(0, SWEEP);
    this.#swept = chunk.at(-1)?.[0] ?? 0;
    return chunk.map(([, { name }]) => name);
  }

  /**
   * What a sweep has found: what nobody holds for the second time is closed. Once is not enough: a carrier locks a new buffer's file
   * after it has heard of its success.
   *
   * @param isOurs whether a task is a process of the host
   */
  swept(
    kernel: Kernel,
    asked: readonly string[],
    held: ReadonlySet<string>,
    fileOf: (name: string) => number | undefined,
    isOurs: (task: string) => boolean,
  ): void {
    const free = asked.filter((name) => !held.has(name));
    for (const name of free) {
      const file = fileOf(name);
      if (file !== undefined && this.#doubted.has(name)) closeAll(kernel, file, isOurs);
    }
    for (const name of asked) this.#doubted.delete(name);
    for (const name of free) this.#doubted.add(name);
  }
}

/** Closes and unmaps a buffer in every task that is a process. */
function closeAll(kernel: Kernel, file: number, isOurs: (task: string) => boolean): void {
  for (const { task, number } of kernel.descriptorsOf(file)) {
    if (isOurs(task)) kernel.syscall(task, { call: 'close', fd: number });
  }
  for (const { task, number } of kernel.mappingsOf(file)) {
    if (isOurs(task)) kernel.syscall(task, { call: 'munmap', mapping: number });
  }
}
