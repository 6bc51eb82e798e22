import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { COMMAND } from './built-command.ts';
import { dmaheap } from './in-process.ts';

const CAMERA = projectPath('fixtures/boards/camera-soc.dtb');
const ADJACENT = projectPath('fixtures/oracle/boards/dynamic-adjacent.dtb');
/** Where all recordings lie, on machines that have them. */
const ORACLE = projectPath('fixtures/oracle');
const place = mkdtempSync(join(tmpdir(), 'dmaheap-diff-'));

const write = (name: string, text: string): string => {
  const file = join(place, name);
  writeFileSync(file, text);
  return file;
};

/** What the kernels of `dynamic-adjacent` were configured with in the recordings. */
const OF_5_10 = 'CMA_SIZE_MBYTES=16,EFI=n,ARM64_VA_BITS=39,HUGETLBFS=n';
const OF_OTHERS = 'CMA_SIZE_MBYTES=16,EFI=n,ARM64_VA_BITS=48';

const CASES: Readonly<Record<string, string>> = {
  5.1: 'cases-5.10',
  6.1: 'cases-6.1-pages',
  6.12: 'cases-6.12-pages',
  7.3: 'cases',
};

interface Told {
  readonly differences: readonly { what: string; name: string; change: string; [key: string]: unknown }[];
  readonly log: readonly { removed: { text: string }[]; added: { text: string }[] }[];
}

async function between(before: string, after: string): Promise<Told> {
  const words = [
    ['--kernel', before, '--kernel', after],
    ['--config', before === '5.10' ? OF_5_10 : OF_OTHERS, '--config', OF_OTHERS],
    ['--coherent', 'off', '--coherent', after === '7.3' ? 'v3' : 'off'],
  ].flat();
  const { code, stdout } = await dmaheap(['diff', ADJACENT, ...words, '--json']);
  expect(code).toBe(1);
  return JSON.parse(stdout);
}

