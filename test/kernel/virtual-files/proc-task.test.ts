/** /proc/PID: descriptors, credentials, and who may look. */
import { describe, expect, it } from 'vitest';
import { createTask, DescriptorTable, ROOT } from '../../../src/kernel/task.ts';
import { mayAccess } from '../../../src/kernel/virtual-files/index.ts';
import { bootRecorded, Looking, USER } from './looking.ts';

const machine = (): Looking => bootRecorded('mixed', 'views');

describe('fd', () => {
  it('has magic links with the modes of the files', () => {
    const one = machine();
    const { files, table } = one;
    const open = (file: Parameters<typeof files.add>[0]) => table.install(files.add(file), false);
    const frame = one.alloc('system', 4096n);
    open({ kind: 'dma_heap', heap: 'system', flags: 0o400000, count: 1 });
    open({ kind: 'sync_file', flags: 2, count: 1 });
    open({ kind: 'virtual', path: '/proc/1/fd', directory: true, flags: 0, pos: 0n, count: 1 });
    one.alloc('system', 4096n, { flags: 3 });
    const link = (fd: number) => one.at(`/proc/self/fd/${fd}`, ROOT, false);
    expect([0, 1, 2].map(link)).toEqual(
      new Array(3).fill(expect.objectContaining({ target: '/dev/console', mode: 0o700, magic: true })),
    );
    expect(link(frame)).toMatchObject({ kind: 'symlink', target: '/dmabuf:', mode: 0o700, size: 64 });
    one.setName(frame, 'frame');
    expect(link(frame)).toMatchObject({ target: '/dmabuf:frame' });
    expect(link(4)).toMatchObject({ target: '/dev/dma_heap/system', mode: 0o500 });
    expect(link(5)).toMatchObject({ target: 'anon_inode:sync_file', mode: 0o700 });
    expect(link(6)).toMatchObject({ target: '/proc/1/fd', mode: 0o500 });
    expect(link(7)).toMatchObject({ target: '/dmabuf:', mode: 0 });
    expect(one.ls('/proc/self/fd')).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);

    // Through the link: to what has a path; a dma-buf has none.
    expect(one.at('/proc/self/fd/4')).toMatchObject({ kind: 'device', opens: { heap: 'system' } });
    expect(one.at('/proc/self/fd/6/6/0')).toMatchObject({ kind: 'symlink', target: '/dev/console' });
    expect(one.at(`/proc/self/fd/${frame}`)).toMatchObject({ kind: 'symlink', magic: true });
    expect(one.at(`/proc/self/fd/${frame}/x`)).toBe('ENOTDIR');
  });

  it('jumps: who may trace the task needs no search permission on the way', () => {
    const one = machine();
    createTask(one.records, 'camera', 1024, USER);
    const file = { kind: 'virtual', directory: true, flags: 0, pos: 0n, count: 1 } as const;
    const number = one.files.add({ ...file, path: '/sys/kernel/debug/cma' });
    new DescriptorTable(one.records, 'camera').install(number, false);
    expect(one.at('/sys/kernel/debug/cma', USER)).toBe('EACCES');
    expect(one.at('/proc/camera/fd/3', USER)).toMatchObject({ kind: 'directory', mode: 0o755 });
  });
});

describe('fdinfo', () => {
  it('shows position and flags of what is no dma-buf', () => {
    const one = machine();
    const { files, table } = one;
    table.install(files.add({ kind: 'dma_heap', heap: 'system', flags: 0o400002, count: 1 }), true);
    const dir = { kind: 'virtual', path: '/proc', directory: true, flags: 0o440000, count: 1 } as const;
    table.install(files.add({ ...dir, pos: 7n }), false);
    expect(one.cat('/proc/self/fdinfo/3')).toBe('pos:\t0\nflags:\t02400002\nmnt_id:\t0\nino:\t0\n');
    expect(one.cat('/proc/self/fdinfo/4')).toBe('pos:\t7\nflags:\t0440000\nmnt_id:\t0\nino:\t0\n');
  });

  it('shows close-on-exec of the descriptor, references and an empty name', () => {
    const one = machine();
    const fd = one.alloc('system', 4096n, { flags: 0, cloexec: false });
    one.files.ref(one.table.get(fd)?.file ?? 0);
    one.setName(fd, '');
    expect(one.cat(`/proc/self/fdinfo/${fd}`)).toBe(
      'pos:\t0\nflags:\t00\nmnt_id:\t13\nino:\t1\nsize:\t4096\ncount:\t2\nexp_name:\tsystem\nname:\t\n',
    );
  });
});

