/** Lines as people paste them: with what collectors put before them, cut off, run into one another. */
import { describe, expect, it } from 'vitest';
import { readFacts } from '../../src/reconstruct/index.ts';
import { rebuilt } from './rebuilt.ts';

const LOG = [
  'Linux version 6.12.118 (gcc)',
  'Machine model: Acme camera board',
  'OF: reserved mem: 0x0000000050000000..0x00000000503fffff (4096 KiB) nomap non-reusable pool@50000000',
  'Reserved memory: created CMA memory pool at 0x0000000060000000, size 64 MiB',
  'OF: reserved mem: initialized node video@60000000, compatible id shared-dma-pool',
  'OF: reserved mem: 0x0000000060000000..0x0000000063ffffff (65536 KiB) map reusable video@60000000',
  'cma: Reserved 32 MiB at 0x000000007c000000 on node -1',
  'Zone ranges:',
  '  DMA      [mem 0x0000000040000000-0x000000007fffffff]',
  '  DMA32    empty',
  '  node   0: [mem 0x0000000040000000-0x000000007fffffff]',
  'Kernel command line: console=ttyS0 quiet',
  'Memory: 900000K/1048576K available (9000K kernel code, 100K rwdata, 50264K reserved, 98304K cma-reserved)',
  'cma: __cma_alloc: video@60000000: alloc failed, req-size: 20000 pages, ret: -12',
  'cma: number of available pages: 100@28+16000@384=> 16100 free of 16384 total pages',
];

const FORMS: Readonly<Record<string, (line: string) => string>> = {
  plain: (line) => line,
  printk: (line) => `[    0.000000] ${line}`,
  'two time stamps': (line) => `[    0.000000] [    0.000000] ${line}`,
  'levels and callers': (line) => `<6>[    0.000000][    T0] ${line}`,
  'dmesg -x': (line) => `kern  :info  : [    0.000000] ${line}`,
  'dmesg -T': (line) => `[Thu Nov 12 10:00:00 2026] ${line}`,
  journald: (line) => `Nov 12 10:00:00 target kernel: ${line}`,
  'journald, with printk': (line) => `Nov 12 10:00:00 target kernel: [    0.000000] ${line}`,
  'journald, monotonic': (line) => `[    3.141592] target kernel: ${line}`,
  'syslog of today': (line) => `2026-11-12T10:00:00.123456+01:00 target kernel: [    0.000000] ${line}`,
  'logcat threadtime': (line) => `11-12 10:00:00.123     0     0 I         : ${line}`,
  'logcat with a user': (line) => `11-12 10:00:00.123  root     0     0 I kernel  : [    0.000000] ${line}`,
  'logcat brief': (line) => `I/kernel  (    0): ${line}`,
  'a terminal that stamps': (line) => `[2026-11-12 10:00:00.123] [    0.000000] ${line}`,
  'a vendor’s CPU': (line) => `<5>[    0.000000]  (0)[0:swapper]${line}`,
  quoted: (line) => `> [    0.000000] ${line}`,
  'quoted twice': (line) => `> > [    0.000000] ${line}`,
  'a diff': (line) => `+[    0.000000] ${line}`,
  'from Windows': (line) => `[    0.000000] ${line}\r`,
};

const read = (lines: readonly string[]) => rebuilt([{ file: 'log', text: lines.join('\n') }]);

describe.each(Object.entries(FORMS))('a log: %s', (_, form) => {
  it('is the same board and state', () => {
    const { kernel, findings } = read(LOG.map(form));
    expect(findings.filter(({ kind }) => kind === 'contradiction')).toEqual([]);
    expect(kernel.heaps().map(({ name, base }) => [name, base])).toEqual([
      ['system', undefined],
      ['reserved', 0x7c000000n],
    ]);
    expect(kernel.regions()).toMatchObject([
      { name: 'pool@50000000', kind: 'reserved', noMap: true },
      { name: 'video@60000000', kind: 'cma', size: 64n << 20n },
      { name: 'reserved', kind: 'cma' },
    ]);
    expect(kernel.cmaAreas()[0]?.free).toEqual([
      { pfn: 0x60000 + 28, pages: 100 },
      { pfn: 0x60000 + 384, pages: 16000 },
    ]);
    expect(kernel.info().cmdline).toContain('console=ttyS0 quiet');
  });
});

