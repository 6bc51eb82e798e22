/** Vendors' heaps as a user has them: `--vendor`, a board's `heaps:`, a scenario's `vendor:`, and what keeps them. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vendorFromYaml } from '../../src/board/vendor-yaml.ts';
import { VENDORS } from '../../src/cli/words/vendor-option.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { projectPath } from '../small-board.ts';
import { dmaheap } from './in-process.ts';

const place = mkdtempSync(join(tmpdir(), 'dmaheap-vendor-'));
const at = (name: string): string => join(place, name);
const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};

/** Report 19: 1 GiB of RAM and nothing else. */
const BOARD = write(
  'board.dts',
  `/dts-v1/;
/ { #address-cells = <2>; #size-cells = <2>; compatible = "example,board";
 memory@0 { device_type = "memory"; reg = <0 0 0 0x40000000>; };
};
`,
);
const CARVED = write(
  'carved.dts',
  `/dts-v1/;
/ { #address-cells = <2>; #size-cells = <2>; compatible = "example,ti";
 memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x40000000>; };
 reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
  shared { compatible = "dma-heap-carveout"; reg = <0 0xa0000000 0 0x2000000>; };
 };
};
`,
);

interface HeapJson {
  readonly name: string;
  readonly minor: number;
  readonly declared: { readonly by: string; readonly source: string | null } | null;
}
const json = async (words: readonly string[]) => JSON.parse((await dmaheap([...words, '--json'])).stdout);
const heapsOf = async (words: readonly string[]): Promise<readonly HeapJson[]> => (await json(words)).heaps;
const namesOf = async (words: readonly string[]) => (await heapsOf(words)).map(({ name }) => name);

describe('the files that ship', () => {
  const shipped = readdirSync(projectPath('profiles/vendor')).sort();

  it('are those that --vendor names, and are in the package', () => {
    expect(shipped).toEqual(VENDORS.map((name) => `${name}.yaml`));
    expect(JSON.parse(readFileSync(projectPath('package.json'), 'utf8')).files).toContain('profiles');
  });

  it.each(shipped)('%s: is called as its file, names a kernel and the source of each heap', (file) => {
    const { by, kernel, heaps } = vendorFromYaml(
      readFileSync(projectPath(`profiles/vendor/${file}`), 'utf8'),
      file,
    );
    expect(`${by}.yaml`).toBe(file);
    expect(by.endsWith(`-${kernel}`)).toBe(true);
    expect(heaps.length).toBeGreaterThan(0);
    for (const { source } of heaps) expect(source).toMatch(/^[\w-]+\/[\w.-]+ drivers\/[\w/.-]+\.c \w+\(\)$/);
  });

  it.each(VENDORS)('%s boots, says whose heaps they are, and allocates from each', async (vendor) => {
    const board = vendor.startsWith('ti') ? CARVED : BOARD;
    const { profile, heaps } = await json(['list', '--board', board, '--vendor', vendor]);
    expect(profile).toContain(`heaps declared by ${vendor} (not mainline)`);
    const declared = (heaps as HeapJson[]).filter((heap) => heap.declared !== null);
    expect(declared.length).toBeGreaterThan(0);
    for (const { name, declared: told } of declared) {
      expect(told?.by).toBe(vendor);
      const { code } = await dmaheap(['alloc', name, '1M', '--board', board, '--vendor', vendor]);
      expect({ name, code }).toEqual({ name, code: 0 });
    }
  });
});

describe('report 19', () => {
  it('finds the heaps of Rockchip’s program path under their minors', async () => {
    const heaps = await heapsOf(['list', '--board', BOARD, '--vendor', 'rockchip-5.10']);
    expect(heaps.map(({ name, minor }) => `${minor} ${name}`)).toEqual([
      '0 system',
      '1 system-dma32',
      '2 system-uncached',
      '3 system-uncached-dma32',
      '4 cma',
      '5 cma-uncached',
    ]);
  });

  it('without a declaration stays ENOENT, and says what can be done', async () => {
    const { code, stderr } = await dmaheap(['alloc', 'system-dma32', '1M', '--board', BOARD]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ENOENT[\s\S]*one of a vendor or a TEE is declared, boot --vendor NAME or FILE/);
  });

  it('has TI’s carveouts before mainline’s heaps, and NXP’s second name', async () => {
    expect(await namesOf(['list', '--board', CARVED, '--vendor', 'ti-6.1'])).toEqual([
      'carveout_shared',
      'system',
      'reserved',
    ]);
    expect(await namesOf(['list', '--board', CARVED, '--vendor', 'nxp-5.15'])).toEqual([
      'system',
      'reserved',
      'reserved-uncached',
    ]);
  });
});