describe('ten differences of one board between 5.10, 6.1, 6.12 and 7.3', () => {
  const place = (told: Told, change: string, name: string, what = 'region') =>
    told.differences.find((one) => one.what === what && one.name === name && one.change === change);
  const removed = ({ log }: Told) => log.flatMap((hunk) => hunk.removed.map(({ text }) => text));
  const added = ({ log }: Told) => log.flatMap((hunk) => hunk.added.map(({ text }) => text));
  const moved = (from: string, to: string) => ({
    before: expect.objectContaining({ base: from }),
    after: expect.objectContaining({ base: to }),
  });

  // Each with the texts of the two recordings that have it: cases-FOLDER/dynamic-adjacent.
  it.each([
    {
      of: ['5.10', '6.1'],
      fact: 'the default area moves: sections of 1 GiB, alignment of 4 MiB',
      shown: (told: Told) =>
        expect(place(told, 'moved', 'reserved')).toMatchObject(moved('0x7d000000', '0x7dc00000')),
      recorded: ['cma: Reserved 16 MiB at 0x000000007d000000', 'cma: Reserved 16 MiB at 0x000000007dc00000'],
    },
    {
      of: ['6.1', '6.12'],
      fact: 'chain-1 moves: dynamic regions in tree order',
      shown: (told: Told) =>
        expect(place(told, 'moved', 'chain-1')).toMatchObject(moved('0x73ec0000', '0x73f00000')),
      recorded: [
        'pool at 0x0000000073ec0000',
        '0x0000000073f00000..0x0000000073ffffff (1024 KiB) nomap non-reusable chain-1',
      ],
    },
    {
      of: ['6.1', '6.12'],
      fact: 'chain-2 moves',
      shown: (told: Told) =>
        expect(place(told, 'moved', 'chain-2')).toMatchObject(moved('0x73e40000', '0x73e80000')),
      recorded: [
        'pool at 0x0000000073e40000',
        '0x0000000073e80000..0x0000000073efffff (512 KiB) nomap non-reusable chain-2',
      ],
    },
    {
      of: ['6.1', '6.12'],
      fact: 'chain-3 moves',
      shown: (told: Told) =>
        expect(place(told, 'moved', 'chain-3')).toMatchObject(moved('0x73fc0000', '0x73e40000')),
      recorded: [
        'pool at 0x0000000073fc0000',
        '0x0000000073e40000..0x0000000073e7ffff (256 KiB) nomap non-reusable chain-3',
      ],
    },
    {
      of: ['6.1', '6.12'],
      fact: 'a line says the range of a region',
      shown: (told: Told) => {
        expect(added(told)).toContain(
          'OF: reserved mem: 0x0000000058000000..0x00000000580fffff (1024 KiB) nomap non-reusable next-up',
        );
      },
      recorded: ['initialized node next-up', '(1024 KiB) nomap non-reusable next-up'],
    },
    {
      of: ['6.1', '6.12'],
      fact: 'the line of the default area says its node',
      shown: (told: Told) => {
        expect(removed(told)).toContain('cma: Reserved 16 MiB at 0x000000007dc00000');
        expect(added(told)).toContain('cma: Reserved 16 MiB at 0x000000007dc00000 on node -1');
      },
      recorded: ['cma: Reserved 16 MiB at 0x000000007dc00000"', '0x000000007dc00000 on node -1'],
    },
    {
      of: ['6.12', '7.3'],
      fact: 'the default area has a second name',
      shown: (told: Told) =>
        expect(place(told, 'aliased', 'default_cma_region', 'heap')).toMatchObject({ other: 'reserved' }),
      recorded: ['"reserved"', '"default_cma_region"'],
    },
    {
      of: ['6.12', '7.3'],
      fact: 'the default area moves: it is reserved before the memory map',
      shown: (told: Told) =>
        expect(place(told, 'moved', 'reserved', 'heap')).toMatchObject(moved('0x7dc00000', '0x7ec00000')),
      recorded: ['0x000000007dc00000', '0x000000007ec00000'],
    },
    {
      of: ['6.12', '7.3'],
      fact: 'a pool for atomic allocations goes: its zone has no pages',
      shown: (told: Told) =>
        expect(removed(told)).toContain(
          'DMA: preallocated 128 KiB GFP_KERNEL|GFP_DMA32 pool for atomic allocations',
        ),
      recorded: ['GFP_KERNEL|GFP_DMA32 pool', 'GFP_KERNEL|GFP_DMA pool'],
    },
    {
      of: ['6.12', '7.3'],
      fact: 'a pool’s size is told in KiB',
      shown: (told: Told) => {
        expect(removed(told)).toContain(
          'Reserved memory: created DMA memory pool at 0x0000000073e40000, size 0 MiB',
        );
        expect(added(told)).toContain(
          'Reserved memory: created DMA memory pool at 0x0000000073e40000, size 256 KiB',
        );
      },
      recorded: ['0x0000000073e40000, size 0 MiB', '0x0000000073e40000, size 256 KiB'],
    },
    {
      of: ['6.12', '7.3'],
      fact: 'the series makes a heap of a pool',
      shown: (told: Told) => {
        expect(place(told, 'added', 'chain-1', 'heap')).toBeDefined();
        expect(place(told, 'fate', 'chain-1')).toMatchObject({
          fates: [{ why: 'coherent-off' }, { why: null }],
        });
      },
      recorded: ['chain-1', 'dma_heap chain-1: assigned reserved memory node chain-1'],
    },
  ])('$of: $fact', async ({ of: [before = '', after = ''], shown, recorded }) => {
    shown(await between(before, after));
    for (const [i, release] of [before, after].entries()) {
      const file = `${ORACLE}/${CASES[Number(release)]}/dynamic-adjacent.json`;
      expect(readFileSync(file, 'utf8')).toContain(recorded[i]);
    }
  });
});

