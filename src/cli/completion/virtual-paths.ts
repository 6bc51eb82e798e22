/** Paths of /proc, /sys and /dev as a child of the command's task sees them. */
import type { Kernel } from '../../kernel/kernel.ts';
import { mayAccess, type VirtualNode } from '../../kernel/virtual-files/index.ts';
import { credentialsOf, entriesOf, type Refused } from '../../program/path-lookup.ts';
import { whoNotes } from '../calls.ts';
import type { FailedCall } from '../failures.ts';

/** What is told of a path that leads nowhere, or where the task may not go. @param what the command */
export function pathFailure(
  kernel: Kernel,
  task: string,
  what: string,
  path: string,
  { errno, node, onlyWritten }: Refused,
): FailedCall {
  const notes = [
    ...(path.startsWith('/') ? [] : ['a path begins with /: there is no current directory']),
    ...(onlyWritten === true ? ['it is only written'] : whoNotes(kernel, task, errno)),
  ];
  // A mode says nothing of a file that decides by other means.
  const byMode = errno === 'EACCES' && node !== undefined && node.permission === undefined;
  const why = byMode ? ({ kind: 'path', path, mode: node.mode, gid: node.gid ?? 0 } as const) : undefined;
  return { what: `${what}: ${path}`, errno, notes, ...(why && { why }) };
}

/** Names that continue a path that was begun, directories with a slash: for completion. */
export function pathsBeginning(kernel: Kernel, begun: string, task: string): string[] {
  if (begun === '') return ['/'];
  const cut = begun.lastIndexOf('/') + 1;
  const [folder, start] = [begun.slice(0, cut), begun.slice(cut)];
  const found = kernel.lookup(folder, task);
  if ('errno' in found || found.node.kind !== 'directory') return [];
  if (!mayAccess(found.node, credentialsOf(kernel, task), { read: true, search: true })) return [];
  return entriesOf(found.node)
    .filter(({ name }) => name.startsWith(start))
    .map(({ name, node }) => `${folder}${name}${isDirectory(kernel, node, folder + name, task) ? '/' : ''}`);
}

function isDirectory(kernel: Kernel, node: VirtualNode, path: string, task: string): boolean {
  if (node.kind !== 'symlink') return node.kind === 'directory';
  const target = kernel.lookup(path, task);
  return 'node' in target && target.node.kind === 'directory';
}
