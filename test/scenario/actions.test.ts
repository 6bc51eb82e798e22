// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scenarios
/** Every action does what the command of its name does. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ACTION_NAMES } from '../../src/scenario/actions/index.ts';
import { projectPath } from '../small-board.ts';
import { failures, passes, run } from './running.ts';

const SCENARIOS: Readonly<Record<string, string>> = {
  'calls on descriptors': `
steps:
  - open: system
    as: h
    expect: { fd: 3 }
  - open: { path: /dev/dma_heap/system, flags: O_RDONLY }
    as: r
  - open: { path: /proc/meminfo }
    as: m
  - open: { path: nope }
    expect: { errno: ENOENT }
  - free: [r, m]
  - alloc: { heap: 'heap:system', size: 5000, name: frame, fd-flags: O_RDONLY, heap-flags: 0, fd: 0 }
    as: a
    expect: { fd: 5, size: 8K, getfl: O_RDONLY, getfd: 0, ret: 0 }
  - alloc: { heap: system, size: 4K, heap-flags: 1 }
    expect: { errno: EINVAL }
  - alloc: { heap: system, size: 4K, name: a name that has more than thirty-one bytes }
    expect: { errno: EINVAL }
  - dup: a
    as: b
    expect: { fd: 4, size: 8K, getfd: 0 }
  - name: { fd: b, name: other }
  - fcntl: { fd: b, cmd: F_SETFD, arg: FD_CLOEXEC }
  - fcntl: { fd: b, cmd: F_GETFD }
    expect: { ret: 1 }
  - fcntl: { fd: b, cmd: F_DUPFD_CLOEXEC, arg: 20 }
    as: c
    expect: { fd: 20, getfd: FD_CLOEXEC }
  - lseek: { fd: a, whence: SEEK_END }
    expect: { ret: 8K }
  - lseek: { fd: a, offset: -1, whence: SEEK_SET }
    expect: { errno: EINVAL }
  - poll: { fd: a, events: POLLIN }
    expect: { ret: 1, revents: POLLIN }
  - poll: a
    expect: { revents: 5 }
  - stat: a
    expect: { value: { st_size: 8K, st_ino: '> 0', st_mode: 0x180 } }
  - ioctl: { fd: h, request: FIOCLEX }
  - ioctl: { fd: a, request: 0x1234 }
    expect: { errno: ENOTTY }
  - ioctl: { fd: h, request: DMA_HEAP_IOCTL_ALLOC, null: true }
    expect: { errno: EFAULT }
  - sync: { fd: a, start: true, read: true, write: true }
  - sync: { fd: a, end: true, read: true }
  - sync: { fd: a, flags: 0 }
    expect: { errno: EINVAL }
  - call-read: { fd: a, buf: 16 }
    expect: { errno: EINVAL }
  - call-pread64: { fd: a, buf: 16, offset: 0 }
    expect: { errno: ESPIPE }
  - call-write: { fd: a, buf: 00ff }
    expect: { errno: EBADF }
  - call-pwrite64: { fd: a, buf: 00ff, offset: 0 }
    expect: { errno: ESPIPE }
  - call-ftruncate: { fd: a, length: 4096 }
    expect: { errno: EINVAL }
  - call-mmap: { fd: a, length: 1M, prot: PROT_READ, flags: MAP_SHARED, offset: 0 }
    expect: { errno: EINVAL }
  - setrlimit: 7
  - dup: a
    expect: { fd: 6 }
  - dup: a
    expect: { errno: EMFILE }
  - free: [a, b, c, 6, h]
  - free: a
    expect: { errno: EBADF }
  - free: [0, 99]
    expect: { errno: EBADF }
expect: { leaks: none, buffers: 0 }
`,
  bytes: `
steps:
  - alloc: { heap: system, size: 8K }
    as: a
  - write: { to: a, offset: 4094, bytes: '00 11 22:33' }
  - read: { from: a, offset: 4095, length: 2 }
    expect: { bytes: '1122', value: { length: 2, nonzero: 2, sum: 51 } }
  - write: { to: a, file: hello.txt }
  - read: { from: a, length: 5 }
    expect:
      text: hello
      sha256: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
  - fill: { to: a, byte: 0xab }
  - read: a
    expect: { value: { length: 8K, nonzero: 8192, sum: 1400832 } }
  - write: { to: a, offset: 8K, text: x }
    expect: { errno: EINVAL }
  - mmap: { fd: a, length: 4K, offset: 4K, prot: r }
    as: m
  - read: { from: 'map:m', length: 1 }
    expect: { bytes: ab }
  - fill: { to: 'map:m', byte: 1 }
    expect: { fault: SegmentationFault }
  - read: { from: 'map:m', offset: 4K, length: 1 }
    expect: { fault: any }
  - alloc: { heap: vpu-pool@50000000, size: 4K }
    as: c
  - mmap: { fd: c, private: true }
    as: p
  - fill: { to: 'map:p', byte: 1 }
  - read: { from: 'map:p', length: 1 }
    expect: { bytes: '01' }
  - read: { from: c, length: 1 }
    expect: { bytes: '00' }
  - munmap: m
  - munmap: p
  - munmap: p
    expect: { errno: EINVAL }
  - read: { from: 'map:m', length: 1 }
    expect: { errno: EFAULT }
  - fill: { to: '@0x60000000:16', byte: 7 }
  - read: '@0x60000000:16'
    expect: { value: { sum: 112 } }
  - read: '@0x10:16'
    expect: { fault: BusError }
  - mmap: { fd: a, prot: none }
    as: n
  - mmap: { fd: a, length: 4K, prot: w }
`,
  devices: `
steps:
  - device-add: cam
  - device-add: { name: cam }
    expect: { errno: EEXIST }
  - device-add:
      name: npu
      coherent: true
      mask: 40
      dma-ranges: ['0x40000000:0x0:1G']
      bus-limit: 0xffffffff
      max-seg-size: 1M
      contiguous: true
      importer: drm
  - device-add: { name: second, node: /soc@0/camera@a200000, iommu: false }
  - device-set: { name: cam, mask: 64, iommu: true }
  - alloc: { heap: video-cma@60000000, size: 64K }
    as: a
  - attach: { fd: a, device: cam }
    as: x
  - device-set: { name: cam, mask: 32 }
    expect: { errno: EBUSY }
  - map: { attachment: x, direction: to-device }
    expect: { dma: '> 0' }
  - read: { from: 'attachment:x', length: 16 }
    expect: { value: { sum: 0 } }
  - fill: { to: 'attachment:x', length: 16, byte: 1 }
    expect: { fault: IommuFault }
  - unmap: x
  - unmap: x
    expect: { errno: EINVAL }
  - map: x
  - fill: { to: a, length: 16, byte: 1, by: cam }
  - detach: x
  - fill: { to: a, length: 16, byte: 1, by: cam }
    expect: { errno: EINVAL }
  - attach: { fd: a, device: npu }
    as: y
  - map: y
    expect: { dma: 0x20000000 }
  - write: { to: '@0x20000000', text: dma, by: npu }
  - read: { from: a, length: 3 }
    expect: { text: dma }
  - attach: { fd: a, device: accelerator@a100000 }
  - device-rm: npu
  - device-rm: npu
    expect: { errno: ENODEV }
  - attach: { fd: a, device: nope }
    expect: { errno: ENODEV }
  - attach: { fd: 0, device: cam }
    expect: { errno: EINVAL }
`,
  tasks: `
boot: { group: video, mode: 0660 }
steps:
  - task-add: { name: user, uid: 1000, gid: 1000, groups: [video, 27], nofile: 64 }
  - task-add: user
    expect: { errno: EEXIST }
  - alloc: { heap: system, size: 4K }
    task: user
    as: a
    expect: { fd: 4 }
  - fork: child
    task: user
  - exec: true
    task: child
  - free: a
    task: child
    expect: { errno: EBADF }
  # Who receives must be there; only the task of a step is started when there is none.
  - send: { fd: a, to: late }
    task: user
    expect: { errno: ESRCH }
  - task-add: late
  - send: { fd: a, to: late, cloexec: true }
    task: user
    as: b
    expect: { fd: 3, getfd: FD_CLOEXEC }
  - exit: true
    task: user
  - check: { buffers: 1 }
  - exit: true
    task: late
  - check: { buffers: 0 }
  # One that has ended begins anew.
  - alloc: { heap: system, size: 4K }
    task: late
    expect: { fd: 4 }
`,
  'parts of a mapping': `
steps:
  - alloc: { heap: system, size: 32K }
    as: a
  - mmap: { fd: a }
    as: m
  - call-mprotect: { mapping: m, offset: 8K, length: 4K, prot: PROT_READ }
    expect: { ret: 0 }
  - write: { to: 'map:m', offset: 8K, bytes: '00' }
    expect: { fault: SegmentationFault }
  - call-munmap: { mapping: m, offset: 16K, length: 4K }
    expect: { ret: 0 }
  - call-mremap: { mapping: m, offset: 24K, old_len: 8K, new_len: 4K, flags: 0 }
  - read: { from: 'map:m', offset: 28K, length: 4 }
    expect: { fault: SegmentationFault }
  - read: { from: 'map:m', offset: 24K, length: 4 }
    expect: { bytes: '00000000' }
`,
  'calls of programs': `
steps:
  - syscall: { call: open, path: /dev/dma_heap/system, flags: 2, at: 9 }
    as: h
    expect: { fd: 9 }
  - syscall: { call: ioctl, fd: h, request: 0xc0184800, at: 11, arg: '00100000 00000000 00000000 02000000 00000000 00000000' }
    as: a
    expect: { fd: 11, size: 4K }
  - syscall: { call: ioctl, fd: h, request: 0xc0184800, at: '-1', arg: '00100000 00000000 00000000 02000000 00000000 00000000' }
    expect: { errno: EMFILE }
  - syscall: { call: dup, fd: a, at: 1, cloexec: true }
    expect: { fd: 1, getfd: FD_CLOEXEC }
  - syscall: { call: fallocate, fd: a, mode: 0, offset: 0, length: 4K }
    expect: { errno: ENODEV }
  - syscall: { call: preadv2, fd: a, buf: 16, offset: '-1', flags: 0 }
    expect: { errno: EINVAL }
  - syscall: { call: sendfile, fd: a, side: in, offset: 0, len: 16 }
    expect: { errno: ESPIPE }
  - syscall: { call: newfstatat, path: /dev/dma_heap/none, flags: 0, buf: null }
    expect: { errno: ENOENT }
  - syscall: { call: mmap, fd: a, length: 4K, prot: 3, flags: 1, offset: 0, at: 127T }
    expect: { ret: 1 }
  - syscall: { call: close_range, first: 3, last: 0xffffffff, flags: 0 }
`,
  "drivers' own memory": `
steps:
  - device-probe: { name: camera@a200000, mask: 32 }
    expect: { log: [assigned reserved memory node video-cma@60000000] }
  - device-alloc: { name: camera@a200000, size: 1M, attrs: NO_WARN }
    as: frame
    expect: { value: { phys: 0x60000000, size: 1M, taken: 1M }, log: none }
  - device-free: frame
  - device-free: frame
    expect: { errno: any, ret: '< 0' }
  - device-vb2: { name: camera@a200000, count: 2, sizes: [2M, 1M] }
    expect: { ret: 2 }
  - check: { cat: { /sys/kernel/debug/cma/video-cma@60000000/used: /^1536/ } }
  - device-vb2: { name: camera@a200000, count: 0 }
  - device-drm: { name: camera@a200000, width: 640, height: 480, bpp: 32 }
    expect: { value: { pitch: 2560, told: 1200K } }
  - device-release: camera@a200000
`,
  'files, time and faults': `
steps:
  - cat: /sys/kernel/debug/cma/video-cma@60000000/count
    expect: { text: 16384 }
  - cat: /sys/kernel/debug
    expect: { errno: EISDIR }
  - ls: /sys/kernel/debug/cma/video-cma@60000000
    expect: { names: [alloc, base_pfn, bitmap, count, free, maxchunk, order_per_bit, ranges, used] }
  - ls: /nope
    expect: { errno: ENOENT }
  - echo: { value: 16, path: /sys/kernel/debug/cma/video-cma@60000000/alloc }
    expect: { ret: 2 }
  - check:
      heaps: { video-cma@60000000: { free: '< 64M', size: 64M, buffers: 0, largest: '> 1M' } }
      log: ['/^Reserved memory: /']
      no-log: [/panic/, nothing of the kind]
      cat: { /sys/kernel/debug/cma/video-cma@60000000/used: /^16/ }
  - sleep: 0.5
  - sleep: 6
  - fault: { errno: EINTR, call: sync, chance: 1 }
    as: rule
  - alloc: { heap: system, size: 4K }
    as: a
  - sync: { fd: a, start: true, read: true }
    expect: { errno: EINTR }
  - fault-rm: rule
  - fault-rm: rule
    expect: { errno: ENOENT }
  - fault: errno=ENOMEM,size=>=1M
  - alloc: { heap: system, size: 1M }
    expect: { errno: ENOMEM }
  - fault-rm: all
  - alloc: { heap: system, size: 1M }
  - pin: '@0x61000000:64K'
  - unpin: '@0x61000000:64K'
  - unpin: '@0x61000000:64K'
    expect: { errno: EINVAL }
  - occupy: { area: video-cma@60000000, free: ['0x60100000:1M', '0x61000000:2M'] }
  - alloc: { heap: video-cma@60000000, size: 2M }
    as: placed
    expect: { phys: 0x61000000 }
  - occupy: { area: '@0x60000000', free: ['0x61000000:4K'] }
    expect: { errno: EBUSY }
  - occupy: { area: video-cma@60000000, free: ['0x60000800:4K'] }
    expect: { errno: EINVAL }
  - occupy: { area: video-cma@60000000, free: ['0x60000000:16M', '0x61200000:44M'], guessed: [0x61000000] }
  - free: placed
  - occupy: { area: vpu-pool@50000000, free: [] }
  - alloc: { heap: vpu-pool@50000000, size: 4K }
    expect: { errno: ENOMEM }
  - occupy: { area: nope, free: [] }
    expect: { errno: EINVAL }
  - modprobe: cma_heap
  - modprobe: nope
    expect: { errno: any, ret: '< 0' }
  - age: { area: video-cma@60000000, sizes: [4K, '1M:2'], lifetime: 10, steps: 100, seed: 3, keep: false }
    expect: { value: { alive: 0, allocated: '>= 90', largest: '> 1M' } }
  - age: { area: nope }
    expect: { errno: ENOENT }
expect: { hazards: none }
`,
};

describe('the actions of a scenario', () => {
  it.each(Object.entries(SCENARIOS))('does %s', async (_, text) => {
    await passes(text);
  });

  it('has done all of them in tests and examples', () => {
    const folder = projectPath('fixtures/scenarios');
    const examples = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    const texts = [
      ...Object.values(SCENARIOS),
      ...examples.map((name) => readFileSync(join(folder, name), 'utf8')),
    ];
    const seen = new Set<string>();
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        seen.add(key);
        walk(inner);
      }
    };
    for (const text of texts) walk((parse(text) as { steps?: unknown }).steps);
    // What needs a program: test/exec/with-scenario.test.ts.
    seen.add('await');
    expect(ACTION_NAMES.filter((name) => !seen.has(name))).toEqual([]);
  });

  it('says of what is not modelled that it is not, whatever is expected', async () => {
    const report = await run('steps:\n  - lseek: { fd: 0 }\n    expect: { errno: any }\n');
    expect(failures(report)).toEqual([
      '1 errno: expected any, got not modelled: seeking on a standard stream is not modelled',
    ]);
  });
});
