/**
 * Source as people paste it, at the command line: who mends it, what is said, and where a guess about memory stays
 * marked. The three boards are those of public reports.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshPlace, type Place } from './built-command.ts';

/** Reports 14, 15 and 16 of what people asked. */
const FRAGMENT = `reserved-memory {
	#address-cells = <2>;
	#size-cells = <2>;
	ranges;
	pool: pool@50000000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x50000000 0 0x4000000>; };
};
`;
const DANGLING = `/dts-v1/;
/ { #address-cells = <2>; #size-cells = <2>;
 memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x40000000>; };
 reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
  buf: buf@90400000 { compatible = "shared-dma-pool"; no-map; reg = <0 0x90400000 0 0x100000>; };
 };
 m4 { compatible = "example,m4"; mboxes = <&mailbox 0 1>; memory-region = <&buf>; };
};
`;
const INCLUDE = `/include/ "system-conf.dtsi"
/ { reserved-memory { ranges; }; };
`;
/** A pool whose place nobody has, and one that is whole. */
const GUESS = `${DANGLING}
/ { reserved-memory { cam: cam@91000000 { compatible = "shared-dma-pool"; no-map; reg = <0 CAM_BASE 0 0x100000>; }; }; };
`;
const RAM = '--memory 0x40000000:1G';

function placeWith(files: Readonly<Record<string, string>>): Place {
  const place = freshPlace();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(place.dir, name), content);
  return place;
}

const json = async (place: Place, line: string) => JSON.parse((await place.sh(`${line} --json`)).stdout);
const assumedLines = (stderr: string): readonly string[] =>
  stderr.split('\n').filter((line) => line.includes(': assumed: '));

describe('boot mends the form by itself', () => {
  test('a bare fragment gets a root with its own cells', async () => {
    const place = placeWith({ 'fragment.dts': FRAGMENT });
    const { stdout, stderr, code } = await place.sh(`dmaheap boot fragment.dts ${RAM}`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pool@50000000 +cma +0x50000000 +65536K/m);
    expect(assumedLines(stderr)).toEqual([
      'fragment.dts:1:1: assumed: "/dts-v1/;" is missing: put before it',
      'fragment.dts:1:1: assumed: wrapped in a root node: "/ { … };"',
      expect.stringMatching(
        /^fragment.dts:1:1: assumed: the root gets #address-cells = <2> and #size-cells = <2>/,
      ),
    ]);
    const answer = await json(place, `dmaheap boot fragment.dts --force ${RAM}`);
    expect(answer.assumed).toMatchObject([
      { code: 'assumed-version', assumes: 'form', position: { file: 'fragment.dts', line: 1 } },
      { code: 'assumed-root', assumes: 'form' },
      { code: 'assumed-cells', assumes: 'form' },
    ]);
  });

  test('a label that another file defines is stubbed', async () => {
    const place = placeWith({ 'board.dts': DANGLING });
    const { stdout, stderr, code } = await place.sh('dmaheap boot board.dts');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^buf@90400000 +coherent +0x90400000/m);
    expect(assumedLines(stderr)).toEqual([
      expect.stringMatching(/^board.dts:7:44: assumed: &mailbox stubbed: /),
    ]);
  });

  test('an include that nobody has is left out', async () => {
    const place = placeWith({ 'board.dts': INCLUDE });
    const { stderr, code } = await place.sh('dmaheap boot board.dts --memory 0:1G');
    expect(code).toBe(0);
    expect(assumedLines(stderr)).toEqual([
      expect.stringMatching(/^board.dts:1: assumed: "system-conf.dtsi" left out/),
      'board.dts:2:1: assumed: "/dts-v1/;" is missing: put before it',
    ]);
  });

  test('so do list and regions, of standard input and files of any name', async () => {
    const place = placeWith({ 'mail.txt': FRAGMENT.replace(/^/gm, '> ') });
    for (const line of [
      `dmaheap list --board mail.txt ${RAM}`,
      `dmaheap regions --board - ${RAM} < mail.txt`,
      `dmaheap list --board - ${RAM} < mail.txt`,
    ]) {
      const { stdout, stderr, code } = await place.sh(line);
      expect([line, code]).toEqual([line, 0]);
      expect(stdout).toContain('pool@50000000');
      expect(assumedLines(stderr).length).toBe(4);
    }
    expect((await json(place, `dmaheap regions --board mail.txt ${RAM}`)).assumed).toHaveLength(4);
  });

  test('a blob of a target without a name of one is a blob', async () => {
    const place = freshPlace();
    writeFileSync(join(place.dir, 'fdt'), readFileSync(join(place.dir, 'boards/camera-soc.dtb')));
    const { code, stderr } = await place.sh('dmaheap list --board fdt');
    expect([code, assumedLines(stderr)]).toEqual([0, []]);
  });
});

