/** Opens a heap's node or a file by a word, as a program that means to use it does. */
import { heapNode, isHeapNode } from '../uapi/dma-heap.ts';
import { O_CLOEXEC, O_RDWR } from '../uapi/fcntl.ts';
import type { Caller } from './caller.ts';
import type { Outcome } from './outcome.ts';
import { openedPath } from './refused-path.ts';

/** What is opened, and how. */
export interface OpenRequest {
  readonly path: string;
  readonly flags: number;
}

/**
 * What open(2) is asked for.
 *
 * @param word an absolute path, or the name of a heap
 * @param flags O_RDWR|O_CLOEXEC of a heap's node and O_RDONLY|O_CLOEXEC of anything else, unless given
 */
export function openRequest(word: string, flags?: number): OpenRequest {
  const path = word.startsWith('/') ? word : heapNode(word);
  return { path, flags: flags ?? (isHeapNode(path) ? O_RDWR | O_CLOEXEC : O_CLOEXEC) };
}

/** open(2). @returns the descriptor as `ret` */
export const openFile = (caller: Caller, request: OpenRequest): Outcome =>
  openedPath(caller, caller.kernel.syscall(caller.task, { call: 'open', ...request }));
