/** What boot, regions, list --board and alloc say of boards that are not as their authors meant them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dmaheap } from './in-process.ts';

const MEMORY = 'memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x40000000>; };';
const reserved = (nodes: string, cells = '#address-cells = <2>; #size-cells = <2>; ranges;') =>
  `reserved-memory { ${cells} ${nodes} };`;
const NO_MAP_IN_CMA = reserved(`
  secmon@a2000000 { no-map; reg = <0 0xa2000000 0 0x400000>; };
  frames@a0000000 { compatible = "shared-dma-pool"; reusable; reg = <0 0xa0000000 0 0x8000000>; };`);

function boardFile(nodes: string, memory = MEMORY): string {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-regions-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'board.dts');
  writeFileSync(
    file,
    `/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; compatible = "example,board"; ${memory} ${nodes} };`,
  );
  return file;
}

/** The text and the JSON of `regions`. */
async function regions(nodes: string, ...options: readonly string[]) {
  const file = boardFile(nodes);
  const text = await dmaheap(['regions', '--board', file, ...options]);
  const json = await dmaheap(['regions', '--board', file, '--json', ...options]);
  return { text: text.stdout, stderr: text.stderr, code: text.code, json: JSON.parse(json.stdout) };
}

describe('regions names the cause, with its numbers', () => {
  const pool = 'compatible = "shared-dma-pool"; reusable;';
  test.each<[string, string, readonly string[], RegExp, RegExp]>([
    [
      'a misaligned area',
      reserved(`f@90200000 { ${pool} reg = <0 0x90200000 0 0x200000>; };`),
      ['--config', 'TRANSPARENT_HUGEPAGE=n', '--config', 'HUGETLBFS=n'],
      /4 MiB here: its base 0x90200000 is 2 MiB past one/,
      /base 0x90000000 or 0x90400000, size 4 MiB/,
    ],
    [
      'other #size-cells',
      reserved(
        `f@90000000 { ${pool} reg = <0 0x90000000 0x400000>; };`,
        '#address-cells = <2>; #size-cells = <1>; ranges;',
      ),
      [],
      /has #size-cells 1, the root has 2/,
      /#size-cells = <2>;/,
    ],
    [
      'other #address-cells',
      reserved(
        `f@90000000 { ${pool} reg = <0x90000000 0 0x400000>; };`,
        '#address-cells = <1>; #size-cells = <2>; ranges;',
      ),
      [],
      /has #address-cells 1, the root has 2/,
      /#address-cells = <2>;/,
    ],
    [
      'no cells',
      reserved(`f@90000000 { ${pool} reg = <0x90000000 0 0x400000>; };`, 'ranges;'),
      [],
      /has no #address-cells, the root has 2; .*no #size-cells, the root has 2/,
      /#size-cells = <2>;/,
    ],
    [
      'no ranges',
      reserved(
        `f@90000000 { ${pool} reg = <0 0x90000000 0 0x400000>; };`,
        '#address-cells = <2>; #size-cells = <2>;',
      ),
      [],
      /: Linux ignores all of it/,
      /give \/reserved-memory ranges;/,
    ],
    [
      'alloc-ranges without RAM',
      reserved(`f { ${pool} size = <0 0x400000>; alloc-ranges = <0 0x40000000 0 0x20000000>; };`),
      [],
      /0x40000000\.\.0x5fffffff hold no RAM, which is 0x80000000\.\.0xbfffffff/,
      /lie in RAM/,
    ],
    [
      'alloc-ranges too small',
      reserved(`f { ${pool} size = <0 0x4000000>; alloc-ranges = <0 0x90000000 0 0x2000000>; };`),
      [],
      /largest free run is 32 MiB at 0x90000000/,
      /make it smaller, or widen alloc-ranges/,
    ],
    [
      'too large for RAM',
      reserved(`f { ${pool} size = <0 0x40000000>; };`),
      [],
      /no room for 1 GiB at multiples of 2 MiB in RAM: the largest free run is \d+ MiB at 0x8/,
      /make it smaller/,
    ],
    [
      'the initrd in the way',
      reserved('d@9c000000 { no-map; reg = <0 0x9c000000 0 0x800000>; };'),
      ['--reserve', 'initrd=0x9c400000:4M'],
      /by the initrd at 0x9c400000\.\.0x9c7fffff/,
      /move one of them/,
    ],
    [
      'the kernel in the way',
      reserved('d@9c000000 { no-map; reg = <0 0x9c000000 0 0x800000>; };'),
      ['--reserve', 'kernel=0x9c400000:4M'],
      /by the kernel image at 0x9c400000/,
      /move/,
    ],
    [
      'the tree in the way',
      reserved('d@9c000000 { no-map; reg = <0 0x9c000000 0 0x800000>; };'),
      ['--reserve', 'dtb=0x9c400000:64K'],
      /by the device tree at 0x9c400000/,
      /move/,
    ],
    [
      'a region in the way',
      reserved(
        'a@9c000000 { reg = <0 0x9c000000 0 0x800000>; }; d@9c400000 { no-map; reg = <0 0x9c400000 0 0x800000>; };',
      ),
      [],
      /by the region a@9c000000 at 0x9c000000/,
      /move/,
    ],
  ])('%s', async (_, nodes, options, reason, advice) => {
    const { text, json, code } = await regions(nodes, ...options);
    expect(code).toBe(0);
    expect(text).toMatch(reason);
    expect(text).toMatch(advice);
    const told = json.regions.find((region: { reason: string | null }) => reason.test(region.reason ?? ''));
    expect(told.advice).toMatch(advice);
    expect(told.detail.is).toEqual(expect.any(String));
  });

  test('a default area that found no place', async () => {
    const { text, stderr, json } = await regions('', '--cmdline', 'cma=2048M');
    expect(text).toMatch(
      /reserved: no heap \(default-area-failed\)\n {2}the default CMA area of 2 GiB .* at 0x/,
    );
    expect(stderr).toContain('cma= on the command line');
    expect(json.regions[0].detail).toMatchObject({
      asked: 2 ** 31,
      limit: '0xc0000000',
      largest: { base: expect.any(String) },
    });
    expect(json.warnings[0].code).toBe('default-cma-failed');
  });
});