describe('a user’s own declarations', () => {
  it('in a file, and in a YAML board, beside one another', async () => {
    const mine = write(
      'mine.yaml',
      "vendor: acme\nheaps:\n  - { name: 'qcom,display', backend: carveout, range: [0x50000000, 4M], cached: false }\n",
    );
    const board = write(
      'heaps.yaml',
      'memory: { reg: [0x40000000, 256M] }\nkernel: 6.6\nheaps:\n  - { name: low, backend: system, zone: DMA32 }\n',
    );
    const heaps = await heapsOf(['list', '--board', board, '--vendor', mine]);
    expect(heaps.map(({ name, declared }) => [name, declared?.by ?? null])).toEqual([
      ['system', null],
      ['reserved', null],
      ['low', board],
      ['qcom,display', 'acme'],
    ]);
    const { stdout } = await dmaheap(['list', '--board', board, '--vendor', mine]);
    expect(stdout).toContain('Declared by acme, not mainline: qcom,display\n');
  });

  it('names the kernel where nothing else does, and a mixture is told', async () => {
    const { profile } = await json(['list', '--board', BOARD, '--vendor', 'rockchip-5.10']);
    expect(profile).toMatch(/^Linux 5\.10\./);
    const mixed = await dmaheap(['list', '--board', BOARD, '--vendor', 'rockchip-5.10', '--kernel', '6.12']);
    expect(mixed.stdout).toMatch(/^Linux 6\.12\./);
    expect(mixed.stderr).toMatch(/heaps of a Linux 5\.10: beside those of 6\.12\.\d+ they are a mixture/);
  });

  it.each([
    ['heaps: []\n', 'm.yaml:1:1', "the file has no 'vendor'"],
    ['vendor: a\nheaps: 3\n', 'm.yaml:2:8', 'heaps: expected a list of heaps, found 3'],
    [
      'vendor: a\nheaps: [{ name: x, backend: ion }]\n',
      'm.yaml:2:29',
      'expected system or cma or carveout or tee, found ion',
    ],
    [
      'vendor: a\nheaps: [{ name: x, backend: system, zon: DMA }]\n',
      'm.yaml:2:37',
      "'zon' is no property of a heap",
    ],
    ['vendor: a\nkernel: 5.11\nheaps: []\n', 'm.yaml:2:9', '5.11: no facts; known: 5.10, 5.15'],
    [
      'vendor: a\nheaps: [{ name: x, backend: carveout }]\n',
      'm.yaml:2:29',
      'a heap of backend carveout needs its memory',
    ],
    [
      'vendor: a\nheaps: [{ name: x, backend: cma, zone: DMA }]\n',
      'm.yaml:2:40',
      'a heap of backend cma has no zone',
    ],
    [
      'vendor: a\nheaps: [{ name: x, backend: tee, region: r }]\n',
      'm.yaml:2:17',
      'a TEE driver registers no heap x',
    ],
    [
      'vendor: a\nheaps: [{ name: a/b, backend: system }]\n',
      'm.yaml:2:17',
      'expected a name as in /dev/dma_heap',
    ],
    [
      'vendor: a\nreplaces: [dma_heap]\nheaps: []\n',
      'm.yaml:2:12',
      'expected system_heap or cma_heap, found dma_heap',
    ],
    ['vendor: a\nvendor: b\nheaps: []\n', 'm.yaml:2:1', 'is here twice'],
  ])('%j is refused at %s', (text, where, what) => {
    let told = '';
    try {
      vendorFromYaml(text, 'm.yaml');
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      told = error.diagnostics
        .map(({ position, message }) => `${position?.file}:${position?.line}:${position?.column} ${message}`)
        .join('\n');
    }
    expect(told).toContain(what);
    expect(told).toContain(`${where} `);
  });

  it('of a board are refused at their place, and with an overlay by name', async () => {
    const board = write(
      'bad.yaml',
      'memory: { reg: [0x40000000, 256M] }\nheaps:\n  - { name: low, backend: cma, zone: DMA }\n',
    );
    const bad = await dmaheap(['list', '--board', board]);
    expect(bad).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        /bad\.yaml:3:38: error: heaps\[0\]:zone: a heap of backend cma has no zone/,
      ),
    });
    const good = write(
      'good.yaml',
      'memory: { reg: [0x40000000, 256M] }\nheaps: [{ name: low, backend: system }]\n',
    );
    const blob = await dmaheap(['dt', good, '-O', 'dts']);
    expect(blob).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/no declared heaps: low are left out/),
    });
    const overlay = write('o.dtso', '/dts-v1/;\n/plugin/;\n&{/} { x; };\n');
    const laid = await dmaheap(['list', '--board', good, '--overlay', overlay]);
    expect(laid).toMatchObject({ code: 2, stderr: expect.stringMatching(/a blob has no heaps: section/) });
  });

  it.each([
    ['rockchip-5.1', 3, /neither a vendor that dmaheap knows nor a file[\s\S]*did you mean rockchip-5\.10\?/],
    ['./nothing.yaml', 3, /nothing\.yaml: no such file/],
  ])('--vendor %s is refused', async (vendor, code, text) => {
    const answer = await dmaheap(['list', '--board', BOARD, '--vendor', vendor]);
    expect(answer.code).toBe(code);
    expect(answer.stderr).toMatch(text);
  });

  it('--vendor of a session that has booted is refused', async () => {
    const answer = await dmaheap(['list', '--vendor', 'rockchip-5.10']);
    expect(answer).toMatchObject({ code: 2, stderr: expect.stringMatching(/--vendor changes a boot/) });
  });
});