describe('a damaged log', () => {
  it('has two messages in one line', () => {
    const joined = [
      LOG[0] ?? '',
      `[    0.000000] ${LOG[2]}[    0.000000] ${LOG[3]}`,
      `${LOG[4]}${LOG[5]}`,
      ...LOG.slice(6),
    ];
    expect(
      read(joined)
        .kernel.regions()
        .map(({ name, kind }) => [name, kind]),
    ).toEqual([
      ['pool@50000000', 'reserved'],
      ['video@60000000', 'cma'],
      ['reserved', 'cma'],
    ]);
  });

  it('has lines that are cut off', () => {
    for (let cut = 1; cut < (LOG[5] ?? '').length; cut += 3) {
      const lines = LOG.map((line, i) => (i === 5 ? line.slice(0, cut) : line));
      const { kernel } = read(lines);
      expect(
        kernel.cmaAreas().find(({ name }) => name === 'video@60000000'),
        `cut at ${cut}`,
      ).toMatchObject({ pages: 16384 });
    }
  });

  it('lacks the name of a region, which is told', () => {
    const { kernel, findings } = read([
      ...LOG.slice(0, 2),
      (LOG[2] ?? '').replace(' pool@50000000', ''),
      ...LOG.slice(3),
    ]);
    expect(findings).toContainEqual(
      expect.objectContaining({ kind: 'missing', code: 'region-name', taken: 'region@50000000' }),
    );
    expect(kernel.regions()[0]).toMatchObject({ name: 'region@50000000', base: 0x50000000n });
  });

  it('has a list of free pages that is cut off', () => {
    const { kernel, findings } = read([
      ...LOG.slice(0, -1),
      'cma: number of available pages: 100@28=> 16100 free of 16384 total pages',
    ]);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'list-cut', at: { file: 'log', line: LOG.length } }),
    );
    expect(kernel.cmaAreas()[0]?.free).toEqual([{ pfn: 0x60000 + 28, pages: 100 }]);
  });

  it('is of two kernels', () => {
    const { findings } = read(['Linux version 6.1.192 (gcc)', ...LOG]);
    expect(findings).toContainEqual(
      expect.objectContaining({
        code: 'two-kernels',
        at: { file: 'log', line: 1 },
        taken: 'Linux 6.12.118, which comes last',
      }),
    );
  });
});

describe('free pages', () => {
  it.each([
    [
      '5.10',
      [
        'cma: cma_alloc: alloc failed, req-size: 9 pages, ret: -12',
        'cma: number of available pages: 5@3+7@20=> 12 free of 64 total pages',
      ],
    ],
    [
      '6.18',
      [
        'cma: __cma_alloc: a: alloc failed, req-size: 9 pages, ret: -16',
        'cma: number of available pages: ',
        'cma: range 0: +5@3+7@20=> 12 free of 64 total pages',
      ],
    ],
    [
      '7.3',
      [
        'cma: __cma_alloc_frozen: a: alloc failed, req-size: 9 pages, ret: -16',
        'cma: number of available pages: ',
        'cma: range 0: +5@3+7@20',
        'cma: ',
        '=> 12 free of 64 total pages',
      ],
    ],
  ])('are listed by Linux %s', (_, lines) => {
    const { freeLists, unknown } = readFacts([{ file: 'log', text: lines.join('\n') }]);
    expect(freeLists).toMatchObject([
      {
        runs: [
          { start: 3, length: 5 },
          { start: 20, length: 7 },
        ],
        free: 12,
        total: 64,
      },
    ]);
    expect(unknown).toBe(0);
  });
});

describe('nodes of /dev/dma_heap', () => {
  it.each([
    'crw------- 1 root root 254, 1 Nov 12 10:00 linux,cma',
    'crw-------    1 root     root      254,   1 Jan  1 00:00 linux,cma',
    'crw-rw---- 1 root video 254,   1 2026-11-12 10:00 /dev/dma_heap/linux,cma',
    'crw------- 1 root root 248, 1 Nov 12  2026 /dev/dma_heap/linux,cma',
    'crw------- 0 0 254, 1 linux,cma',
  ])('%s', (line) => {
    const { heapNodes } = readFacts([{ file: 'ls.txt', text: line }]);
    expect(heapNodes).toMatchObject([{ name: 'linux,cma', minor: 1 }]);
  });
});

