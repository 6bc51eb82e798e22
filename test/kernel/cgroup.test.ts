/** Cgroups: the tree, who is charged, what a full limit does. */
import { describe, expect, it } from 'vitest';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { registerDmemRegion } from '../../src/mm/account/dmem.ts';
import { putProfile } from '../../src/profile/recorded-profile.ts';
import type { Errno } from '../../src/uapi/errno.ts';
import { O_RDONLY, O_WRONLY } from '../../src/uapi/fcntl.ts';
import { KiB, MiB } from '../../src/units.ts';
import { alloc, board, bootBoard, cma, coherent, RAM_BASE } from '../small-board.ts';

const ROOT = '/sys/fs/cgroup';
const AREA = 'area@48000000';
const POOL = 'pool@4c000000';

function machine(params: BootParams = { accounting: ['memcg'] }) {
  const regions = [
    cma(AREA, RAM_BASE + 128n * MiB, 16n * MiB),
    coherent(POOL, RAM_BASE + 192n * MiB, 4n * MiB),
  ];
  const { kernel, log } = bootBoard(board(regions), params);
  const as = (task: string) => ({
    mkdir: (path: string): Errno | 0 => kernel.syscall(task, { call: 'mkdir', path: ROOT + path }).errno ?? 0,
    rmdir: (path: string): Errno | 0 => kernel.syscall(task, { call: 'rmdir', path: ROOT + path }).errno ?? 0,
    write: (path: string, text: string) => write(kernel, task, ROOT + path, text),
    read: (path: string) => read(kernel, task, path.startsWith('/proc') ? path : ROOT + path),
  });
  return { kernel, log, as, ...as('shell') };
}

function write(kernel: Kernel, task: string, path: string, text: string): Errno | number {
  const { ret: fd, errno } = kernel.syscall(task, { call: 'open', path, flags: O_WRONLY });
  if (errno !== undefined) return errno;
  const result = kernel.syscall(task, { call: 'write', fd, buf: new TextEncoder().encode(text) });
  kernel.syscall(task, { call: 'close', fd });
  return result.errno ?? result.ret;
}

function read(kernel: Kernel, task: string, path: string): string {
  const { ret: fd, errno } = kernel.syscall(task, { call: 'open', path, flags: O_RDONLY });
  if (errno !== undefined) return errno;
  const buf = new Uint8Array(8192);
  const { ret } = kernel.syscall(task, { call: 'read', fd, buf });
  kernel.syscall(task, { call: 'close', fd });
  return new TextDecoder().decode(buf.subarray(0, ret)).trimEnd();
}

const fork = (kernel: Kernel, child: string): number => kernel.syscall('shell', { call: 'fork', child }).ret;
const pages = (text: string): number => Number(text) / 4096;

