/** `dmaheap check` as it is typed: places, many boards, SARIF, dtc's options, exit codes. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { projectPath } from '../small-board.ts';
import { dmaheap } from './in-process.ts';

const place = mkdtempSync(join(tmpdir(), 'dmaheap-check-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const HEAD = `/dts-v1/;
/ {
	compatible = "lab,board";
	#address-cells = <2>;
	#size-cells = <2>;
	memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x40000000>; };
	reserved: reserved-memory {
		#address-cells = <2>;
		#size-cells = <2>;
		ranges;
	};
};
`;

const FILES: Readonly<Record<string, string>> = {
  'good.dts': HEAD,
  'frames.dtsi':
    '&reserved {\n\tframes@60100000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x60100000 0 BYTES>; };\n};\n',
  'bad.dts': `${HEAD}#define BYTES 0x800000\n#include "frames.dtsi"\n`,
  'overlay.dtso': `/dts-v1/;\n/plugin/;\n&reserved {\n\tlate@60100000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x60100000 0 0x800000>; };\n};\n`,
  'twice.dts': `${HEAD.replace('ranges;', 'ranges;\n\t\ta@1 { };\n\t\ta@1 { };')}`,
  'syntax.dts': '/dts-v1/;\n/ { a = ; };\n',
  'many.dts': HEAD.replace(
    'ranges;',
    `ranges;${['0', '1', '2'].map((i) => `\n\t\tf${i}@6${i}100000 { compatible = "shared-dma-pool"; no-map; reg = <0 0x6${i}100800 0 0x100000>; };`).join('')}`,
  ),
};

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(place, name), text);
  mkdirSync(join(place, 'blobs/deep'), { recursive: true });
  cpSync(projectPath('fixtures/boards/two-bank.dtb'), join(place, 'blobs/deep/two.dtb'));
  cpSync(projectPath('fixtures/boards/camera-soc.dtb'), join(place, 'blobs/camera.dtb'));
});

const run = (words: readonly string[]) => dmaheap(['check', ...words], {}, { cwd: place });

const inPlace = async <T>(body: () => Promise<T>): Promise<T> => {
  const before = process.cwd();
  process.chdir(place);
  try {
    return await body();
  } finally {
    process.chdir(before);
  }
};

interface Found {
  readonly check: string;
  readonly severity: string;
  readonly path: string | null;
  readonly position: {
    readonly file: string;
    readonly line: number;
    readonly includedFrom?: { readonly file: string; readonly line: number };
  } | null;
  readonly log: readonly string[];
}

const findings = async (words: readonly string[]): Promise<readonly Found[]> => {
  const { stdout } = await inPlace(() => run([...words, '--json']));
  return JSON.parse(stdout).boards.flatMap((board: { findings: Found[] }) => board.findings);
};

describe('a finding', () => {
  test('has its place, through includes', async () => {
    const [found] = (await findings(['bad.dts'])).filter(({ check }) => check === 'cma-misaligned');
    expect(found).toMatchObject({
      severity: 'error',
      path: '/reserved-memory/frames@60100000',
      position: { file: 'frames.dtsi', line: 2, includedFrom: { file: 'bad.dts', line: 14 } },
      log: expect.arrayContaining(['Reserved memory: incorrect alignment of CMA region']),
    });
    const { stdout, code } = await inPlace(() => run(['bad.dts']));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^frames\.dtsi:2:\d+: error: .*\[cma-misaligned\]$/m);
    expect(stdout).toMatch(/^ {2}included from bad\.dts:14:\d+$/m);
    expect(stdout).toContain('tried, and it boots without this: base 0x60000000 and size 10 MiB');
  });

  test('has its place in the overlay that brought it', async () => {
    const [found] = (await findings(['good.dts', '--overlay', 'overlay.dtso'])).filter(
      ({ check }) => check === 'cma-misaligned',
    );
    expect(found).toMatchObject({
      path: '/reserved-memory/late@60100000',
      position: { file: 'overlay.dtso', line: 4 },
    });
  });

  test('of one reason stands once for all nodes', async () => {
    const { stdout } = await inPlace(() => run(['many.dts']));
    const heads = stdout
      .split('\n')
      .filter((line) => line.includes('[unit-address]') || line.includes('[mapped-page]'));
    expect(heads.filter((line) => line.includes('[mapped-page]'))).toEqual([
      expect.stringContaining('(3 times)'),
    ]);
    expect(stdout).toContain(
      '/reserved-memory/f0@60100000, /reserved-memory/f1@61100000, /reserved-memory/f2@62100000',
    );
  });
});

describe('boards', () => {
  test('without a mistake exit 0', async () => {
    expect(await inPlace(() => run(['good.dts']))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('good.dts: nothing found'),
    });
  });

  test('in a directory are all checked, and counted', async () => {
    const { stdout } = await inPlace(() => run(['blobs', 'bad.dts']));
    expect(stdout).toMatch(/^3 boards: .*error/m);
    expect(stdout).toMatch(/^cma-misaligned +error +1 +1$/m);
  });

  test('without memory of their own get what is given, when they were found', async () => {
    const { stdout } = await inPlace(() => run(['blobs', '--memory', '0x80000000:1G', '--json']));
    const profiles = JSON.parse(stdout).boards.map(({ boots }: { boots: boolean }) => boots);
    expect(profiles).toEqual([true, true]);
  });

  test('that dtc refuses are answered by its checks; those that nobody can read are not', async () => {
    const { stdout, code } = await inPlace(() => run(['twice.dts']));
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/twice\.dts:12:\d+: error: .*\[duplicate_node_names\]/),
    ]);
    expect(await inPlace(() => run(['syntax.dts']))).toMatchObject({ code: 3 });
    expect(await inPlace(() => run(['no-such.dts']))).toMatchObject({ code: 3 });
  });

  test('must be named, unless the checks are listed', async () => {
    expect(await run([])).toMatchObject({ code: 2 });
    expect(await run(['--list-checks', 'good.dts'])).toMatchObject({ code: 2 });
    const { stdout } = await run(['--list-checks']);
    expect(stdout).toMatch(/^cma-misaligned +error +dmaheap +\S/m);
    expect(stdout).toMatch(/^explicit_phandles +error +dtc +\S/m);
    expect(stdout).toMatch(/^always_fail +off +dtc +\S/m);
  });
});

describe('options', () => {
  test('-W and -E are dtc’s, in the order in which they stand', async () => {
    const levels = async (words: readonly string[]) => {
      const found = await findings(['good.dts', ...words]);
      return found.filter(({ check }) => check === 'always_fail').map(({ severity }) => severity);
    };
    expect(await levels([])).toEqual([]);
    expect(await levels(['-W', 'always_fail'])).toEqual(['warning']);
    expect(await levels(['-E', 'always_fail'])).toEqual(['error']);
    expect(await levels(['-W', 'always_fail', '-W', 'no-always_fail'])).toEqual([]);
    expect(await levels(['-W', 'no-always_fail', '-W', 'always_fail'])).toEqual(['warning']);
    expect(await inPlace(() => run(['good.dts', '-E', 'always_fail']))).toMatchObject({ code: 1 });
  });

  test('that would do nothing are refused by name', async () => {
    expect(await run(['good.dts', '--disable', 'no-such'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--disable'),
    });
    expect(await run(['good.dts', '-W', 'cma-misaligned'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--disable cma-misaligned'),
    });
    expect(await run(['good.dts', '-E', 'explicit_phandle'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean explicit_phandles'),
    });
    expect(await run(['good.dts', '--sarif', '--json'])).toMatchObject({ code: 2 });
    expect(await run(['good.dts', '--nofile', '3'])).toMatchObject({ code: 2 });
  });

  test('--disable leaves a check out, and the error with it', async () => {
    expect(await inPlace(() => run(['bad.dts', '--disable', 'cma-misaligned']))).toMatchObject({ code: 0 });
  });

  test('the kernel is the one that is named', async () => {
    const { stdout } = await inPlace(() => run(['bad.dts', '--kernel', '5.10', '--json']));
    expect(JSON.parse(stdout).profile).toContain('Linux 5.10');
  });
});

/** What SARIF 2.1.0 asks of the parts that are printed. */
const message = z.strictObject({ text: z.string().min(1) });
const physicalLocation = z.strictObject({
  artifactLocation: z.strictObject({ uri: z.string().regex(/^[^\s\\]+$/) }),
  region: z.strictObject({ startLine: z.int().min(1), startColumn: z.int().min(1).optional() }).optional(),
});
const level = z.enum(['none', 'note', 'warning', 'error']);
const SARIF = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z.array(
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.string(),
          version: z.string(),
          rules: z.array(
            z.strictObject({
              id: z.string(),
              shortDescription: message,
              defaultConfiguration: z.strictObject({ level }),
            }),
          ),
        }),
      }),
      columnKind: z.enum(['utf16CodeUnits', 'unicodeCodePoints']),
      results: z.array(
        z.strictObject({
          ruleId: z.string(),
          ruleIndex: z.int().min(0),
          level,
          message,
          locations: z.array(
            z.strictObject({
              physicalLocation,
              logicalLocations: z
                .array(z.strictObject({ fullyQualifiedName: z.string(), kind: z.string() }))
                .optional(),
            }),
          ),
          relatedLocations: z.array(z.strictObject({ message, physicalLocation })),
        }),
      ),
    }),
  ),
});

test('SARIF has the shape that its version asks for, and a rule for each result', async () => {
  const { stdout, code } = await inPlace(() => run(['bad.dts', 'many.dts', 'blobs', '--sarif']));
  expect(code).toBe(1);
  const log = SARIF.parse(JSON.parse(stdout));
  const [{ tool, results } = { tool: { driver: { rules: [] } }, results: [] }] = log.runs;
  expect(results.length).toBeGreaterThan(4);
  for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  const included = results.find(({ ruleId }) => ruleId === 'cma-misaligned');
  expect(included?.locations[0]?.physicalLocation).toMatchObject({
    artifactLocation: { uri: 'frames.dtsi' },
    region: { startLine: 2 },
  });
  expect(included?.relatedLocations[0]?.physicalLocation.artifactLocation.uri).toBe('bad.dts');
});