describe('advice fits what a region is for', () => {
  const names = [
    'vring0@90000000',
    'vdev0vring0@90000000',
    'vdev0buffer@90000000',
    'vdevbuffer@90000000',
    'tfa@90000000',
    'atf@90000000',
    'bl31@90000000',
    'secmon@90000000',
    'optee@90000000',
    'optee_core@90000000',
    'tee-shm@90000000',
    'framebuffer@90000000',
    'fb0@90000000',
    'splash@90000000',
    'cont_splash_region@90000000',
    'cont-splash-buffer@90000000',
    'hyp@90000000',
    'rsc-table@90000000',
    'mpss@90000000',
    'adsp-memory@90000000',
  ];
  test.each(names)('%s gets none', async (name) => {
    const { text, json } = await regions(reserved(`${name} { no-map; reg = <0 0x90000000 0 0x8000>; };`));
    expect(text).not.toContain('shared-dma-pool');
    expect(text.split('\n')).toContain(`plain reserved memory: ${name}`);
    expect(json.regions[0].advice).toBeNull();
  });

  test.each([
    'ramoops',
    'qcom,rmtfs-mem',
    'framebuffer',
    'shared-mem-vendor',
    'removed-dma-pool',
    'nvidia,vpr-carveout',
  ])('nor memory of the driver of %s', async (compatible) => {
    const { text, json } = await regions(
      reserved(`m@90000000 { compatible = "${compatible}"; reg = <0 0x90000000 0 0x100000>; };`),
    );
    expect(text).toContain(`plain reserved memory: m@90000000 (${compatible})\n`);
    expect(json.regions[0].advice).toBeNull();
  });

  test('a restricted-dma-pool is its devices alone', async () => {
    const { text, json } = await regions(
      reserved('m@90000000 { compatible = "restricted-dma-pool"; reg = <0 0x90000000 0 0x100000>; };'),
    );
    expect(text).toContain('m@90000000: no heap (restricted-pool)\n');
    expect(json.regions[0]).toMatchObject({ kind: 'reserved', heaps: [], advice: null });
  });

  test('a heap of a vendor is told as such', async () => {
    const { text } = await regions(
      reserved('s@98000000 { compatible = "dma-heap-carveout"; reg = <0 0x98000000 0 0x8000000>; };'),
    );
    expect(text).toContain('dma-heap-carveout is a vendor heap that Linux 7.3.4 does not have');
    expect(text).not.toContain('"shared-dma-pool"');
  });

  test.each([
    ['frames@90000000 { reg = <0 0x90000000 0 0x100000>; };', /add compatible = "shared-dma-pool"/],
    ['x@90000000 { reusable; reg = <0 0x90000000 0 0x200000>; };', /add compatible = "shared-dma-pool"/],
    [
      'x@90000000 { compatible = "shared-dma-pools"; reg = <0 0x90000000 0 0x200000>; };',
      /did you mean compatible = "shared-dma-pool"/,
    ],
    [
      'x@90000000 { compatible = "shared_dma_pool"; reg = <0 0x90000000 0 0x200000>; };',
      /did you mean compatible = "shared-dma-pool"/,
    ],
  ])('what was meant as a pool hears how: %s', async (node, advice) => {
    expect((await regions(reserved(node))).text).toMatch(advice);
  });
});

