import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { dmaheap } from './in-process.ts';

const CAMERA = projectPath('fixtures/boards/camera-soc.dtb');
const place = mkdtempSync(join(tmpdir(), 'dmaheap-arch-'));
const write = (name: string, text: string) => {
  const file = join(place, name);
  writeFileSync(file, text);
  return file;
};

const PLAIN = write(
  'plain.yaml',
  `memory: { reg: [0x40000000, 1G] }
reserved-memory:
  pool@50000000: { compatible: shared-dma-pool, reg: [0x50000000, 4M], no-map: true }
`,
);
const PC = write(
  'pc.yaml',
  `arch: x86_64
memory: { reg: [[0x1000, 636K], [0x100000, 2047M], [0x100000000, 2G]] }
chosen: { bootargs: 'cma=64M' }
`,
);
const PC_WORDS = [
  ...['--arch', 'x86_64', '--memory', '0x1000:636K', '--memory', '0x100000:2047M'],
  ...['--memory', '0x100000000:2G', '--cmdline', 'cma=64M'],
];

let sessions = 0;
/** Command lines on a session of their own, one after another. */
async function session(...lines: readonly (readonly string[])[]) {
  const words = ['--session', join(place, `session-${sessions++}`)];
  const answers = [];
  for (const line of lines) answers.push(await dmaheap([...line, ...words]));
  return answers;
}

const profile = async (...words: readonly string[]): Promise<string> =>
  JSON.parse((await dmaheap([...words, '--json'])).stdout).profile;

const told = async (...words: readonly string[]) => {
  const { code, stderr } = await dmaheap(words);
  return `${code} ${stderr.split('\n')[0]}`.replaceAll(`${place}/`, '');
};

describe('--arch', () => {
  it('is for boards that say nothing, and shows', async () => {
    for (const arch of ['arm', 'riscv64']) {
      expect(await profile('list', '--board', PLAIN, '--arch', arch)).toMatch(`Linux 7.3.4 on ${arch}, `);
    }
    expect(await profile('list', '--board', PLAIN)).toMatch(/^Linux 7\.3\.4, /);
    expect(await profile('list', '--board', PLAIN, '--arch', 'riscv64', '--kernel', '6.12')).toMatch(
      'Linux 6.12.118 on riscv64 (unverified: from the source, no recording), ',
    );
  });

  it('never makes an answer for a board of another architecture', async () => {
    for (const words of [['list'], ['regions'], ['boot']]) {
      const line = words[0] === 'boot' ? ['boot', CAMERA] : [...words, '--board', CAMERA];
      expect(await told(...line, '--arch', 'arm', '--session', join(place, 'none'))).toMatch(
        / this is a board of arm64, by its \/cpus, and the kernel asked for is of arm$|uses no session/,
      );
    }
    expect(await told('list', '--board', PC, '--arch', 'arm64')).toBe(
      '3 pc.yaml: error: this is a board of x86_64, by the line arch: of its file, and the kernel asked for is of arm64',
    );
    const both = write('both.yaml', 'arch: arm\ncompatible: "starfive,jh7110"\n');
    expect(await told('list', '--board', both)).toBe(
      '3 both.yaml: error: arch: arm, but by its compatible (starfive,jh7110) this is a board of riscv64',
    );
    expect(await told('list', '--board', PLAIN, '--arch', 'mips')).toMatch(
      /^2 .*arm64, arm, riscv64, x86_64/,
    );
    expect(await told('list', '--board', write('odd.yaml', 'arch: mips\n'))).toMatch(
      /^3 odd\.yaml:1:7: error: .*'arch'/,
    );
  });

  it('is kept by a session, an export and a replay', async () => {
    const bundle = join(place, 'riscv.tar.gz');
    const [, list, open, , again] = await session(
      ['boot', PLAIN, '--arch', 'riscv64'],
      ['list', '--json'],
      ['open', 'system', '--flags', 'O_RDWR|O_DIRECTORY', '--json'],
      ['export', '--bundle', bundle],
      ['reboot', '--json'],
    );
    for (const one of [list, again]) expect(JSON.parse(one?.stdout ?? '').profile).toMatch(' on riscv64,');
    expect(JSON.parse(open?.stdout ?? '').error.errno).toBe('ENOTDIR');
    const replayed = JSON.parse((await dmaheap(['replay', bundle, '--json'])).stdout);
    expect(replayed).toMatchObject({ verdict: 'same', profile: expect.stringContaining(' on riscv64,') });
  });

  it('is a word of scenarios, by which flags are numbers', async () => {
    const scenario = (arch: string, flags: string) =>
      write(
        `${arch}.yaml`,
        `board: plain.yaml
boot: { arch: ${arch} }
steps:
  - open: { path: system, flags: O_RDWR }
    as: heap
  - fcntl: { fd: heap, cmd: F_GETFL }
    expect: { ret: ${flags} }
  - open: { path: system, flags: O_DIRECTORY }
    expect: { errno: ENOTDIR }
  - open: { path: system, flags: 65536 }
    expect: { ${arch === 'riscv64' ? 'errno: ENOTDIR' : 'errno: EINVAL'} }
`,
      );
    // O_LARGEFILE is forced on 64 bits.
    for (const [arch, flags] of [
      ['arm', '2'],
      ['arm64', String(0o400002)],
      ['riscv64', String(0o100002)],
    ] as const) {
      const { code, stdout } = await dmaheap(['run', scenario(arch, flags)]);
      expect(`${code} ${stdout}`).toMatch(/^0 ok /);
    }
  });

  it('may differ between the two boots of diff', async () => {
    const { code, stdout } = await dmaheap(['diff', PLAIN, '--arch', 'arm', '--arch', 'riscv64', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      before: { profile: expect.stringContaining(' on arm,') },
      after: { profile: expect.stringContaining(' on riscv64,') },
    });
  });

  it('of a board of its own shows in the table of many', async () => {
    const { stdout } = await dmaheap(['boards', CAMERA, '--json']);
    expect(JSON.parse(stdout).boards).toMatchObject([{ arch: 'arm64', unverified: false }]);
    expect((await dmaheap(['boards', CAMERA, '--arch', 'riscv64'])).stdout).toMatch(
      /no board .*this is a board of arm64/,
    );
  });
});