describe('diff', () => {
  it('of what is the same says so, and is exit 0', async () => {
    const { code, stdout } = await dmaheap(['diff', CAMERA, CAMERA]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^--- .*camera-soc\.dtb: Linux 7\.3.*\n\+\+\+ .*\nno difference in heaps, regions and log; --run FILE compares answers too\n$/,
    );
    const json = JSON.parse((await dmaheap(['diff', CAMERA, CAMERA, '--json'])).stdout);
    expect(json).toMatchObject({
      schema: 'dmaheap.diff/1',
      verdict: 'same',
      failed: false,
      differences: [],
      log: [],
    });
  });

  it('tells of command lines and configurations', async () => {
    const { code, stdout } = await dmaheap([
      'diff',
      CAMERA,
      '--config',
      'CMA_AREAS=20',
      '--config',
      'CMA_AREAS=1',
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/heap video-cma@60000000: gone, was 0x60000000 \(64 MiB\)/);
    expect(stdout).toMatch(/region video-cma@60000000: was CMA area; is /);
    const cmdline = await dmaheap(['diff', CAMERA, '--cmdline', 'cma=64M', '--cmdline', 'cma=128M']);
    expect(cmdline.stdout).toMatch(
      /region reserved: grown, 0x[0-9a-f]+ \(64 MiB\) -> 0x[0-9a-f]+ \(128 MiB\)/,
    );
    expect(cmdline.stdout).toMatch(/heap system: shrunk, /);
  });

  it('tells of heaps that are renamed, and of a boot that dies', async () => {
    const board = (name: string) =>
      `memory: { reg: [0x40000000, 1G] }
reserved-memory: { ${name}: { compatible: shared-dma-pool, reg: [0x60000000, 64M], reusable: true } }
`;
    const [a, b] = [write('a.yaml', board('old@60000000')), write('b.yaml', board('new@60000000'))];
    const renamed = await dmaheap(['diff', a, b, '--kernel', '7.3']);
    expect(renamed.stdout).toMatch(/heap old@60000000: renamed to new@60000000, 0x60000000 \(64 MiB\)/);
    const panic = projectPath('fixtures/oracle/boards/panic-cma-outside-ram.dtb');
    const dies = await dmaheap(['diff', CAMERA, panic]);
    expect(dies.code).toBe(1);
    expect(dies.stdout).toMatch(/^ {2}boot: boots -> dies: Attempted to kill init!/m);
  });

  it('counts only what --fail-on says', async () => {
    const words = ['diff', ADJACENT, '--kernel', '6.1', '--kernel', '6.12'];
    expect((await dmaheap([...words, '--fail-on', 'removed,renamed'])).code).toBe(0);
    expect((await dmaheap([...words, '--fail-on', 'removed,moved'])).code).toBe(1);
    expect((await dmaheap([...words, '--fail-on', 'log'])).code).toBe(1);
    const json = JSON.parse((await dmaheap([...words, '--fail-on', 'grown', '--json'])).stdout);
    expect(json).toMatchObject({ verdict: 'different', failed: false });
    const { code, stderr } = await dmaheap([...words, '--fail-on', 'removd']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/Expected added, removed, renamed/),
    });
  });

  it('reads standard input once', async () => {
    expect((await dmaheap(['diff', '-', '-'])).stderr).toMatch(/can be read only once/);
    const words = [COMMAND, 'diff', '-', '--kernel', '6.12', '--kernel', '6.18'];
    const { status, stdout } = spawnSync(process.execPath, words, {
      input: readFileSync(CAMERA),
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^--- standard input: Linux 6\.12.*\n\+\+\+ standard input: Linux 6\.18/);
  });

  it('refuses what compares nothing', async () => {
    for (const words of [
      [CAMERA],
      [CAMERA, '--kernel', '6.1'],
      [],
      ['--kernel', '6.1', '--kernel', '6.12'],
    ]) {
      expect((await dmaheap(['diff', ...words])).code, words.join(' ')).toBe(2);
    }
    const thrice = ['--kernel', '6.1', '--kernel', '6.6', '--kernel', '6.12'];
    expect((await dmaheap(['diff', CAMERA, ...thrice])).stderr).toMatch(/give it twice at most/);
  });
});

describe('diff --run', () => {
  const scenario = write(
    'history.yaml',
    `board: { memory: { reg: [0x40000000, 1G] } }
steps:
  - alloc: { heap: system, size: 64K }
    as: buffer
  - alloc: { heap: default_cma_region, size: 64K }
    expect: { errno: any }
`,
  );

  it('tells the first call that is answered otherwise', async () => {
    const words = ['diff', '--run', scenario, '--kernel', '6.12', '--kernel', '6.18'];
    const { code, stdout } = await dmaheap([...words, '--fail-on', 'answers']);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /the first call that is answered otherwise:\n {2}step 2 \(.*:5:\d+\), task shell: .*default_cma_region.*\n {4}result:\n {6}- ENOENT\n {6}\+ success/,
    );
    const { history } = JSON.parse((await dmaheap([...words, '--json'])).stdout);
    expect(history.first).toMatchObject({ step: 2, action: 'alloc', position: { line: 5 } });
  });

  it('says that there is none', async () => {
    const { code, stdout } = await dmaheap([
      ...['diff', '--run', scenario, '--kernel', '6.6', '--kernel', '6.12'],
      ...['--fail-on', 'answers'],
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/every call is answered alike\n$/);
  });

  it('takes a bundle with its history', async () => {
    const session = ['--session', join(place, 'session')];
    await dmaheap([...session, 'boot', CAMERA, '--kernel', '6.12']);
    await dmaheap([...session, 'alloc', 'linux,cma', '1M']);
    const bundle = join(place, 'bundle.tar.gz');
    expect((await dmaheap([...session, 'export', '--bundle', bundle])).code).toBe(0);
    const { stdout } = await dmaheap(['diff', bundle, '--kernel', '6.12', '--kernel', '5.10']);
    expect(stdout).toMatch(/^--- .*: Linux 6\.12\.118.*\n\+\+\+ .*: Linux 5\.10\.262/);
    expect(stdout).toMatch(/exp_name:\n {6}- linux,cma\n {6}\+ heap_helpers/);
  });
});
