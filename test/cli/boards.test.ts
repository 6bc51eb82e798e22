import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { COMMAND } from './built-command.ts';
import { dmaheap } from './in-process.ts';

const fixture = (name: string) => projectPath(`fixtures/${name}`);
const place = mkdtempSync(join(tmpdir(), 'dmaheap-boards-'));
const NO_MEMORY = fixture('dts/ok/dtc17-label-path.dtb');

mkdirSync(join(place, 'deep', 'er'), { recursive: true });
cpSync(fixture('boards/camera-soc.dtb'), join(place, 'deep/camera.dtb'));
cpSync(fixture('boards/two-bank.dtb'), join(place, 'deep/er/two-bank.dtb'));
writeFileSync(join(place, 'deep/readme.txt'), 'no board');

interface Told {
  readonly profile: string;
  readonly boards: readonly {
    board: string;
    outcome: string;
    heaps: { name: string }[];
    message: string | null;
  }[];
}

async function told(...words: readonly string[]): Promise<Told> {
  return JSON.parse((await dmaheap(['boards', ...words, '--json'])).stdout);
}

const names = ({ boards }: Told) => boards.map(({ board }) => board.replace(`${place}/`, ''));

/** An archive of those files. */
async function archive(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name }, Buffer.from(bytes));
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe('boards', () => {
  it('finds the blobs of directories and patterns', async () => {
    expect(names(await told(place))).toEqual(['deep/camera.dtb', 'deep/er/two-bank.dtb']);
    expect(names(await told(`${place}/deep/*.dtb`))).toEqual(['deep/camera.dtb']);
    expect(names(await told(`${place}/**/*-ban?.dtb`))).toEqual(['deep/er/two-bank.dtb']);
    const none = await dmaheap(['boards', `${place}/*.dtb`]);
    expect({ code: none.code, stderr: none.stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(/matches nothing/),
    });
  });

  it('tells heaps, kernels and outcomes in one table', async () => {
    const { code, stdout, stderr } = await dmaheap(['boards', place, NO_MEMORY, '--kernel', '6.12']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Linux 6\.12\.118, no coherent heaps/);
    expect(stdout).toMatch(/camera\.dtb +arm64 +boots +2 {2}1: 32 MiB +-/);
    expect(stdout).toMatch(/dtc17-label-path\.dtb +- +no memory +- .*the board has no memory/);
    expect(stderr).toMatch(/^3 boards: 2 boots, 1 no memory; \d+ with findings; /);
  });

  it('gives memory to those that have none', async () => {
    const { boards } = await told(NO_MEMORY, join(place, 'deep'), '--memory', '0x40000000:256M');
    expect(boards.map(({ outcome }) => outcome)).toEqual(['boots', 'boots', 'boots']);
    expect(boards[1]?.heaps.map(({ name }) => name)).toContain('video-cma@60000000');
  });

  it('goes on after boards that die, or are none', async () => {
    const bad = join(place, 'bad');
    mkdirSync(bad);
    writeFileSync(join(bad, 'a.dtb'), 'no blob at all');
    writeFileSync(join(bad, 'empty.dtb'), '');
    cpSync(fixture('oracle/boards/panic-cma-outside-ram.dtb'), join(bad, 'panic.dtb'));
    cpSync(fixture('boards/two-bank.dtb'), join(bad, 'z.dtb'));
    const { boards } = await told(bad);
    expect(boards.map(({ outcome }) => outcome)).toEqual(['invalid', 'invalid', 'panics', 'boots']);
    expect(boards[2]?.message).toMatch(/Attempted to kill init/);
    expect((await dmaheap(['boards', bad])).code).toBe(1);
  });

  it('reads archives, compressed or not', async () => {
    const blob = readFileSync(fixture('boards/two-bank.dtb'));
    const tar = await archive({ './boot/two-bank.dtb': blob, 'readme.txt': Buffer.from('no board') });
    for (const [name, bytes] of [
      ['boards.tar', tar],
      ['boards.tar.gz', gzipSync(tar)],
    ] as const) {
      writeFileSync(join(place, name), bytes);
      expect(names(await told(join(place, name)))).toEqual([`${name}:./boot/two-bank.dtb`]);
    }
    writeFileSync(join(place, 'cut.tar.gz'), gzipSync(tar).subarray(0, 200));
    const cut = await dmaheap(['boards', join(place, 'cut.tar.gz'), '--json']);
    expect({ code: cut.code, error: JSON.parse(cut.stdout).error.code }).toEqual({
      code: 3,
      error: 'archive-damaged',
    });
    writeFileSync(join(place, 'none.tar'), await archive({ 'readme.txt': Buffer.from('no board') }));
    expect((await dmaheap(['boards', join(place, 'none.tar')])).stderr).toMatch(/there is no \*\.dtb in it/);
  });

  it('answers the same from many threads as from one', () => {
    const words = (jobs: string) => [COMMAND, 'boards', fixture('oracle/boards'), '--jobs', jobs, '--json'];
    const run = (jobs: string) =>
      spawnSync(process.execPath, words(jobs), { encoding: 'utf8', maxBuffer: 1 << 28 });
    const [one, two] = [run('1'), run('2')];
    expect(JSON.parse(one.stdout).boards.length).toBeGreaterThan(128);
    expect(two.stdout).toBe(one.stdout);
    expect(two.status).toBe(one.status);
  });

  it('has no word for its threads that anybody else may use', async () => {
    const { code, stderr } = await dmaheap(['__boards']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/unknown command '__boards'/);
  });
});
