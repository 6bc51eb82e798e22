/** /proc: the tasks, and what the whole system shows. */
import { DMA_HEAP_MAJOR } from '../../dma-buf/dma-heap.ts';
import { bootRecord } from '../boot/boot-record.ts';
import { findTask, isTaskName, taskCalled, taskNames } from '../task.ts';
import type { Viewer } from './context.ts';
import { DEVICE_TREE_PATH, hasDeviceTree } from './device-tree.ts';
import { iomem } from './iomem.ts';
import { type Entries, procFile, symlink } from './make-node.ts';
import { meminfo } from './meminfo.ts';
import type { VirtualDirectory, VirtualNode } from './node.ts';
import { taskDirectory } from './proc-task.ts';
import { procBuddyinfo, procPagetypeinfo } from './vmstat.ts';

/**
 * fs/char_dev.c: chrdev_show() (Linux 7.3). The heaps' line is exact; of the others those stand here that
 * every kernel has.
 */
const DEVICES = [
  [1, 'mem'],
  [5, '/dev/tty'],
  [5, '/dev/console'],
  [5, '/dev/ptmx'],
  [10, 'misc'],
  [DMA_HEAP_MAJOR, 'dma_heap'],
] as const;

const devices = (): string =>
  `Character devices:\n${DEVICES.map(([major, name]) => `${`${major}`.padStart(3)} ${name}\n`).join('')}`;

function systemFiles({ records, credentials }: Viewer): Entries {
  const entries = new Map<string, () => VirtualNode>([
    ['buddyinfo', () => procFile(() => procBuddyinfo(records))],
    ['cmdline', () => procFile(() => `${bootRecord(records).cmdline}\n`)],
    ['devices', () => procFile(devices)],
    ['iomem', () => procFile(() => iomem(records, credentials))],
    ['meminfo', () => procFile(() => meminfo(records))],
    ['pagetypeinfo', () => procFile(() => procPagetypeinfo(records), 0o400)],
  ]);
  if (hasDeviceTree(records)) entries.set('device-tree', () => symlink(DEVICE_TREE_PATH));
  return entries;
}

/** The directory: tasks are listed by number, and found by number and by name. */
export function procDirectory(viewer: Viewer): VirtualDirectory {
  const { records, task } = viewer;
  const self = task === undefined ? undefined : findTask(records, task)?.pid;
  const files = systemFiles(viewer);
  return {
    kind: 'directory',
    mode: 0o555,
    list: () => {
      const pids = [...taskNames(records)].map((name) => findTask(records, name)?.pid ?? 0);
      const names = [...files.keys(), ...(self === undefined ? [] : ['self'])].sort();
      return [...names, ...pids.sort((a, b) => a - b).map((pid) => `${pid}`)];
    },
    get: (name) => {
      if (name === 'self') return self === undefined ? undefined : symlink(`${self}`);
      const file = files.get(name);
      if (file !== undefined) return file();
      // name_to_int(): digits in one way only.
      if (!isTaskName(name) && !/^[1-9][0-9]{0,9}$/.test(name)) return undefined;
      const found = taskCalled(records, name);
      return found === undefined ? undefined : taskDirectory(viewer, found);
    },
  };
}
