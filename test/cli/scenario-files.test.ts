/** A scenario reads files below its own directory and nothing else, unless it is trusted. */
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { dmaheap } from './in-process.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'dmaheap-outside-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const at = (name: string) => join(root, name);
const SECRET = 'SECRET-WORDS';

const CAMERA = projectPath('fixtures/boards/camera-soc.dtb');
const SOURCE =
  '/dts-v1/;\n/ { #address-cells = <1>; #size-cells = <1>; memory@0 { device_type = "memory"; reg = <0 0x8000000>; }; };\n';
const OVERLAY = '/dts-v1/;\n/plugin/;\n&{/} { model = "x"; };\n';
const FILES: Readonly<Record<string, string>> = {
  'secret.txt': SECRET,
  'board.yaml': 'memory: { reg: [0, 128M] }\n',
  'elsewhere.dts': SOURCE,
  'overlay.dts': OVERLAY,
  'tree/model': 'm',
  'own/board.dts': SOURCE,
  'own/overlay.dts': OVERLAY,
  'own/inner.txt': 'inner',
  'own/includes.dts': `${SOURCE}/include/ "../elsewhere.dtsi"\n`,
  'own/angle.dts': `${SOURCE}#include <secret.txt>\n`,
  'own/binary.dts': `${SOURCE}/ { x = /incbin/("link.txt"); };\n`,
  'elsewhere.dtsi': `/ { secret = "${SECRET}"; };\n`,
};
for (const [name, text] of Object.entries(FILES)) {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
}
copyFileSync(CAMERA, at('camera.dtb'));
copyFileSync(CAMERA, at('own/camera.dtb'));
symlinkSync('../secret.txt', at('own/link.txt'));
symlinkSync('../camera.dtb', at('own/link.dtb'));
symlinkSync('..', at('own/up'));
// A directory of links, each of which an include directory would let in.
mkdirSync(at('own/prefixes'));
symlinkSync(root, at('own/prefixes/all'));

const scenario = (text: string): string => {
  const file = at('own/s.yaml');
  writeFileSync(file, text);
  return file;
};
const ALLOC = '  - alloc: { heap: system, size: 4K }\n    as: b\n';
const writing = (file: string) =>
  `board: camera.dtb\nsteps:\n${ALLOC}  - write: { to: b, file: "${file}" }\n  - read: { from: b, length: 12 }\n    expect: { text: none }\n`;

/** Every property of a scenario that takes a path, with one that leads outside: what stands in the file, and where. */
const OUTSIDE: readonly (readonly [what: string, text: string, place: string])[] = [
  ['board, with dots', 'board: ../camera.dtb\n', '1:8: error: the board'],
  ['board, absolute', `board: ${at('camera.dtb')}\n`, '1:8: error: the board'],
  ['board, by a link', 'board: link.dtb\n', '1:8: error: the board'],
  ['board, by a linked directory', 'board: up/camera.dtb\n', '1:8: error: the board'],
  ['board, YAML', 'board: ../board.yaml\n', '1:8: error: the board'],
  ['board, a directory', 'board: ../tree\n', '1:8: error: the board'],
  [
    'boot.overlay',
    'board: board.dts\nboot: { overlay: [../overlay.dts] }\n',
    '2:19: error: boot.overlay[0]:',
  ],
  ['boot.include', 'board: board.dts\nboot: { include: [.., /etc] }\n', '2:19: error: boot.include[0]:'],
  ['write.file', writing('../secret.txt'), '5:27: error: steps[1].write.file:'],
  ['write.file, by a link', writing('link.txt'), '5:27: error: steps[1].write.file:'],
  [
    'write.file, made by a loop',
    `board: camera.dtb\nsteps:\n${ALLOC}  - for:\n      x: [link]\n      do:\n        - write: { to: b, file: "\${x}.txt" }\n`,
    '8:33: error: steps[1].for.do[0].write.file:',
  ],
];