describe('a task', () => {
  it('shows who it is', () => {
    const one = machine();
    createTask(one.records, 'a-very-long-camera-name', 4096, { uid: 1000, gid: 100, groups: [44, 27] });
    const table = new DescriptorTable(one.records, 'a-very-long-camera-name');
    for (let i = 0; i < 130; i++) {
      table.install(one.files.add({ kind: 'stream', flags: 2, count: 1 }), false);
    }
    expect(one.cat('/proc/2/comm')).toBe('a-very-long-cam\n');
    expect(one.cat('/proc/a-very-long-camera-name/status')).toBe(
      [
        'Name:\ta-very-long-cam',
        'Tgid:\t2',
        'Pid:\t2',
        'Uid:\t1000\t1000\t1000\t1000',
        'Gid:\t100\t100\t100\t100',
        'FDSize:\t256',
        'Groups:\t44 27 ',
        'Threads:\t1\n',
      ].join('\n'),
    );
    expect(one.cat('/proc/self/status')).toContain('\nFDSize:\t64\nGroups:\t \n');
    expect(one.ls('/proc').slice(-2)).toEqual(['1', '2']);
    expect(() => one.echo('other', '/proc/2/comm')).toThrow('a write to comm is not modelled');
  });

  it('is looked into by itself, by its user and by user 0', () => {
    const one = machine();
    createTask(one.records, 'camera', 1024, USER);
    const other = { uid: 1001, gid: 1000, groups: [1000] };
    const otherGroup = { ...USER, gid: 5 };
    expect(one.at('/proc/camera/fd/0', other, false)).toBe('EACCES');
    expect(one.at('/proc/camera/fd/0', USER, false)).toMatchObject({ kind: 'symlink' });
    expect(one.cat('/proc/camera/fdinfo/0', USER)).toContain('flags:\t02\n');
    // The user's bits let in, but tracing wants the same group too.
    expect(one.at('/proc/camera/fd/0', otherGroup, false)).toMatchObject({ kind: 'symlink' });
    expect(one.at('/proc/camera/fd/0', otherGroup)).toBe('EACCES');
    expect(one.at('/proc/camera/fdinfo/0', otherGroup)).toBe('EACCES');
    const camera = new Looking(one.records, 'camera');
    expect(camera.at('/proc/1/fdinfo', USER)).toMatchObject({ kind: 'directory' });
    expect(camera.at('/proc/1/fdinfo/0', USER)).toBe('EACCES');
    expect(one.cat('/proc/1/status', USER)).toContain('Uid:\t0\t0\t0\t0\n');
    const directory = camera.at('/proc/1/fd', USER);
    expect(typeof directory !== 'string' && mayAccess(directory, USER, { read: true })).toBe(false);
  });

  it('keeps its own descriptors whatever it has become', () => {
    const one = machine();
    expect(one.at('/proc/self/fd/0', USER)).toMatchObject({ kind: 'symlink' });
    expect(one.at('/proc/self/fdinfo/0', USER)).toMatchObject({ kind: 'file' });
  });

  it('is nobody without a task that looks', () => {
    const one = machine();
    const { task: _, ...context } = one.context;
    const unnamed = new Looking(one.records, 'nobody');
    expect(context).not.toHaveProperty('task');
    expect(unnamed.at('/proc/self')).toBe('ENOENT');
    expect(unnamed.ls('/proc')).not.toContain('self');
  });
});
