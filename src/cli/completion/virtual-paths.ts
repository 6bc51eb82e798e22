/** Paths of /proc, /sys and /dev as a child of the command's task sees them. */
import type { Kernel } from '../../kernel/kernel.ts';
import { mayAccess, type VirtualNode } from '../../kernel/virtual-files/index.ts';
import { credentialsOf, entriesOf } from '../../program/path-lookup.ts';

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