describe('/proc/iomem', () => {
  it('with zeros is told to be of no use', () => {
    const zeros = '00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n';
    const { findings } = rebuilt([
      { file: 'log', text: LOG.join('\n') },
      { file: 'iomem', text: zeros },
    ]);
    expect(findings).toContainEqual(
      expect.objectContaining({ code: 'iomem-zeroed', at: { file: 'iomem', line: 1 } }),
    );
  });

  it('with a range that covers two regions, and one that nothing names', () => {
    const iomem =
      '40000000-4fffffff : System RAM\n50000000-507fffff : reserved\n50800000-7fffffff : System RAM\n';
    const { kernel, findings } = rebuilt([
      { file: 'log', text: LOG.join('\n') },
      { file: 'iomem', text: iomem },
    ]);
    expect(kernel.regions().map(({ name }) => name)).toContain('no-map@50400000');
    expect(findings).toContainEqual(
      expect.objectContaining({ kind: 'missing', code: 'region-name', at: { file: 'iomem', line: 2 } }),
    );
  });

  it('of another machine contradicts the log', () => {
    const { findings } = rebuilt([
      { file: 'log', text: LOG.join('\n') },
      { file: 'iomem', text: '80000000-ffffffff : System RAM\n' },
    ]);
    expect(findings.filter(({ code }) => code === 'ram-of-another-board').map(({ at }) => at)).toContainEqual(
      { file: 'log', line: 4 },
    );
  });
});

describe('a bitmap', () => {
  it('that ends too early is told', () => {
    const { kernel, findings } = rebuilt([
      { file: 'log', text: LOG.join('\n') },
      { file: 'cma/video@60000000/base_pfn', text: '393216\n' },
      { file: 'cma/video@60000000/bitmap', text: '4294967295 0 0\n' },
    ]);
    expect(findings).toContainEqual(expect.objectContaining({ code: 'bitmap-cut' }));
    expect(kernel.cmaAreas()[0]?.free).toEqual([{ pfn: 0x60000 + 32, pages: 16352 }]);
  });

  it('goes before the count in use, which is told', () => {
    const { findings } = rebuilt([
      { file: 'log', text: LOG.join('\n') },
      {
        file: 'x',
        text: `==> /sys/kernel/debug/cma/video@60000000/used <==\n7\n==> /sys/kernel/debug/cma/video@60000000/bitmap <==\n${'1 '.repeat(512)}\n`,
      },
    ]);
    expect(findings).toContainEqual(expect.objectContaining({ code: 'used-not-as-bitmap' }));
  });
});

describe('how many pages are in use, without which', () => {
  const board = [...LOG.slice(0, 13)];
  it('leaves free runs no longer than the longest was', () => {
    const { kernel, findings } = rebuilt([
      { file: 'log', text: board.join('\n') },
      { file: 'cma/video@60000000/used', text: '15000\n' },
      { file: 'cma/video@60000000/maxchunk', text: '140\n' },
    ]);
    const free = kernel.cmaAreas()[0]?.free ?? [];
    expect(free.reduce((sum, { pages }) => sum + pages, 0)).toBe(16384 - 15000);
    expect(Math.max(...free.map(({ pages }) => pages))).toBe(140);
    expect(findings).toContainEqual(expect.objectContaining({ kind: 'guess', code: 'used-only' }));
  });

  it('takes the request that failed for the bound, and says where nothing tells', () => {
    const failed = 'cma: __cma_alloc: video@60000000: alloc failed, req-size: 99 pages, ret: -12';
    const used = rebuilt([
      { file: 'log', text: [...board, failed].join('\n') },
      { file: 'cma/video@60000000/used', text: '15000\n' },
    ]);
    expect(Math.max(...(used.kernel.cmaAreas()[0]?.free ?? []).map(({ pages }) => pages))).toBe(98);
    const { findings } = rebuilt([{ file: 'log', text: [...board, failed].join('\n') }]);
    expect(findings).toContainEqual(
      expect.objectContaining({
        kind: 'missing',
        code: 'failed-without-list',
        at: { file: 'log', line: 14 },
      }),
    );
  });
});

it('a terminal session tells what each part is', () => {
  const { kernel, findings } = rebuilt([
    {
      file: 'mail.txt',
      text: `Hi, here is all I have:

root@board:~# cat /proc/iomem
40000000-7fffffff : System RAM
root@board:~# ls -l /dev/dma_heap/
total 0
crw------- 1 root root 252, 1 Jan  1  1970 linux,cma
crw------- 1 root root 252, 0 Jan  1  1970 system
root@board:~# dmesg | grep -i cma
[    0.000000] Linux version 6.1.55
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000078000000, size 128 MiB
[    0.000000] OF: reserved mem: initialized node linux,cma, compatible id shared-dma-pool
root@board:~# cat /sys/kernel/debug/cma/linux,cma/bitmap
${'4294967295 '.repeat(512)}${'0 '.repeat(512)}
root@board:~#
`,
    },
  ]);
  expect(findings.filter(({ kind }) => kind === 'contradiction')).toEqual([]);
  expect(kernel.heaps().map(({ name, minor }) => [name, minor])).toEqual([
    ['system', 0],
    ['linux,cma', 1],
  ]);
  expect(kernel.cmaAreas()[0]?.free).toEqual([{ pfn: 0x78000 + 16384, pages: 16384 }]);
});
