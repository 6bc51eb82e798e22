/** What the command line and scenarios both do, said both ways. */
import type { Step } from '../../src/scenario/index.ts';

export const CAMERA = 'a200000.camera';
export const AREA = 'video-cma@60000000';
const PAGES = '@0x60400000:64K';
export const ALLOC_FILE = `/sys/kernel/debug/cma/${AREA}/alloc`;

/** Longer than a buffer's name may be. */
export const LONG = 'n'.repeat(40);

/** A file with the five bytes of `hello`: the test knows where it is. */
export const HELLO = 'HELLO_FILE';

/** An overlay, compiled, and one for another board: the test knows where they are. */
export const OVERLAY = 'OVERLAY_FILE';
export const WRONG_OVERLAY = 'WRONG_OVERLAY_FILE';

/** One thing, as words of a command line and as a step; words begin with those of the command. */
export type Line = readonly [words: readonly string[], step: Step];

const line = (words: string, step: Step): Line => [words.split(' '), step];
const buffer = (count = 1): Line =>
  line(`alloc system 64K --count ${count}`, {
    alloc: { heap: 'system', size: '64K', ...(count > 1 && { count }) },
  });
const carved = line(`alloc ${AREA} 64K`, { alloc: { heap: AREA, size: '64K' } });
const user = line('task add user --uid 1000', { 'task-add': { name: 'user', uid: 1000 } });

