/** `--reserve NAME=BASE:SIZE`: what firmware keeps, reserved before the device tree is read (public report 22). */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dmaheap } from './in-process.ts';

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-reserve-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function written(text: string, name = 'board.dts'): string {
  const file = join(directory(), name);
  writeFileSync(file, text);
  return file;
}

const board = (nodes: string) =>
  written(`/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; compatible = "example,board";
 memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x40000000>; };
 reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; ${nodes} }; };`);

const DSP = 'dsp@9c000000 { no-map; reg = <0 0x9c000000 0 0x800000>; };';
const EFI = ['--reserve', 'efi=0x9c400000:4M'];
const FAILED = "failed to reserve memory for node 'dsp@9c000000': base 0x000000009c000000, size 8 MiB";

describe('any early reservation by name', () => {
  test('takes memory from a no-map region, as public report 22 has it', async () => {
    const file = board(DSP);
    const log = await dmaheap(['dmesg', '--board', file, ...EFI]);
    expect(log.stdout).toContain(FAILED);
    const without = await dmaheap(['dmesg', '--board', file]);
    expect(without.stdout).not.toContain(FAILED);
    const regions = await dmaheap(['regions', '--board', file, ...EFI]);
    expect(regions.stdout).toContain(
      'reserved already, by efi at 0x9c400000..0x9c7fffff, which --reserve gave',
    );
  });

  test('on every kernel, and is reserved memory in /proc/iomem', async () => {
    const file = board('');
    for (const kernel of ['5.10', '6.1', '6.12', '7.3']) {
      const words = ['cat', '/proc/iomem', '--board', file, '--kernel', kernel];
      const { stdout } = await dmaheap([...words, ...EFI, '--reserve', 'tee=0xa0001000:0x1800']);
      expect(stdout, kernel).toContain('  9c400000-9c7fffff : reserved\n');
      expect(stdout, kernel).toContain('  a0001000-a0002fff : reserved\n');
    }
  });

  test('a default CMA area with a fixed place cannot lie over it, and one without goes elsewhere', async () => {
    const file = board('');
    const fixed = await dmaheap(['regions', '--board', file, ...EFI, '--cmdline', 'cma=8M@0x9c000000']);
    expect(fixed.stdout).toContain('by efi at 0x9c400000..0x9c7fffff, which --reserve gave');
    const keep = ['--reserve', 'u-boot=0xbdc00000:0x2400000'];
    const free = JSON.parse((await dmaheap(['regions', '--board', file, ...keep, '--json'])).stdout);
    expect(free.regions).toMatchObject([{ name: 'reserved', size: 0x2000000 }]);
    expect(BigInt(free.regions[0].base) + 0x2000000n).toBeLessThanOrEqual(0xbdc00000n);
  });

  test('a static CMA area may be declared over it, and is warned of', async () => {
    const file = board(
      'c@9c000000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x9c000000 0 0x800000>; };',
    );
    const { stderr } = await dmaheap(['boot', file, ...EFI, '--session', join(directory(), 's')]);
    expect(stderr).toContain('lies over efi at 0x9c400000..0x9c7fffff, which --reserve gave');
  });

  test('the image and the tree are not put there', async () => {
    const { stdout } = await dmaheap([
      'cat',
      '/proc/iomem',
      '--board',
      board(''),
      '--reserve',
      'efi=0x80000000:64M',
    ]);
    expect(stdout).toContain('84000000-8552cfff : Kernel code');
  });

  test('a YAML board takes it as well', async () => {
    const file = written(
      'memory: { reg: [0x80000000, 1G] }\nreserved-memory:\n  dsp@9c000000: { reg: [0x9c000000, 8M], no-map: true }\n',
      'board.yaml',
    );
    const { stdout } = await dmaheap(['regions', '--board', file, ...EFI]);
    expect(stdout).toContain('by efi at');
  });
});

