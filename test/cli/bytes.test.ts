import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freshPlace, type Place } from './built-command.ts';

const CAMERA = 'a200000.camera';

/** A board that is booted, with lines run on it that must work. */
async function booted(...lines: readonly string[]): Promise<Place> {
  const place = freshPlace();
  for (const line of ['dmaheap boot boards/camera-soc.dtb', ...lines]) {
    const { code, stderr } = await place.sh(line);
    expect([line, code, code === 0 ? '' : stderr]).toEqual([line, 0, '']);
  }
  return place;
}

const MAPPED = [
  'dmaheap alloc video-cma@60000000 8K --count 2 --name frame',
  `dmaheap device attach ${CAMERA} 4`,
  `dmaheap device map ${CAMERA} 4`,
];

/** Bytes that are not the same anywhere near. */
const noise = (length: number): Uint8Array => {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state >> 16;
  });
};

const json = async (place: Place, line: string) =>
  JSON.parse((await place.sh(line)).stdout) as Record<string, unknown>;

test('a device writes; the CPU reads what is in its cache until it says SYNC', async () => {
  const place = await booted(...MAPPED, 'dmaheap fill 4 0x11');
  writeFileSync(join(place.dir, 'frame.raw'), noise(8192));
  const transcript = await place.transcript(
    // The fill lies in the cache: it is to be out of it before the device writes.
    'dmaheap sync 4 --end --write',
    `dmaheap write 4 --as camera@a200000 --input frame.raw`,
    'dmaheap cmp 4 frame.raw',
    `dmaheap cmp 4 frame.raw --as ${CAMERA}`,
    'dmaheap sync 4 --start --read',
    'dmaheap cmp 4 frame.raw',
    'dmaheap sync 4 --end --read',
    'dmaheap sync 5 --start --read',
    'dmaheap sync 4 --start',
    'dmaheap sync 4 --flags 0',
  );
  expect(transcript).toMatchSnapshot();
});

test('a device that runs past its buffer hits the neighbour, who is named', async () => {
  const place = await booted(...MAPPED, 'dmaheap fill 5 0x55');
  expect(
    await place.transcript(
      `head -c 8200 /dev/zero | dmaheap write 4 --as ${CAMERA}`,
      `dmaheap read 4:8190:4 --as ${CAMERA} --json | jq '[.fd, .offset, .as, .length, .base64, .hazards[0].kind, .hazards[0].buffer.ino]'`,
      'dmaheap free 4 && dmaheap fill attachment:1:8K:8 0xee',
      `dmaheap dump @0x60002000:16 --as ${CAMERA}`,
    ),
  ).toMatchSnapshot();
});

test('who is not attached or mapped is told how to be; who does not exist is guessed', async () => {
  const place = await booted('dmaheap alloc system 4K', `dmaheap device attach ${CAMERA} 4`);
  expect(
    await place.transcript(
      'dmaheap read 4 --as accelerator@a100000',
      `dmaheap read 4 --as ${CAMERA}`,
      'dmaheap read 4 --as camera@a20000',
      `dmaheap read 7 --as ${CAMERA} --json | jq .error.errno`,
      'dmaheap read map:1 --as x',
      'dmaheap read attachment:9',
      'dmaheap read frame.raw',
      'dmaheap read @0x60000000',
    ),
  ).toMatchSnapshot();
});

test('memory by address, as far as there is any', async () => {
  const place = await booted('dmaheap alloc video-cma@60000000 4K', 'printf hello | dmaheap write 4');
  expect(
    await place.transcript(
      'dmaheap dump @0x60000000:16',
      'printf HE | dmaheap write @0x60000000 && dmaheap read 4:0:5',
      'dmaheap read @0x10000000:4K',
      'dmaheap fill @0x7ffff000:8K 1 --json | jq .error',
      'printf hi | dmaheap write @0x7fffffff; dmaheap dump @0x7fffffff:1 --format xxd',
      `dmaheap read @0x10000000:1 --as ${CAMERA}`,
      `dmaheap device add mmu --iommu && dmaheap fill @0x60000000:1 0 --as mmu --json | jq .error`,
    ),
  ).toMatchSnapshot();
});

test('a mapping keeps the buffer when its descriptor is closed, and ends where it ends', async () => {
  const place = await booted('dmaheap alloc system 8K', 'printf hello | dmaheap write 4');
  const map = `map:${(await place.sh('dmaheap mmap 4 --length 4K')).stdout.trim()}`;
  await place.sh('dmaheap free 4');
  expect((await place.sh(`printf J | dmaheap write ${map} && dmaheap read ${map}:0:5`)).stdout).toBe('Jello');
  expect(await place.sh(`head -c 5000 /dev/zero | dmaheap write ${map}`)).toEqual({
    stdout: '',
    stderr: 'error: segmentation fault (SIGSEGV, SEGV_MAPERR): write at offset 4096 of a mapping\n',
    code: 1,
  });
  // What lies before the end was stored.
  expect((await place.sh(`dmaheap sum ${map}`)).stdout).toBe(
    `${createHash('sha256').update(new Uint8Array(4096)).digest('hex')}  ${map}\n`,
  );
  expect((await json(place, `dmaheap read ${map}:4K:1 --json`)).error).toMatchObject({
    code: 'segmentation-fault',
  });
  expect(
    (await place.sh(`dmaheap munmap ${map} && dmaheap buffers --json | jq '.buffers | length'`)).stdout,
  ).toBe('0\n');
  expect((await json(place, `dmaheap read ${map} --json`)).error).toMatchObject({ errno: 'EFAULT' });
});

