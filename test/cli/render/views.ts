/** Literal views for the renderers' tests. */
import type { BufferView, HeapView, RegionView } from '../../../src/kernel/views.ts';
import { KiB, MiB } from '../../../src/units.ts';

export const HEAPS: readonly HeapView[] = [
  {
    name: 'system',
    minor: 0,
    mode: '600',
    backend: 'system',
    size: 900n * MiB,
    free: 899n * MiB,
    largest: 4n * MiB,
    buffers: 1,
  },
  {
    name: 'npu-pool@52000000',
    minor: 1,
    mode: '600',
    backend: 'coherent',
    region: 'npu-pool@52000000',
    base: 0x5200_0000n,
    size: 1536n * KiB,
    free: 1024n * KiB,
    largest: 1024n * KiB,
    buffers: 1,
  },
  {
    name: 'default_cma_region',
    minor: 2,
    mode: '600',
    backend: 'cma',
    region: 'linux,cma',
    base: 0x7e00_0000n,
    size: 32n * MiB,
    free: 32640n * KiB,
    largest: 32640n * KiB,
    buffers: 0,
  },
];

export const REGIONS: readonly RegionView[] = [
  {
    name: 'npu-pool@52000000',
    origin: 'static',
    base: 0x5200_0000n,
    size: 1536n * KiB,
    noMap: true,
    reusable: false,
    kind: 'coherent',
    heaps: ['npu-pool@52000000'],
    isDefault: false,
  },
  {
    name: 'bare@60000000',
    origin: 'static',
    base: 0x6000_0000n,
    size: 4n * MiB,
    noMap: false,
    reusable: false,
    kind: 'coherent',
    heaps: [],
    isDefault: false,
    why: 'mapped-ram',
  },
  {
    name: 'lost\x1b[2J',
    origin: 'dynamic',
    noMap: false,
    reusable: true,
    kind: 'none',
    heaps: [],
    isDefault: false,
    why: 'no-room',
  },
  {
    name: 'linux,cma',
    origin: 'dynamic',
    base: 0x7e00_0000n,
    size: 32n * MiB,
    noMap: false,
    reusable: true,
    kind: 'cma',
    heaps: ['default_cma_region', 'linux,cma'],
    isDefault: true,
  },
];

export const BUFFERS: readonly BufferView[] = [
  {
    ino: 1,
    heap: 'npu-pool@52000000',
    expName: 'npu-pool@52000000',
    size: 300n * KiB,
    flags: 2,
    name: 'weights',
    count: 2,
    fds: [
      { task: 'shell', fd: 4, cloexec: true },
      { task: 'shell', fd: 6, cloexec: false },
    ],
    sgTable: [{ pfn: 0x52000, pages: 75 }],
  },
  {
    ino: 2,
    heap: 'system',
    expName: 'system',
    size: 1028n * KiB,
    flags: 0,
    count: 1,
    fds: [],
    sgTable: [
      { pfn: 0x40000, pages: 256 },
      { pfn: 0x7ddf4, pages: 1 },
    ],
  },
];
