/**
 * What mixed commands were told, and whether the session agrees at the end: its buffers, and its journal.
 * Only what a command has answered is known here.
 */
import type { JournalEntry } from '../../src/session/journal.ts';
import { DMA_HEAP_IOCTL_ALLOC, decodeDmaHeapAllocationData } from '../../src/uapi/dma-heap.ts';

/** A buffer that a worker made: which its descriptors, in any task, lead to. */
export interface OwnBuffer {
  readonly heap: string;
  readonly size: number;
  /** Its first bytes, as the last command that wrote left them. */
  readonly head: Uint8Array;
}

export interface Descriptor {
  readonly task: string;
  readonly fd: number;
  readonly buffer: OwnBuffer;
}

/** A buffer in the answer of `buffers --json`, as far as it is looked at. */
interface ListedBuffer {
  readonly heap: string;
  readonly size: number;
  readonly fds: readonly { readonly task: string; readonly fd: number }[];
}

export const nameOf = (task: string, fd: number): string => `${task}:${fd}`;

/** All descriptors that were handed out and not given back. */
export class MixedModel {
  readonly #open = new Map<string, Descriptor>();
  readonly problems: string[] = [];
  readonly counts = { allocs: 0, frees: 0, forks: 0, sends: 0 };

  get size(): number {
    return this.#open.size;
  }

  /** A command has answered that this descriptor is open now. */
  opened(descriptor: Descriptor, by: string): void {
    const name = nameOf(descriptor.task, descriptor.fd);
    if (this.#open.has(name)) this.problems.push(`${by} was given ${name}, which is another's`);
    this.#open.set(name, descriptor);
  }

  /** A command is about to close it: from now on somebody else may get the number. */
  closing({ task, fd }: Descriptor): void {
    this.#open.delete(nameOf(task, fd));
  }

  /** @returns descriptors in the list that nobody was told of, and told ones that are not in it */
  compare(json: string): { lost: string[]; unknown: string[] } {
    const listed = new Map<string, ListedBuffer>();
    for (const buffer of listedBuffers(json)) {
      for (const { task, fd } of buffer.fds) listed.set(nameOf(task, fd), buffer);
    }
    const isThere = ([name, { buffer }]: [string, Descriptor]): boolean => {
      const found = listed.get(name);
      return found !== undefined && found.heap === buffer.heap && found.size === buffer.size;
    };
    return {
      lost: [...this.#open].filter((entry) => !isThere(entry)).map(([name]) => name),
      unknown: [...listed.keys()].filter((name) => !this.#open.has(name)),
    };
  }

  /** Whether the journal tells what was answered, and the same descriptors are open when it ends. */
  compareJournal(journal: readonly JournalEntry[], unwatched?: string): void {
    const { open, counts, problems } = retell(journal, unwatched);
    this.problems.push(...problems);
    const told = JSON.stringify(this.counts);
    if (JSON.stringify(counts) !== told) {
      this.problems.push(`the journal tells of ${JSON.stringify(counts)}, and ${told} were answered`);
    }
    for (const name of this.#open.keys()) {
      if (!open.delete(name)) this.problems.push(`in the journal ${name} is not open`);
    }
    for (const name of open) this.problems.push(`in the journal ${name} is open, and nobody was told`);
  }
}

export const listedBuffers = (json: string): readonly ListedBuffer[] =>
  (JSON.parse(json) as { buffers: ListedBuffer[] }).buffers;

/** Which descriptors of buffers are open after a journal, and how often each thing was done that worked. */
function retell(journal: readonly JournalEntry[], unwatched: string | undefined) {
  const open = new Set<string>();
  const problems: string[] = [];
  const counts = { allocs: 0, frees: 0, forks: 0, sends: 0 };
  const add = (name: string): void => {
    if (open.has(name)) problems.push(`in the journal ${name} is handed out twice`);
    open.add(name);
  };
  for (const [index, entry] of journal.entries()) {
    if (entry.seq !== index) problems.push(`entry ${index} of the journal has number ${entry.seq}`);
    if (!('call' in entry) || entry.result.ret < 0 || entry.task === unwatched) continue;
    const { task, call, result } = entry;
    if (call.call === 'ioctl' && call.request >>> 0 === DMA_HEAP_IOCTL_ALLOC && call.arg !== null) {
      counts.allocs++;
      add(nameOf(task, decodeDmaHeapAllocationData(call.arg).fd));
    } else if (call.call === 'close') {
      // Heaps' nodes are closed too.
      if (open.delete(nameOf(task, call.fd))) counts.frees++;
    } else if (call.call === 'fork') {
      counts.forks++;
      for (const name of [...open]) {
        if (name.startsWith(`${task}:`)) add(`${call.child}${name.slice(task.length)}`);
      }
    } else if (call.call === 'sendmsg') {
      counts.sends++;
      add(nameOf(call.to, result.ret));
    }
  }
  return { open, problems, counts };
}
