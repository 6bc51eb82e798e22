/** /proc/device-tree and /sys/firmware: the blob that the kernel was booted with. */
import { describe, expect, it } from 'vitest';
import { encodeDtb } from '../../../src/devicetree/dtb.ts';
import type { DtNode } from '../../../src/devicetree/tree.ts';
import { DEVICE_TREE_RECORD } from '../../../src/kernel/boot/boot-record.ts';
import { mayAccess } from '../../../src/kernel/virtual-files/index.ts';
import { bootRecorded, type Looking, USER } from './looking.ts';

const text = (value: string) => new TextEncoder().encode(`${value}\0`);
const property = (name: string, value = '') => ({ name, value: text(value) });
const node = (name: string, properties: DtNode['properties'], children: readonly DtNode[] = []): DtNode => ({
  name,
  properties,
  children,
});

function withTree(root: DtNode): Looking {
  const machine = bootRecorded('mixed', 'views');
  machine.records.put(DEVICE_TREE_RECORD, encodeDtb({ root, memReserves: [], bootCpuid: 0 }));
  return machine;
}

describe('the recorded board', () => {
  const machine = bootRecorded('mixed', 'views');
  const NODE = '/proc/device-tree/reserved-memory/video-cma@60000000';

  it('shows nodes as folders and properties as raw bytes', () => {
    expect(machine.ls(NODE)).toEqual(['compatible', 'name', 'reg', 'reusable']);
    expect(machine.cat(`${NODE}/compatible`)).toBe('shared-dma-pool\0');
    expect(machine.cat(`${NODE}/name`)).toBe('video-cma\0');
    expect(machine.cat(`${NODE}/reusable`)).toBe('');
    expect(machine.bytes(`${NODE}/reg`)).toEqual(
      Uint8Array.of(0, 0, 0, 0, 0x60, 0, 0, 0, 0, 0, 0, 0, 0x04, 0, 0, 0),
    );
    expect(machine.at(`${NODE}/reg`)).toMatchObject({ mode: 0o444, size: 16 });
    expect(machine.cat('/proc/device-tree/name')).toBe('\0');
  });

  it('has the blob for user 0', () => {
    const blob = machine.records.get<Uint8Array>(DEVICE_TREE_RECORD);
    expect(machine.bytes('/sys/firmware/fdt')).toEqual(blob);
    const file = machine.at('/sys/firmware/fdt');
    expect(file).toMatchObject({ mode: 0o400, size: blob?.length });
    expect(typeof file !== 'string' && mayAccess(file, USER, { read: true })).toBe(false);
  });
});

describe('names', () => {
  it('that are taken get a number', () => {
    const machine = withTree(
      node('', [property('clash', 'property')], [node('clash', [property('is', 'node')]), node('clash', [])]),
    );
    expect(machine.ls('/proc/device-tree')).toEqual(['clash', 'clash#1', 'clash#2', 'name']);
    expect(machine.cat('/proc/device-tree/clash')).toBe('property\0');
    expect(machine.cat('/proc/device-tree/clash#1/is')).toBe('node\0');
  });

  it('of the blob itself stay', () => {
    const machine = withTree(node('', [], [node('n@1', [property('name', 'other')])]));
    expect(machine.cat('/proc/device-tree/n@1/name')).toBe('other\0');
  });

  it('that are secret are for user 0', () => {
    const machine = withTree(node('', [property('security-password', 'x')]));
    expect(machine.at('/proc/device-tree/security-password')).toMatchObject({ mode: 0o400, size: 0 });
  });
});

describe('without a tree', () => {
  it('there is no such folder', () => {
    const machine = bootRecorded('mixed', 'views');
    machine.records.delete(DEVICE_TREE_RECORD);
    expect(machine.ls('/sys/firmware')).toEqual([]);
    expect(machine.at('/proc/device-tree')).toBe('ENOENT');
    expect(machine.ls('/proc')).not.toContain('device-tree');
  });
});
