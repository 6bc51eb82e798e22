/** A path of the virtual tree as a task finds it. */
import { fail, type SyscallResult } from './calls/results.ts';
import type { KernelState } from './state.ts';
import { type Credentials, findTask, ROOT } from './task.ts';
import { type LookupOptions, lookup } from './virtual-files/lookup.ts';
import type { VirtualNode } from './virtual-files/node.ts';

export interface Found {
  readonly node: VirtualNode;
  /** The path without links, `.` and `..`. */
  readonly path: string;
}

export interface FoundBy extends Found {
  /** Who looked. */
  readonly credentials: Credentials;
}

/** Looks a path up for a task, or says why it finds nothing. */
export function found(
  state: KernelState,
  by: string,
  path: string,
  options: LookupOptions = {},
): FoundBy | { readonly refused: SyscallResult } {
  const credentials = findTask(state.records, by)?.credentials ?? ROOT;
  const at = lookup({ ...state.heapContext(by), task: by }, path, credentials, options);
  return 'errno' in at ? { refused: fail(at.errno, { kind: 'path', path }) } : { ...at, credentials };
}
