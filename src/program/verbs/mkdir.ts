import { verb } from '../verb.ts';

export const mkdir = verb({
  call: 'mkdir',
  place: { after: 'echo' },
  summary: 'make a cgroup',
  action: 'mkdir(2) below /sys/fs/cgroup.',
  description:
    'mkdir(2), which makes a cgroup below /sys/fs/cgroup: nothing else of /proc, /sys and /dev can be made so. A task joins it by its pid in cgroup.procs.',
  examples: [
    'dmaheap mkdir /sys/fs/cgroup/a',
    'dmaheap echo 8M /sys/fs/cgroup/a/memory.max',
    'dmaheap echo 0 /sys/fs/cgroup/a/cgroup.procs',
  ],
  arguments: { path: { kind: 'path', text: 'a path below /sys/fs/cgroup' } },
});