describe('it is kept wherever inputs of a boot are', () => {
  test('a session, its export, the replay of it, and reboots with a new one', async () => {
    const dir = directory();
    const session = ['--session', join(dir, 's')];
    const booted = await dmaheap([...session, 'boot', board(DSP), ...EFI]);
    expect(booted.code, booted.stderr).toBe(0);
    await dmaheap([...session, 'alloc', 'default_cma_region', '1M']);
    const scenario = join(dir, 'history.yaml');
    const exported = await dmaheap([...session, 'export', '--output', scenario]);
    expect(exported.code, exported.stderr).toBe(0);
    const ran = await dmaheap(['run', scenario]);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect((await dmaheap(['replay', scenario])).code).toBe(0);
    const other = await dmaheap(['replay', scenario, '--reserve', 'efi=0x98000000:4M']);
    expect(other.code).toBe(1);
    expect(other.stdout).toContain('dsp@9c000000');
    const bundle = join(dir, 'bug.tar.gz');
    expect((await dmaheap([...session, 'export', '--bundle', bundle])).code).toBe(0);
    expect((await dmaheap(['replay', bundle])).code).toBe(0);
  });

  test('diff says what it changes', async () => {
    const file = board(DSP);
    const { stdout, code } = await dmaheap(['diff', file, '--reserve', '', ...EFI]);
    expect(code).toBe(1);
    expect(stdout).toContain(FAILED);
  });
});

describe('what is refused', () => {
  test.each([
    ['efi=0x9c400000', 2, /Expected BASE:SIZE/],
    ['efi=0x9c400000:0', 2, /efi has no size/],
    ['=0x9c400000:4M', 2, /a name of 1 to 31 letters/],
    ['9efi=0x9c400000:4M', 2, /begins with a letter/],
    ['e fi=0x9c400000:4M', 2, /begins with a letter/],
    ['__proto__=0x9c400000:4M', 2, /begins with a letter/],
    [`${'e'.repeat(32)}=0x9c400000:4M`, 2, /1 to 31 letters/],
    ['fdt=0x9c400000:4M', 2, /did you mean dtb\?/],
    ['intird=0x9c400000:4M', 2, /did you mean initrd\?/],
    ['Kernel=0x9c400000:4M', 2, /did you mean kernel\?/],
    ['efi=0x1c400000:4M', 3, /efi \(0x1c400000\.\.0x1c7fffff\) lies outside of RAM/],
    ['efi=0xffffffffff000000:4M', 3, /where no memory is modelled|outside of RAM/],
  ])('%s', async (given, code, words) => {
    const answer = await dmaheap(['regions', '--board', board(''), '--reserve', given]);
    expect(answer.code).toBe(code);
    expect(answer.stderr).toMatch(words);
  });

  test.each([
    [['efi=0x9c400000:4M', 'efi=0x9e000000:1M'], 2, /efi is reserved twice/],
    [['kernel=0x9c400000:4M', 'kernel=0x9e000000:1M'], 2, /kernel is reserved twice/],
    [['efi=0x9c400000:4M', 'tee=0x9c7ff000:1M'], 3, /tee \(.*\) and efi \(.*\) overlap/],
    [['kernel=0x9c400000:32M', 'tee=0x9d000000:1M'], 3, /tee \(.*\) and kernel \(.*\) overlap/],
  ])('%s', async (given, code, words) => {
    const options = given.flatMap((one) => ['--reserve', one]);
    const answer = await dmaheap(['regions', '--board', board(''), ...options]);
    expect(answer.code).toBe(code);
    expect(answer.stderr).toMatch(words);
  });

  test('names as every object has them are names', async () => {
    const words = ['regions', '--board', board(DSP), '--reserve', 'constructor=0x9c400000:4M'];
    expect((await dmaheap(words)).stdout).toContain('by constructor at');
  });

  test('in a scenario the name is pointed at', async () => {
    const file = written(
      'board: { memory: { reg: [0x80000000, 1G] } }\nboot:\n  reserve: { efi: 0x9c400000:4M, intird: 0x9e000000:1M }\nsteps: [ { free: 4 } ]\n',
      'scenario.yaml',
    );
    const answer = await dmaheap(['run', file]);
    expect(answer.code).toBe(3);
    expect(answer.stderr).toMatch(/scenario\.yaml:3:34: error: .*did you mean initrd\?/);
  });
});
