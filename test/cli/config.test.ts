/** Configurations on the command line: files and options, presets, and what is in force. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { dmaheap } from './in-process.ts';

const place = mkdtempSync(join(tmpdir(), 'dmaheap-config-'));
const at = (name: string) => join(place, name);
function file(name: string, text: string | Uint8Array): string {
  writeFileSync(at(name), text);
  return at(name);
}

const BOARD = file(
  'board.dts',
  '/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; compatible = "example,board"; memory@0 { device_type = "memory"; reg = <0 0 0 0x40000000>; }; };',
);
const OUTSIDE = join(mkdtempSync(join(tmpdir(), 'dmaheap-outside-')), 'a.config');
writeFileSync(OUTSIDE, 'CONFIG_CMA_AREAS=3\n');
const OTHERS = Array.from({ length: 40 }, (_, i) => `CONFIG_DRIVER_${i}=m`);
const HEAD = [
  '#',
  '# Automatically generated file; DO NOT EDIT.',
  '# Linux/arm64 6.12.30 Kernel Configuration',
  '#',
];
const TEXT = `${[
  ...HEAD,
  'CONFIG_CC_VERSION_TEXT="gcc (GCC) 13"',
  'CONFIG_ARM64=y',
  'CONFIG_ARM64_4K_PAGES=y',
  '# CONFIG_ARM64_16K_PAGES is not set',
  'CONFIG_ARM64_VA_BITS_48=y',
  'CONFIG_ARM64_VA_BITS=48',
  'CONFIG_RODATA_FULL_DEFAULT_ENABLED=y',
  'CONFIG_ARCH_FORCE_MAX_ORDER=10',
  'CONFIG_ZONE_DMA=y',
  'CONFIG_ZONE_DMA32=y',
  'CONFIG_HUGETLBFS=y',
  'CONFIG_TRANSPARENT_HUGEPAGE=y',
  'CONFIG_EFI=y',
  'CONFIG_DMA_CMA=y',
  'CONFIG_CMA_SIZE_MBYTES=48',
  'CONFIG_CMA_SIZE_SEL_MBYTES=y',
  '# CONFIG_CMA_SIZE_SEL_MAX is not set',
  'CONFIG_CMA_AREAS=7',
  'CONFIG_CMA_ALIGNMENT=8',
  'CONFIG_DMABUF_HEAPS=y',
  '# CONFIG_DMABUF_HEAPS_SYSTEM is not set',
  'CONFIG_DMABUF_HEAPS_CMA=y',
  'CONFIG_CMDLINE=""',
  ...OTHERS,
].join('\n')}\n`;
const CONFIG = file('a.config', TEXT);
const ZIPPED = file('config.gz', gzipSync(TEXT));

async function heaps(...words: readonly string[]) {
  const { stdout, stderr, code } = await dmaheap(['list', '--board', BOARD, ...words, '--json']);
  const { profile, heaps, error } = JSON.parse(stdout);
  return {
    profile,
    stderr: `${stderr}${error === undefined ? '' : stdout}`,
    code,
    names: heaps?.map(({ name }: { name: string }) => name),
  };
}

describe('--config FILE', () => {
  it('is a .config, packed or not', async () => {
    for (const one of [CONFIG, ZIPPED]) {
      const { names, profile, stderr } = await heaps('--config', one, '--kernel', '6.12');
      expect(names).toEqual(['reserved']);
      expect(profile).toBe(`Linux 6.12.118, no coherent heaps, CMA 48 MiB (${one})`);
      expect(stderr).toBe('');
    }
  });

  it('and single options: the later wins', async () => {
    const kernel = ['--kernel', '6.12'];
    const option = ['--config', 'CMA_SIZE_MBYTES=16'];
    const after = await heaps('--config', CONFIG, ...option, ...kernel);
    expect(after.profile).toContain(`CMA 16 MiB (${CONFIG} but CONFIG_CMA_SIZE_MBYTES)`);
    const before = await heaps(...option, '--config', CONFIG, ...kernel);
    expect(before.profile).toContain(`CMA 48 MiB (${CONFIG})`);
    const part = file('part.config', 'CONFIG_CMA_SIZE_MBYTES=24\nCONFIG_DMABUF_HEAPS_SYSTEM=y\n');
    const both = await heaps('--config', CONFIG, '--config', part, ...kernel);
    expect(both).toMatchObject({
      names: ['system', 'reserved'],
      profile: expect.stringContaining('CMA 24 MiB'),
    });
  });

  it('is of its kernel, and of its architecture', async () => {
    const other = await heaps('--config', CONFIG, '--kernel', '6.6');
    expect(other.stderr).toMatch(/warning: .*a\.config is the configuration of Linux 6\.12\.30, .* is 6\.6/);
    const arm = file('arm.config', TEXT.replace('Linux/arm64', 'Linux/arm'));
    expect(await heaps('--config', arm)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/arm\.config is the configuration of a kernel of arm,/),
    });
  });

  it('names what it cannot answer for, and passes over the rest', async () => {
    const numa = file(
      'numa.config',
      `${TEXT}CONFIG_NUMA=y\nCONFIG_DMABUF_HEAPS_CARVEOUT=y\nCONFIG_CMDLINE="cma=8M"\n`,
    );
    const { stderr, profile } = await heaps('--config', numa, '--kernel', '6.12');
    expect(profile).toContain('unverified');
    for (const name of ['NUMA', 'DMABUF_HEAPS_CARVEOUT', 'CMDLINE']) {
      expect(stderr).toMatch(new RegExp(`warning: CONFIG_${name}=.*unverified`));
    }
    expect(stderr).not.toContain('DRIVER_');
  });

  it.each<[string, string, number, RegExp]>([
    ['no file', at('nosuch'), 3, /nosuch: no such file/],
    ['another file', BOARD, 3, /is device-tree source, not a kernel configuration/],
    ['an empty one', file('empty', ''), 3, /is empty, not a kernel configuration/],
    ['damaged gzip', file('cut.gz', gzipSync(TEXT).subarray(0, 90)), 3, /cut\.gz: cannot be unpacked/],
    ['a bad value', file('bad', `${TEXT}CONFIG_CMA_AREAS=many\n`), 3, /bad:\d+: CONFIG_CMA_AREAS=many/],
    ['an unknown option', 'CMA_SIZE=16', 2, /Did you mean CMA_SIZE_MBYTES\?/],
    ['one by what it means', 'THP=y', 2, /Did you mean TRANSPARENT_HUGEPAGE\?/],
    ['a bad number', 'CMA_AREAS=0', 2, /Expected a number from 1/],
    ['one that is not there', 'SWIOTLB=n', 3, /CONFIG_SWIOTLB: on arm64 it is always y/],
  ])('%s is refused', async (_, word, code, text) => {
    expect(await heaps('--config', word)).toMatchObject({ code, stderr: expect.stringMatching(text) });
  });
});

describe('--preset', () => {
  it('is what people run', async () => {
    expect(await heaps('--preset', 'rpi', '--kernel', '6.12')).toMatchObject({
      names: ['system', 'reserved'],
      profile: expect.stringContaining('CMA 32 MiB (preset rpi)'),
    });
    expect((await heaps('--preset', 'debian', '--kernel', '6.12')).names).toEqual([]);
    expect(await heaps('--preset', 'nobody')).toMatchObject({ code: 2 });
    expect(await heaps('--preset', 'debian', '--config', CONFIG)).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/the preset debian would be ignored/),
    });
  });

  it('has heaps as modules where its kernel has, which wait to be loaded', async () => {
    const session = ['--session', at('session')];
    await dmaheap([...session, 'boot', BOARD, '--preset', 'defconfig', '--kernel', '7.3']);
    const listed = async () =>
      JSON.parse((await dmaheap([...session, 'list', '--json'])).stdout).heaps.length;
    expect(await listed()).toBe(0);
    await dmaheap([...session, 'modprobe', 'cma_heap']);
    expect(await listed()).toBe(2);
  });
});

type Row = { name: string; value: string; from: string };

describe('dmaheap config', () => {
  const inForce = async (...words: readonly string[]) => {
    const { stdout } = await dmaheap(['config', ...words, '--json']);
    const answer = JSON.parse(stdout);
    const options = new Map<string, Row>(answer.options.map((row: Row) => [row.name, row]));
    return { answer, options };
  };

  it('says what is in force, and where it comes from', async () => {
    const { options, answer } = await inForce(
      '--config',
      CONFIG,
      '--config',
      'CMA_AREAS=3',
      '--kernel',
      '6.12',
    );
    expect(options.get('CONFIG_CMA_AREAS')).toMatchObject({ value: '3', from: '--config' });
    expect(options.get('CONFIG_CMA_SIZE_MBYTES')).toMatchObject({ value: '48', from: CONFIG });
    expect(options.get('CONFIG_CMA_SIZE_PERCENTAGE')).toMatchObject({ from: 'arm64 defconfig' });
    expect(options.get('CONFIG_SWIOTLB')).toMatchObject({ value: 'y', from: 'always' });
    expect(options.has('CONFIG_PAGE_BLOCK_MAX_ORDER')).toBe(false);
    expect(answer.configuration).toBe(`${CONFIG} but CONFIG_CMA_AREAS`);
  });

  it('of a preset names the source, and of the default what it adds', async () => {
    const debian = await inForce('--preset', 'debian', '--kernel', '6.12');
    expect(debian.answer.preset_source).toMatch(/Debian 13/);
    expect(debian.answer.unverified).toBe(true);
    const own = await inForce('--kernel', '6.12');
    expect(own.options.get('CONFIG_DMABUF_HEAPS_CMA')).toMatchObject({ value: 'y', from: 'built in here' });
    expect(own.answer.unverified).toBeUndefined();
  });

  it('of a session is that of its boot', async () => {
    const session = ['--session', at('other')];
    await dmaheap([...session, 'boot', BOARD, '--config', ZIPPED, '--kernel', '6.12']);
    const { stdout } = await dmaheap([...session, 'config']);
    expect(stdout).toMatch(/^Linux 6\.12\.118, no coherent heaps, CMA 48 MiB/);
    expect(stdout).toMatch(new RegExp(`CONFIG_CMA_AREAS +7 +${ZIPPED} `));
    const again = await dmaheap([...session, 'reboot']);
    expect(again.stderr).toContain('CMA 48 MiB');
  });
});

it('a board of 32-bit arm under a release that was not recorded there is unverified, everywhere', async () => {
  const source = file(
    'arm.dts',
    '/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; compatible = "example,arm"; cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a9"; reg = <0>; }; }; memory@40000000 { device_type = "memory"; reg = <0x40000000 0x40000000>; }; };',
  );
  const board = at('arm.dtb');
  await dmaheap(['dt', source, '-O', 'dtb', '-o', board]);
  const one = async (kernel: string) => {
    const { stdout, stderr } = await dmaheap(['list', '--board', board, '--kernel', kernel, '--json']);
    const many = await dmaheap(['boards', board, '--kernel', kernel, '--json']);
    const found = JSON.parse(many.stdout).boards[0].warnings.map(({ code }: { code: string }) => code);
    const warned = /Linux 6\.12\.118 on arm with 4 KiB pages is unverified/.test(stderr);
    return { unverified: JSON.parse(stdout).unverified ?? false, warned, found };
  };
  expect(await one('6.12')).toEqual({ unverified: true, warned: true, found: ['kernel-unverified'] });
  expect(await one('7.3')).toEqual({ unverified: false, warned: false, found: [] });
});

describe('the same words wherever a boot is described', () => {
  const scenario = (boot: string) =>
    file('s.yaml', `board: board.dts\nboot: ${boot}\nexpect: { heaps: { reserved: { size: 48M } } }\n`);

  it('scenarios: a file, its lines, options, a list of them', async () => {
    for (const config of [
      'a.config',
      '[a.config]',
      '{ CMA_SIZE_MBYTES: 48 }',
      '[config.gz, { CMA_AREAS: 5 }]',
    ]) {
      const { code, stdout, stderr } = await dmaheap([
        'run',
        scenario(`{ kernel: 6.12, config: ${config} }`),
      ]);
      expect({ code, out: code === 0 ? '' : stdout + stderr }).toEqual({ code: 0, out: '' });
    }
    const lines = scenario(`\n  kernel: 6.12\n  config: |\n${TEXT.replace(/^/gm, '    ').trimEnd()}`);
    expect((await dmaheap(['run', lines])).code).toBe(0);
    const late = scenario('{ kernel: 6.12, config: [{ CMA_SIZE_MBYTES: 8 }, a.config] }');
    expect((await dmaheap(['run', late])).code).toBe(0);
    const over = await dmaheap(['run', scenario('{ kernel: 6.12 }'), '--config', CONFIG]);
    expect(over.code).toBe(0);
  });

  it.each<[string, RegExp]>([
    ['{ config: nosuch.config }', /the configuration .*nosuch\.config: no such file/],
    ['{ config: board.dts }', /is device-tree source, not a kernel configuration/],
    ['{ config: { CMA_SIZE: 8 } }', /did you mean CMA_SIZE_MBYTES/],
    ['{ preset: nobody }', /no preset nobody/],
    [`{ config: ${OUTSIDE} }`, /lies outside/],
  ])('a scenario with %s is refused', async (boot, text) => {
    const { code, stderr } = await dmaheap(['run', scenario(boot)]);
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(text) });
  });

  it('YAML boards', async () => {
    const yaml = file(
      'board.yaml',
      'kernel: 6.12\npreset: debian\nconfig: { CMA_SIZE_MBYTES: 20, DMABUF_HEAPS_CMA: y }\nmemory: { reg: [0x40000000, 1G] }\n',
    );
    const list = async (...words: readonly string[]) =>
      JSON.parse((await dmaheap(['list', '--board', yaml, ...words, '--json'])).stdout).profile;
    expect(await list()).toMatch(/CMA 20 MiB \(preset debian but .*CONFIG_CMA_SIZE_MBYTES/);
    expect(await list('--config', 'CMA_SIZE_MBYTES=24')).toMatch(/CMA 24 MiB/);
    expect(await list('--preset', 'rpi')).toMatch(/CMA 32 MiB \(preset rpi\)/);
    const bad = file('bad.yaml', 'config: { CMA_SIZE: 1 }\npreset: me\n');
    const { stderr, code } = await dmaheap(['boot', bad]);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /bad\.yaml:1:21: error: .*CMA_SIZE is no option that is modelled\n.*did you mean CMA_SIZE_MBYTES/,
    );
    expect(stderr).toMatch(/bad\.yaml:2:9: error: .*no preset me/);
  });

  it('diff, boards and replay', async () => {
    const two = ['diff', BOARD, '--kernel', '6.12'];
    const diff = await dmaheap([...two, '--preset', 'debian', '--preset', 'rpi']);
    expect(diff.stdout).toMatch(/preset debian[\s\S]*preset rpi/);
    const files = await dmaheap([...two, '--config', CONFIG, '--config', `${CONFIG},CMA_SIZE_MBYTES=8`]);
    expect(files.stdout).toMatch(/reserved.*(48|8) MiB/s);
    const blob = at('board.dtb');
    await dmaheap(['dt', BOARD, '-O', 'dtb', '-o', blob]);
    const boards = await dmaheap(['boards', blob, '--config', CONFIG, '--kernel', '6.12', '--json']);
    const [board] = JSON.parse(boards.stdout).boards;
    expect(board.heaps.map(({ name }: { name: string }) => name)).toEqual(['reserved']);
  });

  it('export and bundles keep what was read of a file', async () => {
    const session = ['--session', at('kept')];
    await dmaheap([...session, 'boot', BOARD, '--config', CONFIG, '--config', 'NUMA=y', '--kernel', '6.12']);
    await dmaheap([...session, 'alloc', 'reserved', '64K']);
    for (const [option, name] of [
      ['--output', 'kept.yaml'],
      ['--bundle', 'kept.tar.gz'],
    ] as const) {
      const { code } = await dmaheap([...session, 'export', option, at(name)]);
      expect(code).toBe(0);
      const replayed = await dmaheap(['replay', at(name), '--json']);
      expect(replayed.code).toBe(0);
      expect(JSON.parse(replayed.stdout)).toMatchObject({ unverified: true, verdict: 'same' });
      const { profile } = JSON.parse(replayed.stdout);
      expect(profile).toContain('CMA 48 MiB');
      const other = await dmaheap(['replay', at(name), '--config', CONFIG, '--json']);
      expect(JSON.parse(other.stdout).unverified).toBeUndefined();
    }
  });
});