test('mmap says no as the kernel does, with numbers', async () => {
  const place = await booted('dmaheap alloc video-cma@60000000 8K');
  expect(
    await place.transcript(
      'dmaheap mmap 4 --offset 4K --prot r --json',
      'dmaheap mmap 4 --length 12K',
      'dmaheap mmap 4 --offset 5',
      'dmaheap mmap 4 --length 0',
      'dmaheap mmap 4 --private',
      'dmaheap mmap 9',
      'dmaheap munmap 77',
    ),
  ).toMatchSnapshot();
});

describe('as coreutils', () => {
  const data = noise(9000);
  const place = async () => {
    const made = await booted('dmaheap alloc system 12K');
    writeFileSync(join(made.dir, 'data'), data);
    await made.sh('dmaheap write 4 --input data');
    return made;
  };

  test('sum', async () => {
    const { sh } = await place();
    for (const algorithm of ['sha256', 'sha1', 'md5']) {
      const theirs = (await sh(`${algorithm}sum data`)).stdout.replace('data', '4:0:9000');
      expect((await sh(`dmaheap sum 4:0:9000 --algorithm ${algorithm}`)).stdout).toBe(theirs);
    }
    // The last eight bytes of a gzip file are the CRC and the length.
    const crc = execFileSync('gzip', ['-c'], { input: data }).subarray(-8).readUInt32LE(0).toString(16);
    expect((await sh('dmaheap sum 4:0:9000 --algorithm crc32')).stdout).toBe(
      `${crc.padStart(8, '0')}  4:0:9000\n`,
    );
  });

  test('cmp', async () => {
    const { dir, sh } = await place();
    const changed = data.slice();
    changed[5000] = (changed[5000] ?? 0) ^ 1;
    writeFileSync(join(dir, 'changed'), changed);
    writeFileSync(join(dir, 'short'), data.subarray(0, 70));
    expect(await sh('dmaheap cmp 4:0:9000 data')).toEqual({ stdout: '', stderr: '', code: 0 });
    expect((await sh('cat data | dmaheap cmp - 4:0:9000')).code).toBe(0);
    for (const file of ['changed', 'short']) {
      const theirs = await sh(`cmp data ${file}`);
      const ours = await sh(`dmaheap cmp 4:0:9000 ${file}`);
      expect(ours.code).toBe(theirs.code);
      // In the C locale cmp says char.
      const words = (theirs.stdout + theirs.stderr).replace('data', '4:0:9000').replace('char', 'byte');
      const [first] = words.split(/, (in )?line/);
      expect(ours.stdout).toContain(first?.trim());
    }
    expect((await sh('dmaheap cmp 4:0:9000 /dev/null')).stdout).toBe(
      'cmp: EOF on /dev/null which is empty\n',
    );
    const { stdout } = await sh('dmaheap cmp changed 4:0:9000 --json');
    expect(JSON.parse(stdout)).toMatchObject({ equal: false, byte: 5001, offset: 5000, eof: null });
    expect((await sh('dmaheap cmp 4 nowhere')).code).toBe(3);
  });

  const has = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;
  const ranges = [0, 4101].flatMap((offset) =>
    [0, 1, 8, 9, 16, 31, 4000].map((length) => [offset, length] as const),
  );

  test.runIf(has('hexdump') && has('xxd'))(
    'dump: hexdump -C and xxd, where they are installed',
    async () => {
      const { dir, sh, inShell } = await place();
      // Rows that repeat, whole and in part, inside and at the end.
      const rows = new Uint8Array(12288).fill(7, 3000, 6000);
      rows.set(data.subarray(0, 1000), 100);
      writeFileSync(join(dir, 'rows'), rows);
      await sh('dmaheap write 4 --input rows');
      const lines = ranges.flatMap(([offset, length]) => [
        [`hexdump -C -s ${offset} -n ${length} rows`, `dmaheap dump 4:${offset}:${length}`],
        [`xxd -s ${offset} -l ${length} rows`, `dmaheap dump 4:${offset}:${length} --format xxd`],
      ]);
      lines.push(['hexdump -C rows', 'dmaheap dump 4']);
      for (const [theirs = '', ours = ''] of lines)
        expect([ours, await sh(ours)]).toEqual([ours, inShell(theirs)]);
    },
    60_000,
  );
});

test('5 MiB go through pipes and files whole, from task to task', async () => {
  const place = await booted('dmaheap alloc system 5M', 'dmaheap --task sink alloc system 5M');
  const data = noise(5 << 20);
  writeFileSync(join(place.dir, 'in.raw'), data);
  const moved = await place.sh(
    'cat in.raw | dmaheap write 4 && dmaheap read 4 | dmaheap --task sink write 4 && dmaheap --task sink read 4 --output out.raw && dmaheap --task sink read 4 --json > out.json',
  );
  expect(moved).toEqual({ stdout: '', stderr: '', code: 0 });
  expect(Buffer.compare(readFileSync(join(place.dir, 'out.raw')), data)).toBe(0);
  const { base64, ...rest } = JSON.parse(readFileSync(join(place.dir, 'out.json'), 'utf8')) as {
    base64: string;
  };
  expect(rest).toEqual({ schema: 'dmaheap.read/1', fd: 4, offset: 0, length: 5 << 20 });
  expect(Buffer.compare(Buffer.from(base64, 'base64'), data)).toBe(0);
  mkdirSync(join(place.dir, 'taken'));
  expect((await json(place, 'dmaheap read 4 --output taken --json')).error).toMatchObject({
    code: 'file-unwritable',
  });
});