describe('every other reader does so with --repair alone', () => {
  const readers = [
    'dmaheap dt board.txt',
    'dmaheap dt show / --board board.txt',
    `dmaheap diff board.txt ${RAM} --kernel 6.12 --kernel 6.12`,
    `dmaheap alloc system 4K --board board.txt ${RAM}`,
    `dmaheap dmesg --board board.txt ${RAM}`,
    `dmaheap ls --board board.txt ${RAM} /dev/dma_heap`,
    'dmaheap run once.yaml',
    'dmaheap run other.yaml --board board.txt',
    'dmaheap replay once.yaml',
  ];

  test.each(readers)('%s', async (line) => {
    const scenario = (board: string) =>
      `board: ${board}\nboot: { memory: ["0x40000000:1G"] }\nsteps:\n  - alloc: { heap: system, size: 4K }\n`;
    const place = placeWith({
      'board.txt': FRAGMENT,
      'once.yaml': scenario('board.txt'),
      'other.yaml': scenario('boards/camera-soc.dtb'),
    });
    const strict = await place.sh(line);
    expect(strict.code).toBe(3);
    expect(strict.stderr).toContain('--repair');
    const mended = await place.sh(`${line} --repair`);
    expect([mended.code, assumedLines(mended.stderr).length]).toEqual([0, 3]);
    if (!line.includes('dt show')) expect((await json(place, `${line} --repair`)).assumed).toHaveLength(3);
  });

  test('and a blob has no use for it', async () => {
    const place = freshPlace();
    for (const line of [
      'list --board boards/camera-soc.dtb',
      'boot boards/camera-soc.yaml',
      'dt boards/camera-soc.dtb',
    ]) {
      const { code, stderr } = await place.sh(`dmaheap ${line} --repair`);
      expect([code, stderr]).toEqual([2, expect.stringContaining('--repair goes with device-tree source')]);
    }
    await place.sh('dmaheap boot boards/camera-soc.dtb');
    expect((await place.sh('dmaheap list --repair')).code).toBe(2);
    expect((await place.sh('dmaheap dt show / --repair')).code).toBe(2);
  });
});

describe('a guess about memory', () => {
  test('is refused, and the option named that makes it', async () => {
    const place = placeWith({ 'guess.dts': GUESS });
    for (const line of ['boot guess.dts', 'list --board guess.dts', 'regions --board guess.dts']) {
      const { code, stderr, stdout } = await place.sh(`dmaheap ${line}`);
      expect([code, stdout]).toEqual([3, '']);
      expect(stderr).toBe(
        'guess.dts:10:92: error: no file that is given defines CAM_BASE, which "reg" of /reserved-memory/cam@91000000 needs, and memory depends on it\n' +
          '  -D CAM_BASE=VALUE gives it; or --repair assumes it: the property is left out\n',
      );
    }
    const { error } = await json(place, 'dmaheap boot guess.dts');
    expect(error.diagnostics).toMatchObject([
      { code: 'assumed-macro', severity: 'error', position: { line: 10 } },
    ]);
    expect((await place.sh('dmaheap boot guess.dts -D CAM_BASE=0x91000000')).code).toBe(0);
  });

  test('marks every answer of the session that rests on it, until another is booted', async () => {
    const place = placeWith({ 'guess.dts': GUESS });
    const booted = await place.sh('dmaheap boot guess.dts --repair');
    expect(booted.code).toBe(0);
    expect(booted.stderr).toContain('assumed: this rests on 1 guess about memory (--repair)\n');
    for (const line of [
      'list',
      'regions',
      'alloc buf@90400000 4K',
      'show heap:buf@90400000',
      'dmesg',
      'buffers',
    ]) {
      const { stderr, code } = await place.sh(`dmaheap ${line}`);
      expect([line, code, assumedLines(stderr).length]).toEqual([line, 0, 1]);
      const { assumed } = await json(place, `dmaheap ${line}`);
      expect([line, assumed]).toMatchObject([line, [{ code: 'assumed-macro', assumes: 'memory' }]]);
    }
    expect((await place.sh('dmaheap list')).stdout).toContain('assumed: this rests on 1 guess');
    // What was assumed of the form alone, too.
    expect((await json(place, 'dmaheap session info')).assumed).toHaveLength(2);
    expect(assumedLines((await place.sh('dmaheap reboot --force')).stderr).length).toBe(2);
    await place.sh('dmaheap boot boards/camera-soc.dtb --force');
    expect(await json(place, 'dmaheap list')).not.toHaveProperty('assumed');
  });

  test('goes with what is exported', async () => {
    const place = placeWith({ 'guess.dts': GUESS });
    await place.sh('dmaheap boot guess.dts --repair && dmaheap alloc buf@90400000 4K');
    expect((await place.sh('dmaheap export --output e.yaml && dmaheap export --bundle e.tar.gz')).code).toBe(
      0,
    );
    expect(readFileSync(join(place.dir, 'e.yaml'), 'utf8')).toMatch(
      /^assumed:\n {2}- .*guess\.dts:10:92: .*CAM_BASE/m,
    );
    for (const line of ['dmaheap run e.yaml', 'dmaheap replay e.yaml', 'dmaheap replay e.tar.gz']) {
      const { code, stderr } = await place.sh(line);
      expect([line, code, assumedLines(stderr).length]).toEqual([line, 0, 1]);
      expect((await json(place, line)).assumed).toMatchObject([
        { code: 'assumed-before', assumes: 'memory' },
      ]);
    }
    // Another board takes its place: nothing was assumed of that one.
    const { stderr } = await place.sh('dmaheap replay e.yaml --board boards/camera-soc.dtb');
    expect(assumedLines(stderr)).toEqual([]);
  });

  test('where all is whole, the option changes nothing and nothing is said', async () => {
    const place = freshPlace();
    const [plain, repaired] = [
      await place.sh(
        'dmaheap boot boards/camera-soc.dts --force && dmaheap session info --json | grep -v booted_at',
      ),
      await place.sh(
        'dmaheap boot boards/camera-soc.dts --force --repair && dmaheap session info --json | grep -v booted_at',
      ),
    ];
    expect(plain.code).toBe(0);
    expect(repaired.stdout.replace('"generation": 2', '"generation": 1')).toBe(plain.stdout);
    expect(plain.stdout + plain.stderr + repaired.stderr).not.toContain('assumed');
  });
});
