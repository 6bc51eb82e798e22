/** Report 17: a log in the place of a board, by the command line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { dmaheap } from '../cli/in-process.ts';
import { projectPath } from '../small-board.ts';

const LOG = projectPath('fixtures/reconstruct/dmesg-as-board.txt');
const place = mkdtempSync(join(tmpdir(), 'dmaheap-report-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
let sessions = 0;
const fresh = (): string[] => ['--session', join(place, String(sessions++))];
const file = (name: string, text: string): string => {
  writeFileSync(join(place, name), text);
  return join(place, name);
};

describe('a log as a board', () => {
  it('is told to be a log, with the command that takes it', async () => {
    const { code, stderr } = await dmaheap([...fresh(), 'boot', LOG]);
    expect(code).toBe(3);
    expect(stderr).toContain('is a kernel log, not a board');
    expect(stderr).toContain(`dmaheap reconstruct ${LOG}`);
  });

  it('gives the board that it is of: RAM, regions, command line', async () => {
    const session = fresh();
    const made = await dmaheap([...session, 'reconstruct', LOG, '--json']);
    expect(made.code, made.stderr).toBe(0);
    const { regions } = JSON.parse((await dmaheap([...session, 'regions', '--json'])).stdout);
    expect(regions).toMatchObject([
      { name: 'linux,cma', base: '0x58000000', size: 0x8000000, kind: 'cma', reusable: true },
      { name: 'firmware@40000000', base: '0x40000000', size: 0x200000, 'no-map': true },
    ]);
    expect((await dmaheap([...session, 'cat', '/proc/cmdline'])).stdout).toBe(
      'console=ttyS0 coherent_pool=2M\n',
    );
    expect((await dmaheap([...session, 'cat', '/proc/iomem'])).stdout).toContain(
      '40200000-7fffffff : System RAM\n',
    );
    // Nothing names the kernel, nor says that linux,cma has linux,cma-default.
    const { findings } = JSON.parse(made.stdout);
    const guesses = findings
      .filter(({ kind }: { kind: string }) => kind === 'guess')
      .map(({ code }: { code: string }) => code);
    expect(guesses).toEqual(['kernel-guessed', 'default-area']);
    const alloc = await dmaheap([...session, 'alloc', 'linux,cma', '126M']);
    // 2 MiB of the area are the pool of coherent_pool=.
    expect([alloc.code, alloc.stdout]).toEqual([0, '4\n']);
    expect((await dmaheap([...session, 'alloc', 'linux,cma', '4K'])).code).toBe(1);
  });

  it('is compared with the device tree that is said to be its own', async () => {
    const board = file(
      'other.yaml',
      `model: Another board
memory: { reg: [0x40000000, 1G] }
reserved-memory:
  "linux,cma": { compatible: shared-dma-pool, size: 64M, alignment: 4M, reusable: true, "linux,cma-default": true }
  dsp@70000000: { compatible: shared-dma-pool, reg: [0x70000000, 1M], no-map: true }
`,
    );
    const session = fresh();
    const model = file('model.txt', '[    0.000000] Machine model: A board\n');
    const made = await dmaheap([...session, 'reconstruct', LOG, model, board, '--json']);
    expect(made.code, made.stderr).toBe(0);
    const found = JSON.parse(made.stdout).findings.filter(({ kind }: { kind: string }) => kind !== 'missing');
    expect(found.map(({ code, file: where, line }: Record<string, unknown>) => [code, where, line])).toEqual([
      ['kernel-guessed', null, null],
      ['log-of-another-board', model, 1],
      ['region-elsewhere', LOG, 1],
      ['region-not-in-tree', LOG, 2],
      ['region-not-in-log', null, null],
    ]);
    const { heaps } = JSON.parse((await dmaheap([...session, 'list', '--json'])).stdout);
    expect(heaps.find(({ name }: { name: string }) => name === 'linux,cma')).toMatchObject({
      base: '0x58000000',
    });
  });

  it.each([
    { role: ', "linux,cma-default": true', guesses: [], base: '0x58000000' },
    {
      role: '',
      guesses: ['no line "cma: Reserved …", and no CMA area of the device tree has linux,cma-default'],
      base: undefined,
    },
  ])('takes the default area of the tree that is given: "$role"', async ({ role, guesses, base }) => {
    const board = file(
      'own.yaml',
      `memory: { reg: [0x40000000, 1G] }
reserved-memory:
  "linux,cma": { compatible: shared-dma-pool, reg: [0x58000000, 128M], reusable: true${role} }
  firmware@40000000: { reg: [0x40000000, 2M], no-map: true }
`,
    );
    const session = fresh();
    const made = await dmaheap([...session, 'reconstruct', LOG, board, '--json']);
    expect(made.code, made.stderr).toBe(0);
    const { findings } = JSON.parse(made.stdout) as { findings: Record<string, string>[] };
    const told = findings.filter(({ code }) => code === 'default-area');
    expect(told.map(({ message }) => message)).toEqual(guesses);
    const { heaps } = JSON.parse((await dmaheap([...session, 'list', '--json'])).stdout);
    const area = heaps.find(({ name }: { name: string }) => name === 'default_cma_region');
    expect(area?.base).toBe(base);
  });

  it('takes a pasted fragment with --repair, and the default area is the region of the log that has the role', async () => {
    const fragment = file(
      'fragment.txt',
      '&reserved_memory {\n  dsp@70000000 { compatible = "shared-dma-pool"; reg = <0x0 0x70000000 0x0 0x100000>; no-map; };\n};\n',
    );
    const strict = await dmaheap([...fresh(), 'reconstruct', LOG, fragment]);
    expect(strict.code).toBe(3);
    expect(strict.stderr).toContain(`${fragment}:1:1: error: no file that is given defines &reserved_memory`);
    const session = fresh();
    const made = await dmaheap([...session, 'reconstruct', LOG, fragment, '--repair']);
    expect(made.code, made.stderr).toBe(0);
    const { regions } = JSON.parse((await dmaheap([...session, 'regions', '--json'])).stdout);
    expect(regions.map(({ name, base }: Record<string, unknown>) => [name, base])).toEqual([
      ['dsp@70000000', '0x70000000'],
      ['linux,cma', '0x58000000'],
      ['firmware@40000000', '0x40000000'],
    ]);
    const { heaps } = JSON.parse((await dmaheap([...session, 'list', '--json'])).stdout);
    expect(heaps.find(({ name }: { name: string }) => name === 'default_cma_region').base).toBe('0x58000000');
  });

  it('names what it needs where nothing tells of RAM, or no line says anything', async () => {
    const regions = file(
      'regions.txt',
      'Reserved memory: created CMA memory pool at 0x0000000058000000, size 16 MiB\n',
    );
    const none = await dmaheap([...fresh(), 'reconstruct', regions]);
    expect(none.code).toBe(3);
    expect(none.stderr).toMatch(/nothing here tells of RAM[\s\S]*--memory BASE:SIZE/);
    const given = await dmaheap([...fresh(), 'reconstruct', regions, '--memory', '0x40000000:1G']);
    expect(given.code, given.stderr).toBe(0);
    const poem = file('poem.txt', 'Roses are red\nviolets are blue\n');
    const read = await dmaheap([...fresh(), 'reconstruct', poem]);
    expect(read.code).toBe(3);
    expect(read.stderr).toContain('no line of it says anything here');
    const twice = await dmaheap([...fresh(), 'reconstruct', LOG, '--define', 'X']);
    expect(twice.code).toBe(2);
  });

  it('is a session like any other: exported, replayed, freed', async () => {
    const session = fresh();
    const bufinfo = file(
      'bufinfo',
      '\nDma-buf Objects:\nsize    \tflags   \tmode    \tcount   \texp_name\tino     \tname\n' +
        '08388608\t00000002\t02080007\t00000001\tlinux,cma\t00000002\tframe\n\tAttached Devices:\n\tcsi0\nTotal 1 devices attached\n\n' +
        '04194304\t00000002\t02080007\t00000002\tlinux,cma\t00000001\t<none>\n\tAttached Devices:\nTotal 0 devices attached\n\n' +
        '\nTotal 2 objects, 12582912 bytes\n',
    );
    // The pool's 512 pages, 512 free, then 3072 taken: 8 MiB fit at one aligned place only behind 4 MiB, or before.
    const words = Array.from({ length: 1024 }, (_, i) =>
      i < 16 || (i >= 32 && i < 128) ? 0xffffffff : 0,
    ).join(' ');
    const areas = file(
      'areas.txt',
      `/sys/kernel/debug/cma/linux,cma/base_pfn:360448\n/sys/kernel/debug/cma/linux,cma/count:32768\n/sys/kernel/debug/cma/linux,cma/bitmap:${words}\n`,
    );
    const made = await dmaheap([...session, 'reconstruct', LOG, bufinfo, areas, '--json']);
    expect(made.code, made.stderr).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({
      buffers: 2,
      areas: [{ name: 'linux,cma', known: 'exact', used: 512 + 3072, pages: 32768 }],
    });
    const { buffers } = JSON.parse((await dmaheap([...session, 'buffers', '--json'])).stdout);
    expect(buffers).toMatchObject([
      { heap: 'linux,cma', size: 4 << 20, count: 2 },
      { heap: 'linux,cma', size: 8 << 20, name: 'frame', attachments: [{ device: 'csi0' }] },
    ]);
    const out = join(place, 'case.yaml');
    expect((await dmaheap([...session, 'export', '--output', out])).code).toBe(0);
    const replayed = await dmaheap(['replay', out]);
    expect([replayed.code, replayed.stdout]).toEqual([0, expect.stringContaining('no difference')]);
    const freed = await dmaheap([...session, 'free', '--all', '--json']);
    expect(JSON.parse(freed.stdout).closed).toHaveLength(3);
    expect(freed.stderr).toMatch(/note: where the buffer of linux,cma \(4 MiB\) lay could not be told/);
  });
});