describe.each(['run', 'replay'])('dmaheap %s', (command) => {
  it.each(OUTSIDE)('refuses %s, and says where and what to do', async (_, text, place) => {
    const { code, stdout: out, stderr: err } = await dmaheap([command, scenario(text)]);
    expect([code, out]).toEqual([3, '']);
    expect(err).toContain(`s.yaml:${place} `);
    expect(err).toContain(`lies outside the scenario's directory, ${at('own')}\n`);
    expect(err).toContain('add --allow-outside if you trust the scenario');
    expect(err).not.toContain(SECRET);
  });

  it.each(OUTSIDE.filter(([what]) => !what.includes('a directory')))(
    'takes %s with --allow-outside',
    async (_, text) => {
      const { stderr: err } = await dmaheap([command, scenario(text), '--allow-outside']);
      expect(err).not.toContain('outside');
    },
  );

  it.each([
    ['include', 'board: includes.dts\n', 'own/includes.dts:4:'],
    [
      'include of a directory of links',
      'board: angle.dts\nboot: { include: [prefixes] }\n',
      'own/angle.dts:3:',
    ],
    ['incbin of a link', 'board: binary.dts\n', 'own/binary.dts:3:'],
  ])('confines the %s of a board', async (_, text) => {
    const { code, stderr: err } = await dmaheap([command, scenario(text)]);
    expect(code).toBe(3);
    expect(err).toMatch(/outside|no such file|not found|cannot find/);
    expect(err).not.toContain(SECRET);
  });

  it('reads what lies below, and never standard input for a scenario that says so', async () => {
    const text = writing('inner.txt').replace('length: 12', 'length: 5').replace('none', 'inner');
    expect(await dmaheap([command, scenario(text)])).toMatchObject({ code: 0, stderr: '' });
    for (const dash of ['board: "-"\n', writing('-')]) {
      const { code, stderr: err } = await dmaheap([command, scenario(dash)]);
      expect([code, err]).toEqual([3, expect.stringContaining('no such file')]);
    }
  });

  it('refuses a NUL in every path that a scenario has, by its place', async () => {
    for (const [text, place] of [
      ['board: "a\\0b"\n', 'board'],
      ['board: board.dts\nboot: { overlay: ["a\\0b"] }\n', 'boot.overlay[0]'],
      ['board: board.dts\nboot: { include: ["a\\0b"] }\n', 'boot.include[0]'],
      [writing('a\\0b'), 'steps[1].write.file'],
      [
        `board: camera.dtb\nsteps:\n${ALLOC}  - for: { x: ["a\\0b"], do: [ { write: { to: b, file: "\${x}" } } ] }\n`,
        'write.file',
      ],
    ] as const) {
      const { code, stderr: err } = await dmaheap([command, scenario(text)]);
      expect([code, err]).toEqual([3, expect.stringContaining(place)]);
      expect(err).toContain('cannot have a NUL character');
    }
  });
});

describe('a scenario', () => {
  it('names no file that is larger than all of them may be', async () => {
    const steps = Array.from({ length: 5 }, (_, i) => `  - write: { to: b, file: large${i} }\n`);
    writeFileSync(at('own/large0'), new Uint8Array(60 << 20));
    for (let i = 1; i < 5; i++)
      if (!existsSync(at(`own/large${i}`))) linkSync(at('own/large0'), at(`own/large${i}`));
    const { code, stderr: err } = await dmaheap([
      'run',
      scenario(`board: camera.dtb\nsteps:\n${ALLOC}${steps.join('')}`),
    ]);
    expect([code, err]).toEqual([3, expect.stringContaining('larger than 256 MiB in all')]);
    const same = Array.from(
      { length: 50 },
      () => '  - write: { to: b, file: large0 }\n    expect: { errno: any }\n',
    );
    expect(
      await dmaheap(['run', scenario(`board: camera.dtb\nsteps:\n${ALLOC}${same.join('')}`)]),
    ).not.toMatchObject({
      err: expect.stringContaining('larger than'),
    });
  });

  it('is not exported where it could not be run', async () => {
    const session = ['--session', at('session')];
    // The tests run elsewhere: the board lies outside of the current directory.
    expect(await dmaheap([...session, 'boot', at('camera.dtb')])).toMatchObject({ code: 0 });
    const { code, stderr: err } = await dmaheap([...session, 'export']);
    expect([code, err]).toEqual([2, expect.stringContaining('lies outside the current directory')]);
    expect(err).toContain('--output FILE');
    expect(await dmaheap([...session, 'export', '--output', at('out.yaml')])).toMatchObject({ code: 0 });
    expect(await dmaheap(['run', at('out.yaml')])).toMatchObject({ code: 0 });
  });

  it('of a bundle has the files that are in it, and no others', async () => {
    for (const file of ['../secret.txt', at('secret.txt'), 'a\\0b', '-']) {
      const archive = pack();
      archive.entry({ name: 'scenario.yaml' }, writing(file).replace('camera.dtb', 'board.dtb'));
      archive.entry({ name: 'board.dtb' }, readFileSync(CAMERA));
      archive.finalize();
      const chunks: Uint8Array[] = [];
      for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
      writeFileSync(at('bundle.tar.gz'), gzipSync(Buffer.concat(chunks)));
      for (const more of [[], ['--allow-outside']]) {
        const { code, stderr: err } = await dmaheap(['replay', at('bundle.tar.gz'), ...more]);
        expect([code, err]).toEqual([3, expect.stringContaining('steps[1].write.file')]);
        expect(err).toContain('not in the bundle');
      }
    }
  });

  it('has a board whose source names no file with a NUL', async () => {
    for (const line of [
      '#include "a\0b"',
      '#include <a\0b>',
      '/include/ "a\0b"',
      '/ { x = /incbin/("a\0b"); };',
    ]) {
      writeFileSync(at('own/nul.dts'), `${SOURCE}${line}\n`);
      for (const words of [
        ['run', scenario('board: nul.dts\n')],
        ['dt', at('own/nul.dts')],
        ['dt', CAMERA, '--overlay', at('own/nul.dts')],
      ]) {
        const { code, stderr: err } = await dmaheap(words);
        expect([code, err]).toEqual([3, expect.stringContaining('nul.dts:')]);
      }
    }
  });
});