describe('the tree', () => {
  it('is made and removed with the errnos of Linux', () => {
    const { kernel, mkdir, rmdir, write, as } = machine();
    expect(mkdir('/a')).toBe(0);
    expect(mkdir('/a')).toBe('EEXIST');
    expect(mkdir('/memory.stat')).toBe('EEXIST');
    expect(mkdir('/none/b')).toBe('ENOENT');
    expect(mkdir('/a/cgroup.procs/b')).toBe('ENOTDIR');
    expect(mkdir('/a\nb')).toBe('EINVAL');
    expect(mkdir(`/${'n'.repeat(256)}`)).toBe('ENAMETOOLONG');
    expect(mkdir('/a/b/')).toBe(0);
    expect(rmdir('/a')).toBe('EBUSY');
    expect(rmdir('/a/b')).toBe(0);
    expect(rmdir('/a/b')).toBe('ENOENT');
    expect(rmdir('/a/.')).toBe('EINVAL');
    expect(rmdir('/a/..')).toBe('ENOTEMPTY');
    expect(rmdir('/a/cgroup.procs')).toBe('ENOTDIR');
    expect(rmdir('')).toBe('EBUSY');
    expect(write('/a/cgroup.procs', '1')).toBe(1);
    expect(rmdir('/a')).toBe('EBUSY');
    kernel.syscall('shell', {
      call: 'task_add',
      name: 'user',
      credentials: { uid: 1000, gid: 1000, groups: [] },
      nofile: 1024,
    });
    expect(as('user').mkdir('/u')).toBe('EACCES');
    expect(as('user').rmdir('/a')).toBe('EACCES');
    expect(as('user').write('/a/cgroup.procs', '0')).toBe('EACCES');
  });

  it('is nowhere else', () => {
    const { kernel } = machine();
    const call = (name: 'mkdir' | 'rmdir', path: string) =>
      kernel.syscall('shell', { call: name, path }).errno;
    expect(call('mkdir', '/proc/a')).toBe('EPERM');
    expect(call('mkdir', '/sys/kernel/a')).toBe('EPERM');
    expect(call('rmdir', '/sys/kernel')).toBe('EPERM');
    expect(call('mkdir', '/')).toBe('EEXIST');
    expect(() => call('mkdir', '/dev/a')).toThrow('not modelled');
  });

  it('has the tasks that were written to cgroup.procs, and their children', () => {
    const { kernel, mkdir, write, read } = machine();
    mkdir('/a');
    expect(fork(kernel, 'w')).toBe(2);
    expect(read('/cgroup.procs')).toBe('1\n2');
    expect(write('/a/cgroup.procs', '2\n')).toBe(2);
    expect(kernel.syscall('w', { call: 'fork', child: 'x' }).ret).toBe(3);
    expect(read('/a/cgroup.procs')).toBe('2\n3');
    expect(read('/cgroup.procs')).toBe('1');
    expect(read('/proc/x/cgroup')).toBe('0::/a');
    expect(read('/proc/1/cgroup')).toBe('0::/');
    expect(write('/a/cgroup.procs', '99')).toBe('ESRCH');
    expect(write('/a/cgroup.procs', 'w')).toBe('EINVAL');
    kernel.syscall('w', { call: 'exit' });
    expect(read('/a/cgroup.procs')).toBe('3');
  });

  it('gives controllers by cgroup.subtree_control', () => {
    const { kernel, mkdir, write, read } = machine();
    mkdir('/a');
    mkdir('/a/b');
    expect(read('/cgroup.controllers')).toBe('memory');
    expect(read('/a/b/memory.max')).toBe('ENOENT');
    expect(write('/a/cgroup.subtree_control', '+io')).toBe('EINVAL');
    expect(write('/a/cgroup.subtree_control', '+dmem')).toBe('ENOENT');
    expect(write('/a/cgroup.subtree_control', '+memory')).toBe(7);
    expect(read('/a/b/memory.max')).toBe('max');
    expect(write('/cgroup.subtree_control', '-memory')).toBe('EBUSY');
    fork(kernel, 'w');
    expect(write('/a/cgroup.procs', '2')).toBe('EBUSY');
    expect(write('/a/b/cgroup.procs', '2')).toBe(1);
    expect(write('/a/b/cgroup.subtree_control', '+memory')).toBe('EBUSY');
  });

  it('takes limits as memparse() reads them, and no others', () => {
    const { mkdir, write, read } = machine();
    mkdir('/a');
    expect(read('/memory.max')).toBe('ENOENT');
    expect(write('/a/memory.max', '8M\n')).toBe(3);
    expect(read('/a/memory.max')).toBe('8388608');
    expect(write('/a/memory.max', '5000')).toBe(4);
    expect(read('/a/memory.max')).toBe('4096');
    for (const bad of ['', '8X', 'none', '8M 1']) expect(write('/a/memory.max', bad)).toBe('EINVAL');
    expect(write('/a/memory.max', 'max')).toBe(3);
    expect(read('/a/memory.max')).toBe('max');
    expect(write('/a/memory.current', '0')).toBe('EINVAL');
  });
});

