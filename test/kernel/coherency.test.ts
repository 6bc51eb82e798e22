/** Who sees which bytes when a device does not snoop the CPU's caches: kernel-facts 8, through the calls. */
import { describe, expect, it } from 'vitest';
import {
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_RW,
  DMA_BUF_SYNC_WRITE,
} from '../../src/uapi/dma-buf.ts';
import { CMA, device, HEAPS, type Machine, machine, POOL, reportsOf } from './machine.ts';

const PAGE = 4096n;

/** A buffer, of two pages unless said, mapped for the CPU and for `cam`. */
function shared(
  heap: string,
  direction: 'DMA_BIDIRECTIONAL' | 'DMA_TO_DEVICE' | 'DMA_FROM_DEVICE' = 'DMA_BIDIRECTIONAL',
  made: Machine = machine(),
  length = 2n * PAGE,
) {
  const { shell, kernel } = made;
  const fd = shell.alloc(heap, length);
  const view = shell.map(fd, length);
  const cam = shell.attach(fd, 'cam');
  expect(shell.mapFor(cam, direction)).toEqual({ ret: 0 });
  return { ...made, fd, view, cam, kernel, shell };
}

describe.each(['system', CMA])('a device that does not snoop, on %s', (heap) => {
  it('does not see what the CPU wrote until SYNC END, in any direction', () => {
    for (const flags of [DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW]) {
      const { shell, kernel, fd, view, cam } = shared(heap);
      shell.store(view, 60, [1, 2, 3, 4, 5, 6, 7, 8]);
      expect(shell.dmaRead(cam, 60, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
      expect(reportsOf(kernel)).toEqual(['stale-read cam line-not-cleaned 8']);
      expect(shell.sync(fd, DMA_BUF_SYNC_END | flags)).toEqual({ ret: 0 });
      expect(shell.dmaRead(cam, 60, 8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(reportsOf(kernel)).toHaveLength(1);
    }
  });

  it('writes what the CPU does not see until SYNC START with READ', () => {
    const { shell, kernel, fd, view, cam } = shared(heap);
    expect(shell.load(view, 0, 4)).toEqual([0, 0, 0, 0]);
    shell.dmaWrite(cam, 0, [9, 9, 9, 9]);
    expect(shell.load(view, 0, 4)).toEqual([0, 0, 0, 0]);
    expect(reportsOf(kernel)).toEqual(['stale-read shell line-not-invalidated 4']);
    // WRITE alone invalidates nothing.
    shell.sync(fd, DMA_BUF_SYNC_WRITE);
    expect(shell.load(view, 0, 4)).toEqual([0, 0, 0, 0]);
    shell.sync(fd, DMA_BUF_SYNC_READ);
    expect(shell.load(view, 0, 4)).toEqual([9, 9, 9, 9]);
    expect(reportsOf(kernel)).toHaveLength(2);
  });

  it('SYNC START with READ throws dirty lines away', () => {
    const { shell, kernel, fd, view } = shared(heap);
    shell.store(view, 0, [5]);
    shell.sync(fd, DMA_BUF_SYNC_READ);
    expect(shell.load(view, 0, 1)).toEqual([0]);
    expect(reportsOf(kernel)).toEqual(['lost-write shell dirty-line-invalidated 1']);
  });

  it('loses its write to a dirty line that is cleaned over it: 64 bytes share one fate', () => {
    const { shell, kernel, fd, view, cam } = shared(heap);
    shell.store(view, 0, [1]);
    shell.dmaWrite(cam, 32, [7, 7]);
    shell.sync(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
    expect(shell.dmaRead(cam, 32, 2)).toEqual([0, 0]);
    expect(reportsOf(kernel)).toEqual(['lost-write cam line-written-back 2']);
  });

  it('maps and unmaps with maintenance: clean for the device, invalidate for the CPU', () => {
    const { shell, view, cam, fd } = shared(heap, 'DMA_FROM_DEVICE');
    shell.must({ call: 'dma_buf_unmap_attachment', attachment: cam });
    shell.store(view, 0, [1, 2]);
    expect(shell.mapFor(cam, 'DMA_BIDIRECTIONAL')).toEqual({ ret: 0 });
    expect(shell.dmaRead(cam, 0, 2)).toEqual([1, 2]);
    shell.dmaWrite(cam, 0, [3, 4]);
    shell.must({ call: 'dma_buf_unmap_attachment', attachment: cam });
    expect(shell.load(view, 0, 2)).toEqual([3, 4]);
    // To the device only: unmapping invalidates nothing, and SYNC has nobody to do it for.
    shell.mapFor(cam, 'DMA_TO_DEVICE');
    shell.dmaWrite(cam, 0, [5, 6]);
    shell.must({ call: 'dma_buf_unmap_attachment', attachment: cam });
    shell.sync(fd, DMA_BUF_SYNC_READ);
    expect(shell.load(view, 0, 2)).toEqual([3, 4]);
    const last = [...shell.kernel.hazards.since()].at(-1);
    expect(last).toMatchObject({ noSyncHelps: 'not-mapped', hazard: { kind: 'stale-read' } });
  });

  it('says that a SYNC helps when any device that does not snoop has the buffer mapped, and it does', () => {
    const made = machine([device('cam'), device('vpu')]);
    const { shell, kernel, fd, view } = shared(heap, 'DMA_BIDIRECTIONAL', made);
    const vpu = shell.attach(fd, 'vpu');
    shell.mapFor(vpu, 'DMA_TO_DEVICE');
    shell.load(view, 0, 4);
    shell.dmaWrite(vpu, 0, [6]);
    shell.must({ call: 'dma_buf_unmap_attachment', attachment: vpu });
    expect(shell.load(view, 0, 1)).toEqual([0]);
    expect([...kernel.hazards.since()]).toMatchObject([
      { missing: { flags: DMA_BUF_SYNC_READ, task: 'shell' } },
    ]);
    shell.sync(fd, DMA_BUF_SYNC_READ);
    expect(shell.load(view, 0, 1)).toEqual([6]);
  });

  it('says which call was missing, by whom and where', () => {
    const { shell, kernel, fd, view, cam } = shared(heap);
    shell.load(view, 0, 64);
    shell.dmaWrite(cam, 8, [1, 1]);
    shell.load(view, 0, 64);
    expect([...kernel.hazards.since()]).toMatchObject([
      {
        buffer: { ino: 1, heap, offset: 8n, holder: { task: 'shell', fd } },
        missing: {
          task: 'shell',
          flags: DMA_BUF_SYNC_READ,
          after: { kind: 'device', name: 'cam' },
          before: { kind: 'task', name: 'shell' },
        },
      },
    ]);
  });
});

it.each([
  [POOL, 'cam'],
  [CMA, 'gpu'],
  ['system', 'gpu'],
])('there is no such effect on %s with %s: the pool is mapped uncached, the device snoops', (heap, name) => {
  const { shell, kernel } = machine();
  const fd = shell.alloc(heap, PAGE);
  const view = shell.map(fd, PAGE);
  const other = shell.attach(shell.alloc(CMA, PAGE), 'cam');
  expect(shell.mapFor(other)).toEqual({ ret: 0 });
  const attachment = shell.attach(fd, name);
  shell.mapFor(attachment);
  shell.store(view, 0, [1, 2, 3]);
  expect(shell.dmaRead(attachment, 0, 3)).toEqual([1, 2, 3]);
  shell.dmaWrite(attachment, 1, [8, 8]);
  expect(shell.load(view, 0, 3)).toEqual([1, 8, 8]);
  expect(reportsOf(kernel)).toEqual([]);
});

it('without a device that does not snoop, memory is as the CPU wrote it', () => {
  const { shell, kernel, memory } = machine();
  const fd = shell.alloc(CMA, PAGE);
  const view = shell.map(fd, PAGE);
  shell.store(view, 0, [1, 2]);
  const bytes = new Uint8Array(2);
  memory.read(0x48000000n, bytes);
  expect([...bytes]).toEqual([1, 2]);
  // One attaches: from now on stores stay in the cache; it goes: they are in memory again.
  const cam = shell.attach(fd, 'cam');
  shell.store(view, 0, [3]);
  memory.read(0x48000000n, bytes);
  expect([...bytes]).toEqual([1, 2]);
  shell.must({ call: 'dma_buf_detach', attachment: cam });
  memory.read(0x48000000n, bytes);
  expect([...bytes]).toEqual([3, 2]);
  expect(reportsOf(kernel)).toEqual([]);
});

it('a new buffer reads zero, whatever lines its pages had before', () => {
  const { shell, cam, view, fd } = shared(CMA);
  shell.store(view, 0, new Uint8Array(8192).fill(0xee));
  const keep = shell.attach(shell.alloc(CMA, PAGE), 'cam');
  shell.mapFor(keep);
  shell.must({ call: 'dma_buf_detach', attachment: cam });
  shell.must({ call: 'munmap', mapping: view });
  shell.must({ call: 'close', fd });
  const fresh = shell.alloc(CMA, 2n * PAGE);
  expect(shell.kernel.buffer('shell', fresh)?.sgTable).toEqual([{ pfn: 0x48000, pages: 2 }]);
  expect(shell.load(shell.map(fresh, 2n * PAGE), 0, 8192).every((byte) => byte === 0)).toBe(true);
});

describe('lines that are evicted by chance', () => {
  it('go one for sixteen that an access touches', () => {
    const { shell, view, cam } = shared(
      CMA,
      'DMA_BIDIRECTIONAL',
      machine(undefined, { evict: 1 }),
      256n * PAGE,
    );
    const length = 256 * 4096;
    shell.store(view, 0, new Uint8Array(length).fill(1));
    // What has reached memory is what the device sees; the rest lies in the cache.
    const written = shell.dmaRead(cam, 0, length).filter((byte, at) => at % 64 === 0 && byte === 1).length;
    // The store and the device's read touch each line once.
    const touched = (2 * length) / 64;
    expect(written / touched).toBeGreaterThan(1 / 18);
    // Which line goes is drawn for each, and some are drawn twice.
    expect(written / touched).toBeLessThan(1 / 15);
  });
});

describe('DMA past the end of a buffer', () => {
  it('hits the neighbour, and says who that is', () => {
    const { shell, kernel } = machine();
    const [first, second] = [shell.alloc(CMA, PAGE), shell.alloc(CMA, PAGE)];
    const cam = shell.attach(first, 'cam');
    shell.mapFor(cam);
    shell.dmaWrite(cam, 4090, [1, 2, 3, 4, 5, 6, 7, 8]);
    expect(shell.load(shell.map(second, PAGE), 0, 3)).toEqual([7, 8, 0]);
    expect([...kernel.hazards.since()]).toMatchObject([
      {
        report: 'stray-dma',
        device: 'cam',
        access: 'write',
        dmaAddress: 0x48001000n,
        buffer: { ino: 2, offset: 0n },
        occupant: { range: { base: 0x48001000n, size: 2n }, owner: { kind: 'buffer', ino: 2 } },
      },
    ]);
  });

  it('is an IOMMU fault behind one, and a bus error outside of all memory', () => {
    const { shell, kernel } = machine([device('cam', { iommu: true }), device('isp')]);
    const fd = shell.alloc('system', 3n * PAGE);
    const cam = shell.attach(fd, 'cam');
    shell.mapFor(cam, 'DMA_TO_DEVICE');
    expect(shell.dmaRead(cam, 0, 8)).toEqual(new Array(8).fill(0));
    expect(() => shell.dmaRead(cam, 3 * 4096 - 4, 8)).toThrow('IOMMU fault: cam cannot read');
    expect(() => shell.dmaWrite(cam, 0, [1])).toThrow('DMA_TO_DEVICE, which allows reads only');
    expect(reportsOf(kernel)).toEqual(['dma-fault cam read not-mapped', 'dma-fault cam write read-only']);
    expect(() => kernel.dma('isp').read(0x1000n, new Uint8Array(4))).toThrow(
      'bus error: isp cannot read 0x1000',
    );
    expect(kernel.deviceMapping(cam)?.segments).toHaveLength(1);
  });
});

describe('a device that does not reach the buffer', () => {
  const HIGH = 0x1_0000_0000n;

  it('gets a bounce buffer, which SYNC copies', () => {
    const made = machine(
      [device('cam', { dmaMask: 0xffff_ffffn, dmaCoherent: true })],
      {},
      {
        memory: [
          { base: 0x40000000n, size: 256n << 20n },
          { base: HIGH, size: 1024n << 20n },
        ],
      },
    );
    const { shell, kernel, fd, view, cam } = shared('system', 'DMA_BIDIRECTIONAL', made);
    expect((kernel.buffer('shell', fd)?.sgTable[0]?.pfn ?? 0) * 4096).toBeGreaterThanOrEqual(Number(HIGH));
    expect(kernel.deviceMapping(cam)?.segments[0]?.address).toBeLessThan(HIGH);
    shell.store(view, 0, [1, 2]);
    expect(shell.dmaRead(cam, 0, 2)).toEqual([0, 0]);
    shell.sync(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
    expect(shell.dmaRead(cam, 0, 2)).toEqual([1, 2]);
    shell.dmaWrite(cam, 0, [7]);
    expect(shell.load(view, 0, 2)).toEqual([1, 2]);
    shell.sync(fd, DMA_BUF_SYNC_READ);
    expect(shell.load(view, 0, 2)).toEqual([7, 2]);
    expect(reportsOf(kernel)).toEqual([
      'stale-read cam bounce-not-copied-in 2',
      'stale-read shell bounce-not-copied-back 1',
    ]);
  });

  it.each([
    ['system', 'EIO'],
    [CMA, 'ENOMEM'],
  ])('fails on %s with %s and a warning where no bounce buffer helps', (heap, errno) => {
    const { shell, kernel } = machine([device('cam', { dmaMask: 0xffffn })]);
    const cam = shell.attach(shell.alloc(heap, PAGE), 'cam');
    const before = kernel.printk.nextSeq;
    expect(shell.mapFor(cam)).toMatchObject({ errno, why: { kind: 'dma-unreachable' } });
    const log = [...kernel.printk.since(before)].map((line) => line.text);
    expect(log).toEqual([
      expect.stringMatching(
        /^platform cam: swiotlb addr 0x[0-9a-f]{16}\+4096 overflow \(mask ffff, bus limit 0\)\.$/,
      ),
    ]);
    expect(kernel.deviceMapping(cam)).toBeUndefined();
  });

  it('sees the buffer through its bus window', () => {
    const window = { cpu: 0x40000000n, dma: 0n, size: 0x40000000n };
    const { shell, kernel, cam } = shared(
      CMA,
      'DMA_BIDIRECTIONAL',
      machine([device('cam', { dmaRanges: [window] })]),
    );
    expect(kernel.deviceMapping(cam)?.segments).toEqual([{ address: 0x8000000n, length: 8192n }]);
    shell.dmaWrite(cam, 0, [4]);
    const bytes = new Uint8Array(1);
    kernel.dma('cam').read(0x8000000n, bytes);
    expect(bytes[0]).toBe(4);
  });
});

describe('a device that needs one run of addresses', () => {
  const tooLarge = 1024n * 1024n + PAGE;

  it.each([
    ['vb2', 'EFAULT', [`contiguous chunk is too small 1048576/${tooLarge}`]],
    ['drm', 'EINVAL', []],
  ] as const)('refuses a scattered buffer as %s does: %s', (importer, errno, log) => {
    const { shell, kernel } = machine([device('dcss', { contiguous: true, importer })]);
    const fd = shell.alloc('system', tooLarge);
    const scattered = kernel.buffer('shell', fd)?.sgTable ?? [];
    expect(scattered).toHaveLength(2);
    const attachment = shell.attach(fd, 'dcss');
    const before = kernel.printk.nextSeq;
    const touching = (scattered[0]?.pfn ?? 0) + 256 === scattered[1]?.pfn;
    const result = shell.mapFor(attachment);
    if (touching) return expect(result).toEqual({ ret: 0 });
    expect(result).toMatchObject({ errno, why: { kind: 'not-contiguous', segments: 2 } });
    expect([...kernel.printk.since(before)].map((line) => line.text)).toEqual(log);
  });

  it('takes a CMA buffer, and a scattered one behind an IOMMU', () => {
    const { shell } = machine([
      device('dcss', { contiguous: true }),
      device('gpu', { contiguous: true, iommu: true }),
    ]);
    expect(shell.mapFor(shell.attach(shell.alloc(CMA, tooLarge), 'dcss'))).toEqual({ ret: 0 });
    expect(shell.mapFor(shell.attach(shell.alloc('system', tooLarge), 'gpu'))).toEqual({ ret: 0 });
  });
});

it.each(HEAPS)(
  'eviction by chance on %s is the same for the same seed, and may hide or show a bug',
  (heap) => {
    const run = (evict: number): string => {
      const { shell, kernel, view, cam } = shared(heap, 'DMA_BIDIRECTIONAL', machine(undefined, { evict }));
      const seen: number[] = [];
      for (let i = 0; i < 40; i++) {
        shell.store(view, i * 64, [i + 1]);
        seen.push(...shell.dmaRead(cam, i * 64, 1), ...shell.load(view, (i * 640) % 8192, 1));
      }
      return `${seen.join()} ${reportsOf(kernel).length}`;
    };
    expect(run(1)).toBe(run(1));
    if (heap === POOL) expect(run(1)).toBe(run(2));
    else expect(new Set([1, 2, 3, 4].map(run)).size).toBeGreaterThan(1);
  },
);