/** Each from the state that boot leaves, one line after another. */
export const CASES: Readonly<Record<string, readonly Line[]>> = {
  'open: heaps, files, what is not there, what is forbidden': [
    line('open system', { open: 'system' }),
    line('open /proc/iomem', { open: '/proc/iomem' }),
    line('open nope', { open: 'nope' }),
    line('open /sys/nope', { open: '/sys/nope' }),
    user,
    line('--task user open system', { open: 'system', task: 'user' }),
  ],
  'alloc: one, several, and why not': [
    buffer(),
    buffer(3),
    line(`alloc ${AREA} 1G`, { alloc: { heap: AREA, size: '1G' } }),
    line('alloc vpu-pool@50000000 1G', { alloc: { heap: 'vpu-pool@50000000', size: '1G' } }),
    line(`alloc ${AREA} 24M --count 3`, { alloc: { heap: AREA, size: '24M', count: 3 } }),
    line('alloc system 0', { alloc: { heap: 'system', size: 0 } }),
    line('alloc nope 4K', { alloc: { heap: 'nope', size: '4K' } }),
    line('alloc system 4K --heap-flags 1', { alloc: { heap: 'system', size: '4K', 'heap-flags': 1 } }),
    line('alloc system 4K --fd-flags 0x1000', { alloc: { heap: 'system', size: '4K', 'fd-flags': 0x1000 } }),
    line('alloc system 4K --name frame', { alloc: { heap: 'system', size: '4K', name: 'frame' } }),
    line(`alloc system 4K --name ${LONG}`, {
      alloc: { heap: 'system', size: '4K', name: LONG },
    }),
    user,
    line('--task user alloc system 4K', { alloc: { heap: 'system', size: '4K' }, task: 'user' }),
  ],
  'free: one, several, none': [
    buffer(3),
    line('free 4', { free: 4 }),
    line('free 5 99 6', { free: [5, 99, 6] }),
    line('free 6', { free: 6 }),
  ],
  'dup, name, fcntl, lseek, poll, stat': [
    buffer(),
    line('dup 4', { dup: 4 }),
    line('dup 99', { dup: 99 }),
    line('name 4 frame', { name: { fd: 4, name: 'frame' } }),
    line(`name 4 ${LONG}`, { name: { fd: 4, name: LONG } }),
    line('name 99 frame', { name: { fd: 99, name: 'frame' } }),
    line('fcntl 4 F_GETFL', { fcntl: { fd: 4, cmd: 'F_GETFL' } }),
    line('fcntl 4 F_DUPFD 10', { fcntl: { fd: 4, cmd: 'F_DUPFD', arg: 10 } }),
    line('fcntl 4 F_DUPFD 5000', { fcntl: { fd: 4, cmd: 'F_DUPFD', arg: 5000 } }),
    line('fcntl 4 99', { fcntl: { fd: 4, cmd: 99 } }),
    line('fcntl 99 F_GETFL', { fcntl: { fd: 99, cmd: 'F_GETFL' } }),
    line('lseek 4 0 SEEK_END', { lseek: { fd: 4, whence: 'SEEK_END' } }),
    line('lseek 4 1 SEEK_END', { lseek: { fd: 4, offset: 1, whence: 'SEEK_END' } }),
    line('lseek 4 0 SEEK_CUR', { lseek: { fd: 4, whence: 'SEEK_CUR' } }),
    line('lseek 99 0 SEEK_SET', { lseek: { fd: 99 } }),
    line('poll 4', { poll: 4 }),
    line('poll 99', { poll: 99 }),
    line('stat 4', { stat: 4 }),
    line('stat 99', { stat: 99 }),
  ],
  'mkdir, rmdir: cgroups, and why not': [
    line('mkdir /sys/fs/cgroup/a', { mkdir: '/sys/fs/cgroup/a' }),
    line('mkdir /sys/fs/cgroup/a', { mkdir: '/sys/fs/cgroup/a' }),
    line('mkdir /proc/a', { mkdir: '/proc/a' }),
    line('echo 0 /sys/fs/cgroup/a/cgroup.procs', {
      echo: { value: '0', path: '/sys/fs/cgroup/a/cgroup.procs' },
    }),
    line('rmdir /sys/fs/cgroup/a', { rmdir: '/sys/fs/cgroup/a' }),
    line('rmdir /sys/fs/cgroup/b', { rmdir: '/sys/fs/cgroup/b' }),
  ],
  'drm-import, drm-export, drm-release: what is no DRM device, and what has no buffer': [
    buffer(),
    line('drm import 4 4', { 'drm-import': { fd: 4, buffer: 4 } }),
    line('drm export 99 1', { 'drm-export': { fd: 99, handle: 1 } }),
    line('drm export 4 1 O_RDWR', { 'drm-export': { fd: 4, handle: 1, flags: 'O_RDWR' } }),
    line('drm release 4 1', { 'drm-release': { fd: 4, handle: 1 } }),
  ],
  'calls as they are': [
    buffer(),
    line('open /proc/meminfo', { open: '/proc/meminfo' }),
    line('call read 3 16', { 'call-read': { fd: 3, buf: 16 } }),
    line('call read 4 16', { 'call-read': { fd: 4, buf: 16 } }),
    line('call pread64 3 16 4', { 'call-pread64': { fd: 3, buf: 16, offset: 4 } }),
    line('call pread64 4 16 0', { 'call-pread64': { fd: 4, buf: 16, offset: 0 } }),
    line('call write 4 00ff', { 'call-write': { fd: 4, buf: '00ff' } }),
    line('call write 99 00ff', { 'call-write': { fd: 99, buf: '00ff' } }),
    line('call pwrite64 4 00ff 0', { 'call-pwrite64': { fd: 4, buf: '00ff', offset: 0 } }),
    line('call ftruncate 4 4096', { 'call-ftruncate': { fd: 4, length: 4096 } }),
    line('call ftruncate 99 0', { 'call-ftruncate': { fd: 99, length: 0 } }),
    line('call mmap 4 4096 PROT_READ MAP_SHARED 0', {
      'call-mmap': { fd: 4, length: 4096, prot: 'PROT_READ', flags: 'MAP_SHARED', offset: 0 },
    }),
    line('call mmap 4 0 PROT_READ MAP_SHARED 0', {
      'call-mmap': { fd: 4, length: 0, prot: 'PROT_READ', flags: 'MAP_SHARED', offset: 0 },
    }),
    line('call mprotect 1 0 4096 PROT_NONE', {
      'call-mprotect': { mapping: 1, offset: 0, length: 4096, prot: 'PROT_NONE' },
    }),
    line('call mprotect 1 0 8192 PROT_READ', {
      'call-mprotect': { mapping: 1, offset: 0, length: 8192, prot: 'PROT_READ' },
    }),
    line('call mremap 1 0 4096 4096 3 map:1+1M', {
      'call-mremap': { mapping: 1, offset: 0, old_len: 4096, new_len: 4096, flags: 3, new_addr: 'map:1+1M' },
    }),
    line('call mremap 2 0 4K 8K MREMAP_MAYMOVE', {
      'call-mremap': { mapping: 2, offset: 0, old_len: '4K', new_len: '8K', flags: 'MREMAP_MAYMOVE' },
    }),
    line('call munmap 2 0 1', { 'call-munmap': { mapping: 2, offset: 0, length: 1 } }),
    line(`open ${ALLOC_FILE} --flags O_WRONLY`, { open: { path: ALLOC_FILE, flags: 'O_WRONLY' } }),
    line('call write 5 310a', { 'call-write': { fd: 5, buf: '310a' } }),
    line('call pwrite64 5 310a 0', { 'call-pwrite64': { fd: 5, buf: '310a', offset: 0 } }),
    line('call setrlimit 7', { setrlimit: 7 }),
    line('dup 4', { dup: 4 }),
  ],
  'ioctl and sync': [
    buffer(),
    line('ioctl 4 DMA_BUF_IOCTL_SYNC 0700000000000000', {
      ioctl: { fd: 4, request: 'DMA_BUF_IOCTL_SYNC', arg: '0700000000000000' },
    }),
    line('ioctl 4 DMA_BUF_IOCTL_SYNC ff00000000000000', {
      ioctl: { fd: 4, request: 'DMA_BUF_IOCTL_SYNC', arg: 'ff00000000000000' },
    }),
    line('ioctl 4 DMA_BUF_IOCTL_SYNC --null', {
      ioctl: { fd: 4, request: 'DMA_BUF_IOCTL_SYNC', null: true },
    }),
    line('ioctl 4 0x1234', { ioctl: { fd: 4, request: 0x1234 } }),
    line('ioctl 99 DMA_BUF_IOCTL_SYNC 0700000000000000', {
      ioctl: { fd: 99, request: 'DMA_BUF_IOCTL_SYNC', arg: '0700000000000000' },
    }),
    line('sync 4 --start --read', { sync: { fd: 4, start: true, read: true } }),
    line('sync 4 --end --read --write', { sync: { fd: 4, end: true, read: true, write: true } }),
    line('sync 4 --flags 0', { sync: { fd: 4, flags: 0 } }),
    line('sync 4 --flags 255', { sync: { fd: 4, flags: 255 } }),
    line('sync 99 --start --read', { sync: { fd: 99, start: true, read: true } }),
  ],
  'mmap and munmap': [
    buffer(),
    line('mmap 4', { mmap: 4 }),
    line('mmap 4 --offset 4K --length 8K --prot r', {
      mmap: { fd: 4, offset: '4K', length: '8K', prot: 'r' },
    }),
    line('mmap 4 --private', { mmap: { fd: 4, private: true } }),
    line('mmap 4 --length 1M', { mmap: { fd: 4, length: '1M' } }),
    line('mmap 4 --offset 1 --length 4K', { mmap: { fd: 4, offset: 1, length: '4K' } }),
    line('mmap 4 --offset 64K', { mmap: { fd: 4, offset: '64K' } }),
    line('mmap 4 --length 0', { mmap: { fd: 4, length: 0 } }),
    line('mmap 4 --length 0xffffffffffffffff', { mmap: { fd: 4, length: '0xffffffffffffffff' } }),
    line('mmap 99', { mmap: 99 }),
    line('munmap 1', { munmap: 1 }),
    line('munmap 99', { munmap: 99 }),
    line('alloc system 4K --fd-flags O_RDONLY', {
      alloc: { heap: 'system', size: '4K', 'fd-flags': 'O_RDONLY' },
    }),
    line('mmap 5', { mmap: 5 }),
  ],
  'bytes of buffers': [
    buffer(),
    line('fill 4:0:16 0xaa', { fill: { to: 4, length: 16, byte: 0xaa } }),
    line(`write 4:4 --input ${HELLO}`, { write: { to: 4, offset: 4, text: 'hello' } }),
    line('read 4:0:16', { read: { from: 4, length: 16 } }),
    line('read 4', { read: 4 }),
    line('read 4:64K:1', { read: { from: 4, offset: '64K', length: 1 } }),
    line('read 4:60K:8K', { read: { from: 4, offset: '60K', length: '8K' } }),
    line('read 99:0:1', { read: { from: 99, length: 1 } }),
    line(`write 4:64K --input ${HELLO}`, { write: { to: 4, offset: '64K', text: 'hello' } }),
    line(`write 99 --input ${HELLO}`, { write: { to: 99, text: 'hello' } }),
    line(`write 4:65534 --input ${HELLO}`, { write: { to: 4, offset: 65534, text: 'hello' } }),
    line('read 4:65534:2', { read: { from: 4, offset: 65534, length: 2 } }),
    line('fill 4:60K:8K 1', { fill: { to: 4, offset: '60K', length: '8K', byte: 1 } }),
    line('read 4:60K:16', { read: { from: 4, offset: '60K', length: 16 } }),
    line('fill 99 1', { fill: { to: 99, byte: 1 } }),
    line('alloc system 4K --fd-flags O_RDONLY', {
      alloc: { heap: 'system', size: '4K', 'fd-flags': 'O_RDONLY' },
    }),
    line('fill 5 1', { fill: { to: 5, byte: 1 } }),
    line('read 5:0:4', { read: { from: 5, length: 4 } }),
  ],
  'bytes of mappings, of memory, of devices': [
    carved,
    line('mmap 4 --prot r', { mmap: { fd: 4, prot: 'r' } }),
    line('read map:1:0:8', { read: { from: 'map:1', length: 8 } }),
    line('fill map:1:0:8 1', { fill: { to: 'map:1', length: 8, byte: 1 } }),
    line('mmap 4', { mmap: 4 }),
    line(`write map:2:65534 --input ${HELLO}`, { write: { to: 'map:2', offset: 65534, text: 'hello' } }),
    line(`write map:2:64K --input ${HELLO}`, { write: { to: 'map:2', offset: '64K', text: 'hello' } }),
    line(`write map:2:65K --input ${HELLO}`, { write: { to: 'map:2', offset: '65K', text: 'hello' } }),
    line('read map:2:65534:2', { read: { from: 'map:2', offset: 65534, length: 2 } }),
    line('fill map:2:65530:16 5', { fill: { to: 'map:2', offset: 65530, length: 16, byte: 5 } }),
    line('read map:2:65530:6', { read: { from: 'map:2', offset: 65530, length: 6 } }),
    line('mmap 4 --private', { mmap: { fd: 4, private: true } }),
    line(`write @0x60000000:4 --input ${HELLO}`, { write: { to: '@0x60000000:4', text: 'hello' } }),
    line(`write @0xbffffffe --input ${HELLO}`, { write: { to: '@0xbffffffe', text: 'hello' } }),
    line('read @0x60000000:8', { read: '@0x60000000:8' }),
    line('read map:9:0:8', { read: { from: 'map:9', length: 8 } }),
    line('fill @0x60000000:8 7', { fill: { to: '@0x60000000:8', byte: 7 } }),
    line('read @0x60000000:8', { read: '@0x60000000:8' }),
    line('read @0x10:4', { read: '@0x10:4' }),
    line('read attachment:9:0:1', { read: { from: 'attachment:9', length: 1 } }),
    line(`fill 4 1 --as ${CAMERA}`, { fill: { to: 4, byte: 1, by: CAMERA } }),
    line('fill 4 1 --as isp', { fill: { to: 4, byte: 1, by: 'isp' } }),
    line(`device attach ${CAMERA} 4`, { attach: { fd: 4, device: CAMERA } }),
    line(`fill 4 1 --as ${CAMERA}`, { fill: { to: 4, byte: 1, by: CAMERA } }),
    line('read attachment:1:0:1', { read: { from: 'attachment:1', length: 1 } }),
    line(`device map ${CAMERA} attachment:1`, { map: 1 }),
    line('read attachment:1:65K', { read: { from: 'attachment:1', offset: '65K' } }),
    line('device add extra', { 'device-add': 'extra' }),
    line('read attachment:1:0:1 --as extra', { read: { from: 'attachment:1', length: 1, by: 'extra' } }),
    line(`fill 4:0:16 3 --as ${CAMERA}`, { fill: { to: 4, length: 16, byte: 3, by: CAMERA } }),
    line('read attachment:1:0:16', { read: { from: 'attachment:1', length: 16 } }),
  ],
  'cat, ls, echo': [
    line('cat /proc/iomem', { cat: '/proc/iomem' }),
    line('cat /sys/nope', { cat: '/sys/nope' }),
    line('cat /sys', { cat: '/sys' }),
    line('ls /dev/dma_heap', { ls: '/dev/dma_heap' }),
    line('cat sys', { cat: 'sys' }),
    line(`cat /sys/kernel/debug/cma/${AREA}/free`, { cat: `/sys/kernel/debug/cma/${AREA}/free` }),
    line('ls /sys/nope', { ls: '/sys/nope' }),
    line(`echo 1 ${ALLOC_FILE}`, { echo: { value: 1, path: ALLOC_FILE } }),
    line(`echo x ${ALLOC_FILE}`, { echo: { value: 'x', path: ALLOC_FILE } }),
    line('echo 1 /proc/iomem', { echo: { value: 1, path: '/proc/iomem' } }),
    line('echo 1 /sys/nope', { echo: { value: 1, path: '/sys/nope' } }),
    user,
    line('--task user cat /proc/iomem', { cat: '/proc/iomem', task: 'user' }),
    line(`--task user cat ${ALLOC_FILE}`, { cat: ALLOC_FILE, task: 'user' }),
    line(`--task user echo 1 ${ALLOC_FILE}`, { echo: { value: 1, path: ALLOC_FILE }, task: 'user' }),
    line('--task user ls /sys/kernel/debug', { ls: '/sys/kernel/debug', task: 'user' }),
  ],
  tasks: [
    buffer(),
    line('task add camera --uid 1000 --group video', {
      'task-add': { name: 'camera', uid: 1000, groups: ['video'] },
    }),
    line('task add camera', { 'task-add': 'camera' }),
    line('task fork child', { fork: 'child' }),
    line('task fork child', { fork: 'child' }),
    line('task send 4 camera', { send: { fd: 4, to: 'camera' } }),
    line('task send 4 camera --cloexec', { send: { fd: 4, to: 'camera', cloexec: true } }),
    line('task send 99 camera', { send: { fd: 99, to: 'camera' } }),
    line('task send 4 nobody', { send: { fd: 4, to: 'nobody' } }),
    line('task exec child', { exec: true, task: 'child' }),
    line('task exit child', { exit: true, task: 'child' }),
  ],
  devices: [
    carved,
    line('device add extra --mask 40', { 'device-add': { name: 'extra', mask: 40 } }),
    line('device add extra', { 'device-add': 'extra' }),
    line('device set extra --mask 32', { 'device-set': { name: 'extra', mask: 32 } }),
    line('device set isp --mask 32', { 'device-set': { name: 'isp', mask: 32 } }),
    line('device attach extra 4', { attach: { fd: 4, device: 'extra' } }),
    line('device attach extra 99', { attach: { fd: 99, device: 'extra' } }),
    line('device attach isp 4', { attach: { fd: 4, device: 'isp' } }),
    line('device unmap extra attachment:1', { unmap: 1 }),
    line('device map extra attachment:1 --direction to-device', {
      map: { attachment: 1, direction: 'to-device' },
    }),
    line('device map extra attachment:1', { map: 1 }),
    line('device map extra attachment:9', { map: 9 }),
    line('device set extra --mask 36', { 'device-set': { name: 'extra', mask: 36 } }),
    line('device detach extra attachment:1', { detach: 1 }),
    line('device unmap extra attachment:1', { unmap: 1 }),
    line('device unmap extra attachment:9', { unmap: 9 }),
    line('device detach extra attachment:1', { detach: 1 }),
    line('device rm extra', { 'device-rm': 'extra' }),
    line('device rm extra', { 'device-rm': 'extra' }),
    line(`device attach ${CAMERA} 4`, { attach: { fd: 4, device: CAMERA } }),
    line(`device rm ${CAMERA}`, { 'device-rm': CAMERA }),
    line('stat 4', { stat: 4 }),
  ],
  'device-probe, device-release: regions, masks, what is not there': [
    line(`device probe ${CAMERA}`, { 'device-probe': CAMERA }),
    line(`device probe ${CAMERA} --index 7`, { 'device-probe': { name: CAMERA, index: 7 } }),
    line(`device probe ${CAMERA} --mask 20`, { 'device-probe': { name: CAMERA, mask: 20 } }),
    line(`device probe ${CAMERA} --driver isp --mask 40 --no-region`, {
      'device-probe': { name: CAMERA, driver: 'isp', mask: 40, region: 'none' },
    }),
    line(`device probe ${CAMERA} --region frames`, { 'device-probe': { name: CAMERA, region: 'frames' } }),
    line('device probe nope', { 'device-probe': 'nope' }),
    line(`device set ${CAMERA} --mask 36`, { 'device-set': { name: CAMERA, mask: 36 } }),
    line(`device release ${CAMERA}`, { 'device-release': CAMERA }),
    line('device release nope', { 'device-release': 'nope' }),
  ],
  'device-alloc, device-free, device-vb2, device-drm': [
    line(`device alloc ${CAMERA} 1M`, { 'device-alloc': { name: CAMERA, size: '1M' } }),
    line(`device probe ${CAMERA}`, { 'device-probe': CAMERA }),
    line(`device alloc ${CAMERA} 3M --attrs NO_KERNEL_MAPPING`, {
      'device-alloc': { name: CAMERA, size: '3M', attrs: 'NO_KERNEL_MAPPING' },
    }),
    line(`device alloc ${CAMERA} 4K --gfp GFP_ATOMIC`, {
      'device-alloc': { name: CAMERA, size: '4K', gfp: 'GFP_ATOMIC' },
    }),
    line(`device alloc ${CAMERA} 8K --pages`, { 'device-alloc': { name: CAMERA, size: '8K', pages: true } }),
    line(`device alloc ${CAMERA} 1G`, { 'device-alloc': { name: CAMERA, size: '1G' } }),
    line('device alloc nope 4K', { 'device-alloc': { name: 'nope', size: '4K' } }),
    line(`device vb2 ${CAMERA} 3 2M 1M --min 2`, {
      'device-vb2': { name: CAMERA, count: 3, sizes: ['2M', '1M'], min: 2 },
    }),
    line(`device vb2 ${CAMERA} 3 100M`, { 'device-vb2': { name: CAMERA, count: 3, sizes: '100M' } }),
    line(`device drm ${CAMERA} 1920 1080 32`, {
      'device-drm': { name: CAMERA, width: 1920, height: 1080, bpp: 32 },
    }),
    line(`device drm ${CAMERA} 0 1080 32`, {
      'device-drm': { name: CAMERA, width: 0, height: 1080, bpp: 32 },
    }),
    line(`alloc ${AREA} 64M`, { alloc: { heap: AREA, size: '64M' } }),
    line('device free 1', { 'device-free': 1 }),
    line('device free 99', { 'device-free': 99 }),
    line(`device vb2 ${CAMERA} 0`, { 'device-vb2': { name: CAMERA, count: 0 } }),
  ],
  'sleep, fault, pin, modprobe': [
    line('sleep 0.5', { sleep: 0.5 }),
    line('fault add errno=ENOMEM,heap=system,nth=1', { fault: 'errno=ENOMEM,heap=system,nth=1' }),
    line('alloc system 4K', { alloc: { heap: 'system', size: '4K' } }),
    line('fault add errno=EINTR,call=dup,nth=1', { fault: 'errno=EINTR,call=dup,nth=1' }),
    line('dup 0', { dup: 0 }),
    line('fault add busy=@0x10:4K', { fault: 'busy=@0x10:4K' }),
    line('fault rm 1', { 'fault-rm': 1 }),
    line('fault rm 1', { 'fault-rm': 1 }),
    line('fault rm --all', { 'fault-rm': 'all' }),
    line(`pin ${PAGES}`, { pin: PAGES }),
    line('pin @0x10:4K', { pin: '@0x10:4K' }),
    line(`unpin ${PAGES}`, { unpin: PAGES }),
    line(`unpin ${PAGES}`, { unpin: PAGES }),
    line('modprobe system_heap', { modprobe: 'system_heap' }),
    line('modprobe nope', { modprobe: 'nope' }),
  ],
  overlay: [
    line(`overlay apply ${OVERLAY}`, { overlay: OVERLAY }),
    line(`overlay apply ${WRONG_OVERLAY}`, { overlay: WRONG_OVERLAY }),
  ],
  age: [
    line(`age ${AREA} --steps 20`, { age: { area: AREA, steps: 20 } }),
    line(`age ${AREA} --steps 20 --seed 3 --no-keep`, {
      age: { area: AREA, steps: 20, seed: 3, keep: false },
    }),
    line('age nope', { age: { area: 'nope' } }),
  ],
};
