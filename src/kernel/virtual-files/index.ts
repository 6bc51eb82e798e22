/** The files of /proc, /sys and /dev that show memory, heaps, buffers and tasks. */
export { type Access, mayAccess } from './access.ts';
export { type CmaDebugfs, cmaDebugfs } from './cma-debugfs.ts';
export type { VirtualContext } from './context.ts';
export { procIomem } from './iomem.ts';
export { type Lookup, type LookupOptions, lookup } from './lookup.ts';
export { cmaTotalKiB, procMeminfo } from './meminfo.ts';
export type {
  VirtualDevice,
  VirtualDirectory,
  VirtualFile,
  VirtualNode,
  VirtualSymlink,
} from './node.ts';
export { procBuddyinfo } from './vmstat.ts';