describe('x86_64', () => {
  it('needs no board but its memory, and has e820’s holes', async () => {
    const { stdout } = await dmaheap(['list', ...PC_WORDS]);
    expect(stdout).toBe((await dmaheap(['list', '--board', PC])).stdout);
    expect(stdout).toMatch(/^Linux 7\.3\.4 on x86_64, .*CMA 64 MiB \(cma=\), x86_64 defconfig/);
    expect(stdout).toMatch(/^reserved +cma +0x100000000 +65536K/m);
    const iomem = (await dmaheap(['cat', '/proc/iomem', '--board', PC])).stdout;
    expect(iomem.match(/^[0-9a-f]+-[0-9a-f]+ : System RAM$/gm)).toEqual([
      '00001000-0009ffff : System RAM',
      '00100000-7fffffff : System RAM',
      '100000000-17fffffff : System RAM',
    ]);
  });

  it('makes a session, which boots again and is exported', async () => {
    const bundle = join(place, 'pc.tar.gz');
    const [boot, alloc, tree, , again] = await session(
      ['boot', ...PC_WORDS],
      ['alloc', 'reserved', '1M'],
      ['ls', '/proc/device-tree'],
      ['export', '--bundle', bundle],
      ['reboot', '--force', '--json'],
    );
    expect(boot).toMatchObject({ code: 0 });
    expect(alloc).toMatchObject({ code: 0, stdout: '4\n' });
    expect(tree?.stderr).toMatch(/ENOENT/);
    expect(JSON.parse(again?.stdout ?? '').profile).toMatch(' on x86_64,');
    expect(JSON.parse((await dmaheap(['replay', bundle, '--json'])).stdout).verdict).toBe('same');
  });

  it('is refused what only a device tree tells', async () => {
    expect(await told('list', '--board', PLAIN, '--arch', 'x86_64')).toMatch(
      /^3 plain\.yaml: error: .*reads no device tree, and the board has \/reserved-memory/,
    );
    expect(await told('list', ...PC_WORDS, '--overlay', 'no.dtbo')).toMatch(/^2 error: --overlay goes with/);
  });

  it('is alone in that: others need a board', async () => {
    for (const words of [[], ['--arch', 'x86_64'], ['--arch', 'riscv64', '--memory', '0x80000000:1G']])
      expect(await told('boot', ...words)).toBe('2 error: no board given');
    expect(await told('list', '--arch', 'riscv64', '--memory', '0x80000000:1G')).toMatch(
      /^2 error: --arch changes a boot/,
    );
  });
});

describe('options about source that diff has no use for', () => {
  cpSync(CAMERA, join(place, 'a.dtb'));
  const A = join(place, 'a.dtb');
  const SOURCE = write(
    's.dts',
    '/dts-v1/;\n/ { #address-cells = <1>; #size-cells = <1>;\nmemory@40000000 { device_type = "memory"; reg = <0x40000000 SIZE>; }; };\n',
  );

  it('are refused by name, as everywhere', async () => {
    expect(await told('diff', A, CAMERA, '-D', 'X')).toMatch(
      /^2 error: --define goes with device-tree source/,
    );
    expect(await told('diff', A, CAMERA, '-I', place)).toMatch(/^2 error: --include goes with/);
    const [, , exported] = await session(
      ['boot', PLAIN],
      ['alloc', 'system', '4K'],
      ['export', '--bundle', join(place, 'b.tar.gz')],
    );
    expect(exported?.code).toBe(0);
    expect(await told('diff', join(place, 'b.tar.gz'), A, '--overlay', 'x.dtbo')).toMatch(
      /^[23] error: (--overlay is laid over both boards|x\.dtbo)/,
    );
  });

  it('are taken where one side is source', async () => {
    const { code, stdout } = await dmaheap(['diff', SOURCE, CAMERA, '-D', 'SIZE=0x10000000', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).verdict).toBe('different');
  });
});