describe('memcg', () => {
  it('charges the system heap alone, and nobody where it is off', () => {
    for (const accounting of [['memcg'], []] as const) {
      const { kernel, mkdir, write, read } = machine({ accounting });
      mkdir('/a');
      write('/a/cgroup.procs', '0');
      const before = pages(read('/a/memory.current'));
      for (const heap of [AREA, POOL]) alloc(kernel, heap, MiB);
      expect(pages(read('/a/memory.current'))).toBe(before);
      alloc(kernel, 'system', MiB);
      expect(pages(read('/a/memory.current')) - before).toBe(accounting.length === 0 ? 0 : 256);
    }
  });

  it('is turned on by the command line too, where the kernel has it', () => {
    const on = machine({ cmdline: 'dma_heap.mem-accounting' });
    expect(on.kernel.profile.accounting).toEqual(['memcg']);
    expect(machine({ cmdline: 'dma_heap.mem_accounting=0' }).kernel.profile.accounting).toEqual([]);
    const old = machine({ cmdline: 'dma_heap.mem_accounting=1', kernel: '6.12', coherent: 'off' });
    expect(old.kernel.profile.accounting).toEqual([]);
  });

  it('is refused by name for kernels and configurations that have it not', () => {
    expect(() => machine({ accounting: ['memcg'], kernel: '6.12', coherent: 'off' })).toThrow(
      'Linux 6.12.118 does not charge buffers to cgroups: memcg is of Linux 7.2 and later',
    );
    expect(() => machine({ accounting: ['memcg'], config: { CONFIG_MEMCG: false } })).toThrow(
      'memcg needs CONFIG_MEMCG',
    );
    expect(() => machine({ accounting: ['dmem-coh-v1'] })).toThrow(
      'v3 of the coherent heap series charges nothing',
    );
  });

  it('never charges the root', () => {
    const { kernel, read } = machine();
    alloc(kernel, 'system', MiB);
    expect(read('/memory.stat')).toContain('kernel 0\n');
  });

  it('ends another task where that helps, and says who', () => {
    const { kernel, mkdir, write, read } = machine();
    const victims: string[] = [];
    kernel.onOomKill = (victim) => victims.push(victim);
    mkdir('/a');
    write('/a/memory.max', '8M');
    fork(kernel, 'w');
    write('/a/cgroup.procs', '2');
    write('/a/cgroup.procs', '0');
    for (let i = 0; i < 6; i++) alloc(kernel, 'system', MiB, { task: 'w' });
    // The shell is process 1, so that the other one ends, which gives its buffers back.
    expect(alloc(kernel, 'system', 4n * MiB).errno).toBeUndefined();
    expect(victims).toEqual(['w']);
    expect(kernel.hasTask('w')).toBe(false);
    expect(read('/a/memory.events')).toContain('oom 1\noom_kill 1\n');
  });

  it('ends tasks where a limit is lowered below what they use', () => {
    const { kernel, mkdir, write, read } = machine();
    mkdir('/a');
    fork(kernel, 'w');
    write('/a/cgroup.procs', '2');
    alloc(kernel, 'system', 4n * MiB, { task: 'w' });
    expect(write('/a/memory.max', '1M')).toBe(2);
    expect(kernel.hasTask('w')).toBe(false);
    expect(pages(read('/a/memory.current'))).toBeLessThan(256);
  });

  it('keeps the charge of a removed cgroup above it', () => {
    const { kernel, mkdir, rmdir, write, read } = machine();
    mkdir('/a');
    write('/a/cgroup.subtree_control', '+memory');
    mkdir('/a/b');
    write('/a/b/cgroup.procs', '0');
    const { fd } = alloc(kernel, 'system', 4n * MiB);
    write('/cgroup.procs', '0');
    expect(rmdir('/a/b')).toBe(0);
    expect(pages(read('/a/memory.current'))).toBeGreaterThan(1024);
    expect(mkdir('/a/b')).toBe(0);
    kernel.syscall('shell', { call: 'close', fd });
    expect(pages(read('/a/memory.current'))).toBeLessThan(256);
    expect(rmdir('/a/b')).toBe(0);
    expect(rmdir('/a')).toBe(0);
  });

  it('leaves nothing behind when everything is given back', () => {
    const { kernel, mkdir, write, read } = machine();
    mkdir('/a');
    write('/a/memory.max', '16M');
    fork(kernel, 'w');
    write('/a/cgroup.procs', '2');
    const sizes = [MiB, 64n * KiB, 4n * KiB, 3n * MiB, 100n * KiB, 7n * KiB];
    const fds = sizes.map((size) => alloc(kernel, 'system', size, { task: 'w' }).fd);
    for (const fd of fds) kernel.syscall('w', { call: 'close', fd });
    kernel.syscall('w', { call: 'exit' });
    expect(read('/a/memory.stat')).toContain('kernel 0\n');
    // What is charged ahead stays until somebody needs it: a new limit asks for it.
    write('/a/memory.max', '0');
    expect(read('/a/memory.current')).toBe('0');
  });
});

