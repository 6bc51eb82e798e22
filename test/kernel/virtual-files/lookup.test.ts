/** From paths to files: links, permissions, what is no path. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyUdevRule } from '../../../src/dma-buf/dma-heap.ts';
import { type Credentials, ROOT } from '../../../src/kernel/task.ts';
import { lookup, mayAccess } from '../../../src/kernel/virtual-files/index.ts';
import { bootRecorded, type Looking, USER } from './looking.ts';

const machine = bootRecorded('mixed', 'views');
const VIDEO: Credentials = { uid: 1000, gid: 1000, groups: [44] };

const path = (of: string, credentials = ROOT): string => {
  const found = lookup(machine.context, of, credentials);
  return 'errno' in found ? found.errno : found.path;
};

describe('a path', () => {
  it.each([
    ['/', '/'],
    ['//proc///meminfo', '/proc/meminfo'],
    ['/proc/./../sys/../proc/meminfo', '/proc/meminfo'],
    ['/../..', '/'],
    ['/sys/class/dma_heap/system', '/sys/devices/virtual/dma_heap/system'],
    ['/sys/class/dma_heap/system/dev', '/sys/devices/virtual/dma_heap/system/dev'],
    ['/sys/class/dma_heap/system/..', '/sys/devices/virtual/dma_heap'],
    ['/sys/class/dma_heap/system/subsystem', '/sys/class/dma_heap'],
    ['/sys/dev/char/254:3/uevent', '/sys/devices/virtual/dma_heap/video-cma@60000000/uevent'],
    ['/proc/self/fd/', '/proc/1/fd'],
    ['/proc/device-tree/', '/sys/firmware/devicetree/base'],
  ])('%s is %s', (given, canonical) => {
    expect(path(given)).toBe(canonical);
  });

  it.each([
    ['', 'ENOENT'],
    ['proc/meminfo', 'ENOENT'],
    ['/nowhere', 'ENOENT'],
    ['/proc/2', 'ENOENT'],
    ['/proc/01', 'ENOENT'],
    ['/proc/1/fd/01', 'ENOENT'],
    ['/proc/1/fd/99', 'ENOENT'],
    ['/proc/1/fd/99999999999999999999', 'ENOENT'],
    ['/proc/meminfo/', 'ENOTDIR'],
    ['/proc/meminfo/x', 'ENOTDIR'],
    ['/proc/meminfo/..', 'ENOTDIR'],
    ['/dev/dma_heap/system/', 'ENOTDIR'],
    [`/${'a'.repeat(256)}`, 'ENAMETOOLONG'],
    [`/${'ä'.repeat(128)}`, 'ENAMETOOLONG'],
    [`/${'a'.repeat(255)}`, 'ENOENT'],
    [`/${'a/'.repeat(2047)}b`, 'ENAMETOOLONG'],
  ])('%s is refused with %s', (given, errno) => {
    expect(path(given)).toBe(errno);
  });

  it('follows 40 links and no more', () => {
    const links = (count: number) => `/sys/class/dma_heap${'/system/subsystem'.repeat(count / 2)}`;
    expect(path(links(40))).toBe('/sys/class/dma_heap');
    expect(path(links(42))).toBe('ELOOP');
  });

  it('does not follow the last link where it shall not', () => {
    const link = (of: string) => machine.at(of, ROOT, false);
    expect(link('/sys/class/dma_heap/system')).toMatchObject({
      kind: 'symlink',
      mode: 0o777,
      target: '../../devices/virtual/dma_heap/system',
    });
    expect(link('/sys/class/dma_heap/system/')).toMatchObject({ kind: 'directory' });
    expect(link('/proc/device-tree')).toMatchObject({ target: '/sys/firmware/devicetree/base' });
    expect(link('/proc/self')).toMatchObject({ target: '1' });
  });
});

describe('what lies where', () => {
  it('is listed from the root down', () => {
    expect(machine.ls('/')).toEqual(['dev', 'proc', 'sys']);
    expect(machine.ls('/dev')).toEqual(['dma_heap']);
    expect(machine.ls('/dev/dma_heap')).toHaveLength(6);
    expect(machine.ls('/sys')).toEqual(['class', 'dev', 'devices', 'firmware', 'fs', 'kernel', 'module']);
    expect(machine.ls('/sys/kernel/debug')).toEqual(['cma', 'dma_buf', 'dma_pools']);
    expect(machine.ls('/proc')).toEqual(
      ['buddyinfo', 'cmdline', 'device-tree', 'devices', 'iomem', 'meminfo', 'pagetypeinfo', 'self'].concat(
        '1',
      ),
    );
  });

  it('is found by every name that is listed', () => {
    const walk = (of: string, depth: number): number => {
      const node = machine.at(of, ROOT, false);
      if (typeof node === 'string') throw new Error(`${of}: ${node}`);
      if (node.kind === 'file') node.read?.();
      if (node.kind === 'symlink') expect(typeof machine.at(of)).toBe('object');
      if (node.kind !== 'directory' || depth === 0) return 1;
      return node.list().reduce((sum, name) => sum + walk(`${of === '/' ? '' : of}/${name}`, depth - 1), 1);
    };
    expect(walk('/', 12)).toBeGreaterThan(150);
  });

  it('is a device in /dev', () => {
    expect(machine.at('/dev/dma_heap/video-cma@60000000')).toEqual({
      kind: 'device',
      mode: 0o600,
      gid: 0,
      major: 254,
      minor: 3,
      opens: { heap: 'video-cma@60000000' },
    });
  });
});

describe('permissions', () => {
  it('are those of one class', () => {
    const node = { mode: 0o460, uid: 7, gid: 8 };
    const may = (uid: number, gid: number, groups: number[] = []) =>
      (['read', 'write', 'search'] as const).filter((use) =>
        mayAccess(node, { uid, gid, groups }, { [use]: true }),
      );
    expect(may(7, 8)).toEqual(['read']);
    expect(may(9, 8)).toEqual(['read', 'write']);
    expect(may(9, 9, [3, 8])).toEqual(['read', 'write']);
    expect(may(9, 9)).toEqual([]);
    expect(may(0, 9)).toEqual(['read', 'write', 'search']);
    expect(mayAccess(node, { uid: 7, gid: 8, groups: [] }, {})).toBe(true);
  });

  it('close debugfs to all but user 0', () => {
    expect(path('/sys/kernel/debug', USER)).toBe('/sys/kernel/debug');
    expect(path('/sys/kernel/debug/dma_buf/bufinfo', USER)).toBe('EACCES');
    expect(path('/sys/kernel/debug/nothing', USER)).toBe('EACCES');
    expect(path('/sys/kernel/debug/..', USER)).toBe('EACCES');
    const found = lookup(machine.context, '/sys/kernel/debug/cma', USER, { unchecked: true });
    expect(found).toMatchObject({ path: '/sys/kernel/debug/cma' });
  });

  const may = (looked: Looking, of: string, credentials: Credentials, use: 'read' | 'write'): boolean => {
    const node = looked.at(of, credentials);
    return typeof node !== 'string' && mayAccess(node, credentials, { [use]: true });
  };

  it('follow a udev rule', () => {
    const other = bootRecorded('mixed', 'views');
    expect(may(other, '/dev/dma_heap/system', VIDEO, 'read')).toBe(false);
    applyUdevRule(other.records, { mode: 0o660, gid: 44 });
    expect(may(other, '/dev/dma_heap/system', VIDEO, 'read')).toBe(true);
    expect(may(other, '/dev/dma_heap/system', USER, 'read')).toBe(false);
  });

  it('are kept by sysfs even of user 0, and only by sysfs', () => {
    expect(may(machine, '/sys/class/dma_heap/system/dev', ROOT, 'write')).toBe(false);
    expect(may(machine, '/sys/class/dma_heap/system/dev', USER, 'read')).toBe(true);
    expect(may(machine, '/sys/class/dma_heap/system/uevent', ROOT, 'write')).toBe(true);
    expect(may(machine, '/sys/class/dma_heap/system/uevent', USER, 'write')).toBe(false);
    expect(may(machine, '/proc/meminfo', ROOT, 'write')).toBe(true);
    expect(may(machine, '/proc/pagetypeinfo', USER, 'read')).toBe(false);
  });

  it('let nobody write what has no write', () => {
    expect(machine.echo('x', '/proc/meminfo')).toBe('EIO');
    expect(machine.at('/sys/kernel/debug/dma_buf/bufinfo')).not.toHaveProperty('write');
    expect(() => machine.echo('add', '/sys/class/dma_heap/system/uevent')).toThrow(
      'a write to uevent is not modelled',
    );
  });
});

describe('any path', () => {
  it('has an answer', () => {
    const known = [
      'proc',
      'sys',
      'dev',
      'kernel',
      'debug',
      'cma',
      'video-cma@60000000',
      'ranges',
      '0',
      'self',
    ];
    const more = ['class', 'dma_heap', 'system', 'subsystem', 'fd', 'fdinfo', '1', 'shell', 'device-tree'];
    const odd = ['..', '.', '', '__proto__', 'constructor', 'toString', '\0', 'a'.repeat(300), '-1', '1e3'];
    const piece = fc.oneof(fc.constantFrom(...known, ...more, ...odd), fc.string());
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(ROOT, USER, VIDEO),
        (pieces, followLast, unchecked, credentials) => {
          const given = `/${pieces.join('/')}`;
          const found = lookup(machine.context, given, credentials, { followLast, unchecked });
          if ('errno' in found) return;
          expect(lookup(machine.context, found.path, ROOT, { followLast: false })).toMatchObject({
            path: found.path,
            node: { kind: found.node.kind },
          });
        },
      ),
    );
  });
});