test('a reserved-memory node below a bus is named as never scanned', async () => {
  const { stderr, json } = await regions(`fabric { #address-cells = <2>; #size-cells = <2>; ranges;
    ${reserved('pl: pl@90000000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x90000000 0 0x400000>; };')}
    dma@0 { compatible = "example,dma"; memory-region = <&pl>; }; };`);
  expect(stderr).toContain('/fabric/reserved-memory/pl@90000000 is never scanned');
  expect(stderr).toContain('memory-region points to 0x1 (/fabric/reserved-memory/pl@90000000)');
  expect(json.warnings.map(({ code }: { code: string }) => code)).toContain(
    'board-reserved-memory-elsewhere',
  );
});

describe('a boot that dies', () => {
  const outside = reserved(
    'fpga@400000000 { compatible = "shared-dma-pool"; reusable; reg = <4 0 0 0x400000>; }; fw@90000000 { no-map; reg = <0 0x90000000 0 0x1000>; };',
  );
  test.each(['regions', 'list'])('%s says of what, and where', async (command) => {
    const file = boardFile(outside);
    const { stdout, stderr, code } = await dmaheap([command, '--board', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /error: \/reserved-memory\/fpga@400000000: .*fpga@400000000 lies outside RAM .*cma_activate_area\(\)/,
    );
    if (command === 'regions') {
      expect(stdout).toContain('fpga@400000000  0x400000000');
      expect(stdout).toContain('plain reserved memory: fw@90000000');
    }
    const json = JSON.parse((await dmaheap([command, '--board', file, '--json'])).stdout);
    expect(json.error).toMatchObject({ code: 'panic', cause: { path: '/reserved-memory/fpga@400000000' } });
    expect(json.regions.map(({ name }: { name: string }) => name)).toEqual([
      'fpga@400000000',
      'fw@90000000',
      'reserved',
    ]);
  });
});

describe('no-map memory inside a CMA area', () => {
  test.each([['boot'], ['regions', '--board'], ['list', '--board']])('%s %s names it', async (...words) => {
    const file = boardFile(NO_MAP_IN_CMA);
    const session = ['--session', join(file, '..', 'session')];
    const where = words[0] === 'boot' ? session : [];
    const { stderr, code } = await dmaheap([...words, file, ...where]);
    expect(code).toBe(0);
    expect(stderr.match(/the no-map region secmon@a2000000/g)).toHaveLength(1);
    const again = words[0] === 'boot' ? [...where, '--force'] : [];
    const json = JSON.parse((await dmaheap([...words, file, ...again, '--json'])).stdout);
    expect(json.warnings).toMatchObject([
      { code: 'cma-over-nomap', path: '/reserved-memory/secmon@a2000000' },
    ]);
  });

  test('alloc across it never returns, and loses nothing', async () => {
    const file = boardFile(NO_MAP_IN_CMA);
    const session = ['--session', join(file, '..', 'session')];
    await dmaheap(['boot', file, ...session]);
    expect((await dmaheap(['alloc', 'frames@a0000000', '32M', ...session])).stdout).toBe('4\n');
    const { stdout, stderr, code } = await dmaheap(['alloc', 'frames@a0000000', '8M', ...session]);
    expect([stdout, code]).toEqual(['', 1]);
    expect(stderr).toMatch(/the call never returns: .*touches 0xa2000000.* kills the caller/);
    const json = JSON.parse((await dmaheap(['alloc', 'frames@a0000000', '8M', '--json', ...session])).stdout);
    expect(json.error.code).toBe('kernel-oops');
    const { buffers } = JSON.parse((await dmaheap(['buffers', '--json', ...session])).stdout);
    expect(buffers).toHaveLength(1);
  });

  test('a scenario fails at such a step, and warns', async () => {
    const file = boardFile(NO_MAP_IN_CMA);
    const scenario = join(file, '..', 'gate.yaml');
    writeFileSync(
      scenario,
      'board: board.dts\nsteps:\n  - alloc: {heap: frames@a0000000, size: 32M}\n  - alloc: {heap: frames@a0000000, size: 8M}\n',
    );
    const { stdout, stderr, code } = await dmaheap(['run', scenario]);
    expect(code).toBe(1);
    expect(stdout).toContain('the call never returns');
    expect(stderr).toContain('the no-map region secmon@a2000000');
  });
});

test('words that are not followed are named by boot and list, once', async () => {
  const file = boardFile('');
  const { stderr } = await dmaheap([
    'list',
    '--board',
    file,
    '--cmdline',
    'crashkernel=128M cma=64M nokaslr',
  ]);
  expect(stderr.match(/crashkernel=128M/g)).toHaveLength(1);
  expect(stderr).not.toMatch(/nokaslr|cma=64M/);
});

test.each([
  ['memory@40000000 { reg = <0 0x40000000 0 0>; device_type = "memory"; };', '', '--memory 0x40000000:2G'],
  [
    '',
    reserved('a@4e000000 { reg = <0 0x4e000000 0 0x1000>; }; b@4a000000 { reg = <0 0x4a000000 0 0x1000>; };'),
    '--memory 0x40000000:2G',
  ],
  ['', reserved('a@12000000 { reg = <0 0x12000000 0 0x1000>; };'), '--memory 0x0:2G'],
  ['', '', '--memory 0x80000000:2G'],
])('the hint for a board without memory does not contradict the tree: %s %s', async (memory, nodes, hint) => {
  const { stderr, code } = await dmaheap(['list', '--board', boardFile(nodes, memory)]);
  expect(code).toBe(3);
  expect(stderr).toContain(hint);
});

test('one heap is 1 heap', async () => {
  const file = boardFile('');
  const { stderr } = await dmaheap([
    'boot',
    file,
    '--cmdline',
    'cma=0',
    '--session',
    join(file, '..', 'session'),
  ]);
  expect(stderr).toMatch(/CMA none, .*\n1 heap: /);
});
