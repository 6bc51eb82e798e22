import { expect, test } from 'vitest';
import { fdList, renderBuffer, renderBuffers } from '../../../src/cli/render/buffers.ts';
import { dmaRangeText, maskText, renderDevice, renderDevices } from '../../../src/cli/render/devices.ts';
import { renderHeaps } from '../../../src/cli/render/heaps.ts';
import { modeString, renderListing } from '../../../src/cli/render/listing.ts';
import { renderTasks } from '../../../src/cli/render/tasks.ts';
import { readGroup } from '../../../src/cli/words/groups.ts';
import type { BufferView, TaskView } from '../../../src/kernel/views/views.ts';
import type { Device } from '../../../src/mm/dma/device.ts';
import { groupText } from '../../../src/program/group-names.ts';
import { GiB, KiB } from '../../../src/units.ts';
import { BUFFERS, HEAPS } from './views.ts';

const SHARED: BufferView = {
  ...BUFFERS[0]!,
  count: 6,
  fds: [
    { task: 'camera', fd: 7, cloexec: false },
    { task: 'shell', fd: 4, cloexec: true },
  ],
  mappings: [{ task: 'camera', id: 1, offset: 4096n, length: 8n * KiB, prot: 3, shared: false }],
  attachments: [
    { id: 1, device: 'isp\x1b[2J', task: 'camera', references: 3 },
    {
      id: 2,
      device: 'a200000.camera',
      task: 'shell',
      references: 1,
      direction: 'DMA_FROM_DEVICE',
      segments: [
        { address: 0x1000n, length: 4n * KiB },
        { address: 0x9000n, length: 296n * KiB },
      ],
    },
  ],
};

const DEVICE: Device = {
  name: 'a200000.camera',
  path: '/soc@0/camera@a200000',
  dmaCoherent: true,
  dmaMask: 0x3fffffffn,
  busDmaLimit: 0x3fffffffn,
  dmaRanges: [{ cpu: 0x40000000n, dma: 0n, size: GiB }],
  iommu: true,
  maxSegSize: 65536,
  importer: 'vb2',
  contiguous: true,
  memoryRegions: ['video-cma@60000000'],
  origin: 'board',
};

const TASKS: readonly TaskView[] = [
  {
    name: 'shell',
    pid: 1,
    uid: 0,
    gid: 0,
    groups: [],
    nofile: 1024,
    fds: [0, 1, 2].map((fd) => ({ fd, cloexec: false, kind: 'stream' })),
    mappings: 0,
    attachments: 0,
  },
  {
    name: 'camera',
    pid: 12,
    uid: 1000,
    gid: 1000,
    groups: [44, 993],
    nofile: 64,
    fds: [
      { fd: 0, cloexec: true, kind: 'stream' },
      { fd: 3, cloexec: false, kind: 'dma_heap', path: '/dev/dma_heap/a\x1b[2Jb' },
      { fd: 4, cloexec: true, kind: 'dma_buf', ino: 9 },
      { fd: 5, cloexec: true, kind: 'sync_file' },
    ],
    mappings: 2,
    attachments: 1,
  },
];

test('a buffer that others have too', () => {
  expect(renderBuffers([SHARED, BUFFERS[1]!])).toMatchSnapshot();
  expect(renderBuffer(SHARED)).toMatchSnapshot();
  expect(fdList(SHARED.fds, 'shell')).toBe('4,camera:7');
  expect(fdList(SHARED.fds, 'camera')).toBe('7,shell:4');
});

test('tasks and devices', () => {
  expect(renderTasks(TASKS)).toMatchSnapshot();
  expect(renderTasks([])).toBe('There are no tasks.\n');
  expect(renderDevices([{ device: DEVICE, attachments: [] }])).toMatchSnapshot();
  expect(renderDevices([])).toMatch(/no devices/);
  const attachments = SHARED.attachments.slice(1).map((attachment) => ({ ...attachment, buffer: SHARED }));
  expect(renderDevice({ device: DEVICE, attachments })).toMatchSnapshot();
});

test('who may open heaps, where a udev rule says it', () => {
  expect(renderHeaps(HEAPS)).not.toContain('mode');
  expect(renderHeaps([{ ...HEAPS[0]!, mode: '660', gid: 44 }])).toMatch(
    /\nThe nodes have mode 0660, group 44 \(video\)\.\n$/,
  );
});

test.each([
  [0xffffffffn, '32'],
  [(1n << 64n) - 1n, '64'],
  [1n, '1'],
  [0xfffffff0n, '0xfffffff0'],
  [0n, '0x0'],
])('mask %d is %s', (mask, text) => {
  expect(maskText(mask)).toBe(text);
});

test.each([
  [GiB, '0x40000000:0x0:1G'],
  [4n * KiB, '0x40000000:0x0:4K'],
  [100n, '0x40000000:0x0:100'],
])('a window is written as --dma-range reads it', (size, text) => {
  expect(dmaRangeText({ cpu: 0x40000000n, dma: 0n, size })).toBe(text);
});

test('modes and columns of ls', () => {
  expect(modeString({ kind: 'device', mode: 0o660 })).toBe('crw-rw----');
  expect(modeString({ kind: 'directory', mode: 0o755 })).toBe('drwxr-xr-x');
  const files = [
    { name: 'x\n', node: { kind: 'symlink', mode: 0o777, target: '\x1b[2J' } },
    {
      name: 'h',
      node: { kind: 'device', mode: 0o600, gid: 44, major: 254, minor: 12, opens: { heap: 'h' } },
    },
  ] as const;
  expect(renderListing(files, true)).toBe(
    'lrwxrwxrwx 0  0       0 x\\x0a -> \\x1b[2J\ncrw------- 0 44 254, 12 h\n',
  );
  expect(renderListing([], true)).toBe('');
});

test('groups by name', () => {
  expect([readGroup('video'), readGroup('1000'), readGroup('users')]).toEqual([44, 1000, 100]);
  for (const text of ['render', 'constructor', '4294967295', '']) expect(() => readGroup(text)).toThrow();
  expect([groupText(44), groupText(993)]).toEqual(['44 (video)', '993']);
});
