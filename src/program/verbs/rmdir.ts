import { verb } from '../verb.ts';

export const rmdir = verb({
  call: 'rmdir',
  place: { after: 'echo' },
  summary: 'remove a cgroup',
  action: 'rmdir(2) below /sys/fs/cgroup.',
  description:
    'rmdir(2) of a cgroup without tasks and without cgroups below it. What is charged to it stays charged above it until it is freed.',
  examples: ['dmaheap rmdir /sys/fs/cgroup/a'],
  arguments: { path: { kind: 'path', text: 'a path below /sys/fs/cgroup' } },
});