describe('dmem', () => {
  const params: BootParams = { accounting: ['dmem-cma-v2'] };

  it('has no region where nobody proposes one', () => {
    const { read, mkdir } = machine({ config: { CONFIG_CGROUP_DMEM: true } });
    mkdir('/a');
    expect(read('/cgroup.controllers')).toBe('memory dmem');
    expect([read('/dmem.capacity'), read('/a/dmem.max')]).toEqual(['', '']);
  });

  it('charges CMA buffers, and says EAGAIN without a line where a limit is full', () => {
    const { kernel, mkdir, write, read } = machine(params);
    mkdir('/a');
    mkdir('/a/b');
    write('/a/cgroup.subtree_control', '+dmem');
    expect(read('/dmem.capacity')).toContain(`cma/${AREA} 16777216`);
    expect(write('/a/dmem.max', `cma/${AREA} 4M`)).toBe(`cma/${AREA} 4M`.length);
    write('/a/b/cgroup.procs', '0');
    expect(alloc(kernel, AREA, 3n * MiB).errno).toBeUndefined();
    const mark = kernel.printk.nextSeq;
    const refused = alloc(kernel, AREA, 2n * MiB);
    expect(refused.errno).toBe('EAGAIN');
    expect(refused.why).toMatchObject({ kind: 'dmem-full', cgroup: '/a', max: 4n * MiB });
    expect(kernel.printk.nextSeq).toBe(mark);
    expect(read('/a/b/dmem.peak')).toContain(`cma/${AREA} 5242880`);
    expect(read('/a/dmem.current')).toContain(`cma/${AREA} 3145728`);
    expect(read('/dmem.current')).toContain(`cma/${AREA} 3145728`);
    expect(read('/dmem.max')).toBe('ENOENT');
    kernel.syscall('shell', { call: 'exit' });
    expect(kernel.hasTask('shell')).toBe(false);
  });

  it('takes lines of a region and bytes, and no others', () => {
    const { mkdir, write, read } = machine(params);
    mkdir('/a');
    for (const bad of ['', AREA, `cma/${AREA}`, `cma/${AREA} x`, `cma/${AREA} 1M 2M`, 'cma/none 1M']) {
      expect(write('/a/dmem.max', bad)).toBe('EINVAL');
    }
    write('/a/dmem.min', `cma/${AREA} 1M`);
    write('/a/dmem.low', `cma/${AREA} 2M`);
    expect(read('/a/dmem.min')).toContain(`cma/${AREA} 1048576`);
    expect(read('/a/dmem.low')).toContain(`cma/${AREA} 2097152`);
    expect(read('/a/dmem.max')).toContain(`cma/${AREA} max`);
  });
});

describe('dmem of the first coherent series', () => {
  it('charges whole pages where the pool gives a power of two', () => {
    // No boot turns it on beside v3 of the series: it is put into a kernel that has booted.
    const { records, kernel } = bootBoard(board([coherent(POOL, RAM_BASE + 192n * MiB, 4n * MiB)]), {
      config: { CONFIG_CGROUP_DMEM: true },
    });
    putProfile(records, { ...kernel.profile, accounting: ['memcg', 'dmem-coh-v1'] });
    registerDmemRegion(records, { name: `coh/${POOL}`, size: 4n * MiB });
    const { fd } = alloc(kernel, POOL, 1126n * KiB);
    expect(read(kernel, 'shell', `${ROOT}/dmem.current`)).toBe(`coh/${POOL} ${1128n * KiB}`);
    expect(kernel.heaps().find(({ name }) => name === POOL)).toMatchObject({
      free: 2n * MiB,
      charges: { controller: 'dmem', region: `coh/${POOL}` },
    });
    kernel.syscall('shell', { call: 'close', fd });
    expect(read(kernel, 'shell', `${ROOT}/dmem.current`)).toBe(`coh/${POOL} 0`);
  });
});