describe('what was declared stays', () => {
  const session = at('session');
  const run = (...words: string[]) => dmaheap(['--session', session, ...words]);

  it('in a session, a reboot, an export and a bundle, after the file is gone', async () => {
    const file = write(
      'gone.yaml',
      'vendor: acme\nkernel: 6.6\nheaps:\n  - { name: low, backend: system, zone: DMA32, source: a b.c f() }\n',
    );
    expect((await run('boot', BOARD, '--vendor', file)).code).toBe(0);
    writeFileSync(file, 'no longer');
    expect((await run('alloc', 'low', '64K')).code).toBe(0);
    expect((await run('alloc', 'low', '4G')).stderr).toMatch(/ENOMEM[\s\S]*declared by acme: not mainline/);
    mkdirSync(at('elsewhere'), { recursive: true });
    expect((await run('export', '--output', at('elsewhere/history.yaml'))).code).toBe(0);
    expect(readFileSync(at('elsewhere/history.yaml'), 'utf8')).toMatch(/vendor: acme/);
    expect((await dmaheap(['run', at('elsewhere/history.yaml')])).code).toBe(0);
    expect((await run('export', '--bundle', at('history.tgz'))).code).toBe(0);
    const replayed = await dmaheap(['replay', at('history.tgz')]);
    expect(replayed).toMatchObject({ code: 0, stdout: expect.stringMatching(/no difference/) });
    expect((await run('reboot', '--force')).code).toBe(0);
    expect((await run('alloc', 'low', '64K')).code).toBe(0);
  });

  it('and diff says what a vendor changes', async () => {
    const { code, stdout } = await dmaheap([
      'diff',
      BOARD,
      '--vendor',
      'android-5.10',
      '--vendor',
      'rockchip-5.10',
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/heap system-dma32: added/);
    expect(stdout).toMatch(/heap reserved: renamed to cma/);
    const carved = await dmaheap(['diff', CARVED, CARVED, '--vendor', 'ti-6.1', '--vendor', 'nxp-5.15']);
    expect(carved.stdout).toMatch(
      /region shared: was the memory of a declared heap; is plain reserved memory/,
    );
  });
});

describe('a scenario', () => {
  const steps = 'steps:\n  - alloc: { heap: low, size: 64K }\n    expect: { size: 64K }\n';
  const content = 'vendor: acme\nkernel: 5.10\nheaps: [{ name: low, backend: system, zone: DMA32 }]\n';

  it.each([
    ['a file beside it', 'vendor: own.yaml'],
    [
      'its content in place',
      'vendor: { vendor: acme, kernel: 5.10, heaps: [{ name: low, backend: system }] }',
    ],
  ])('takes %s', async (_, vendor) => {
    write('own.yaml', content);
    const file = write('scenario.yaml', `board: board.dts\nboot: { ${vendor} }\n${steps}`);
    const report = await json(['run', file]);
    expect(report.runs?.[0]?.profile ?? JSON.stringify(report)).toMatch(
      /Linux 5\.10\.[\s\S]*declared by acme/,
    );
    expect((await dmaheap(['run', file])).code).toBe(0);
  });

  it.each([
    ['vendor: nobody-1.0', /scenario\.yaml:2:17: error: .*neither a vendor that dmaheap knows/],
    [
      'vendor: { vendor: a, heaps: [{ name: x, backend: tee }] }',
      /scenario\.yaml:2:\d+: error: .*a heap of backend tee needs its memory/,
    ],
    [
      'vendor: { vendor: a, heaps: [{ name: x, backend: ion }] }',
      /scenario\.yaml:2:\d+: error: .*expected system or cma or carveout or tee/,
    ],
    ['vendor: ../outside.yaml', /outside/],
  ])('is refused with %s', async (vendor, text) => {
    writeFileSync(join(place, '..', 'outside.yaml'), content);
    const file = write('scenario.yaml', `board: board.dts\nboot: { ${vendor} }\n${steps}`);
    const { code, stderr } = await dmaheap(['run', file]);
    expect(stderr).toMatch(text);
    expect(code).toBe(3);
  });
});
