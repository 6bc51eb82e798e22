/** Devices as people name, describe and change them. */
import { describe, expect, it, test } from 'vitest';
import {
  parseDirection,
  parseDmaRange,
  parseMask,
  parseSegmentSize,
} from '../../src/program/device-words.ts';
import { findDevice } from '../../src/program/find-device.ts';
import { setDevice } from '../../src/program/set-device.ts';
import { device, machine } from '../kernel/machine.ts';

describe('words', () => {
  it('reads bits of a mask', () => {
    expect(['1', '32', '64'].map(parseMask)).toEqual([1, 32, 64]);
    for (const text of ['0', '65', '-1', '0x20', '']) expect(parseMask(text)).toBeUndefined();
  });

  it('reads a window', () => {
    expect(parseDmaRange('0x40000000:0:1G')).toEqual({ cpu: 0x40000000n, dma: 0n, size: 1n << 30n });
    for (const text of ['', '0:0', '0:0:0', '0:0:1:1', 'x:0:1']) expect(parseDmaRange(text)).toBeUndefined();
  });

  it('reads the longest segment: an unsigned int, and not 0', () => {
    expect(parseSegmentSize('64K')).toBe(65536n);
    expect(parseSegmentSize('0xffffffff')).toBe(0xffffffffn);
    for (const text of ['0', '4G', '']) expect(parseSegmentSize(text)).toBeUndefined();
  });

  it('reads a direction as people or the kernel spell it', () => {
    for (const text of ['from-device', 'DMA_FROM_DEVICE'])
      expect(parseDirection(text)).toBe('DMA_FROM_DEVICE');
    for (const text of ['from', 'none', 'toString', '']) expect(parseDirection(text)).toBeUndefined();
  });
});

test('a device is found by name, path, or the name of a node that no other has', () => {
  const { kernel } = machine([
    device('a.isp', { path: '/soc/isp@1' }),
    device('b.isp', { path: '/pci/isp@1' }),
    device('vpu', { path: '/soc/vpu@2' }),
  ]);
  const name = (text: string) => {
    const found = findDevice(kernel, text);
    if ('device' in found) return found.device.name;
    return 'several' in found ? found.several.map((one) => one.name) : found.errno;
  };
  expect(name('vpu')).toBe('vpu');
  expect(name('vpu@2')).toBe('vpu');
  expect(name('/pci/isp@1')).toBe('b.isp');
  expect(name('isp@1')).toEqual(['a.isp', 'b.isp']);
  expect(name('nobody')).toBe('ENODEV');
});

test('a device changes while nothing is attached to it', () => {
  const { shell, kernel } = machine();
  const caller = { kernel, task: 'shell' };
  expect(setDevice(caller, 'cam', { mask: 32 })).toMatchObject({ ret: 0, device: { dmaMask: 0xffffffffn } });
  expect(kernel.device('cam')?.dmaMask).toBe(0xffffffffn);
  const fd = shell.alloc('system', 4096n);
  shell.attach(fd, 'cam');
  expect(setDevice(caller, 'cam', { mask: 40 })).toMatchObject({
    errno: 'EBUSY',
    why: { kind: 'device-in-use', attachments: 1 },
  });
  expect(kernel.device('cam')?.dmaMask).toBe(0xffffffffn);
  expect(setDevice(caller, 'nobody', {})).toMatchObject({ errno: 'ENODEV' });
});
