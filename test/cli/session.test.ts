import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshPlace } from './built-command.ts';

test('session check says whether a session is whole, and nothing advises to remove one on a suspicion', async () => {
  const place = freshPlace();
  const { dir, sh } = place;
  await sh('dmaheap boot boards/camera-soc.dtb && dmaheap alloc system 64K');
  expect(await sh('dmaheap session check')).toEqual({
    stdout: 'the session is whole\n',
    stderr: '',
    code: 0,
  });
  // Closed, so that there is no log in which the page stands once more.
  await sh('dmaheap session compact');
  const database = join(dir, '.dmaheap/store/records.db');
  const bytes = readFileSync(database);
  bytes.fill(0x55, 8192, 8192 + 2000);
  writeFileSync(database, bytes);
  const check = await sh('dmaheap session check');
  expect(check.code).toBe(1);
  expect(check.stdout).not.toBe('');
  expect(check.stderr).toMatch(/^the session is damaged\. What can be done:\n {2}keep a copy/);
  const json = JSON.parse((await sh('dmaheap session check --json')).stdout) as {
    whole: boolean;
    problems: string[];
  };
  expect(json.whole).toBe(false);
  expect(json.problems.join('\n')).toBe(check.stdout.trimEnd());
  const list = await sh('dmaheap buffers; dmaheap list');
  expect(list.stderr).not.toMatch(/session rm/);
});

test('session compact keeps what is alive and gives back the rest', async () => {
  const { dir, sh } = freshPlace();
  await sh('dmaheap boot boards/camera-soc.dtb');
  expect((await sh('dmaheap alloc system 8M --name keep')).stdout).toBe('4\n');
  await sh('dmaheap fill 4 7 && dmaheap alloc system 32M && dmaheap fill 5 9 && dmaheap free 5');
  // Zeroed as a whole, and yet on disk.
  await sh('dmaheap alloc system 32M && dmaheap free 5');
  const blocks = () =>
    readdirSync(join(dir, '.dmaheap')).reduce(
      (sum, name) => sum + statSync(join(dir, '.dmaheap', name)).blocks,
      0,
    );
  const before = {
    blocks: blocks(),
    sum: (await sh('dmaheap sum 4')).stdout,
    buffers: (await sh('dmaheap buffers --json')).stdout,
  };
  const { stdout, code } = await sh('dmaheap session compact');
  expect({ stdout, code }).toEqual({ stdout: expect.stringMatching(/ on disk before, .* now\n$/), code: 0 });
  expect(blocks()).toBeLessThan(before.blocks / 2);
  expect((await sh('dmaheap sum 4')).stdout).toBe(before.sum);
  expect((await sh('dmaheap buffers --json')).stdout).toBe(before.buffers);
  expect((await sh('dmaheap session check')).code).toBe(0);
  // What is free still holds what it held, as on hardware: the next buffer is zeroed nevertheless.
  expect((await sh('dmaheap alloc system 32M && dmaheap dump 5:0:16')).stdout).toMatch(
    /00000000 {2}00 00 00 00/,
  );
});

test('a journal that is full drops its oldest calls, says so once, and export refuses by name', async () => {
  const { sh } = freshPlace();
  await sh('dmaheap boot boards/camera-soc.dtb --journal 1000');
  expect((await sh('dmaheap alloc system 4K --count 900')).stderr).toBe('');
  expect((await sh('dmaheap export')).code).toBe(0);
  expect((await sh('dmaheap free --all')).stderr).toMatch(/^note: the journal is full/);
  expect((await sh('dmaheap alloc system 4K')).stderr).toBe('');
  expect((await sh('dmaheap session info')).stdout).toMatch(
    /journal: +the newest 1000 of \d{4} calls and accesses/,
  );
  expect((await sh('dmaheap session check')).code).toBe(0);
  for (const what of ['export', 'export --bundle x.tar.gz', 'export --output x.yaml']) {
    const { code, stderr } = await sh(`dmaheap ${what}`);
    expect(code).toBe(4);
    expect(stderr).toMatch(/the first \d+ calls and accesses of the session are no longer in its journal/);
    expect(stderr).toMatch(/boot with --journal all/);
  }
  // The limit is one of the inputs that a reboot boots again.
  await sh('dmaheap reboot --force && dmaheap alloc system 4K --count 600 >/dev/null && dmaheap free --all');
  expect((await sh('dmaheap session info --json')).stdout).toMatch(/"dropped": [1-9]/);
  await sh('dmaheap boot boards/camera-soc.dtb --force --journal all');
  await sh('dmaheap alloc system 4K --count 600 >/dev/null && dmaheap free --all');
  expect((await sh('dmaheap session info --json')).stdout).toMatch(/"dropped": 0/);
  expect((await sh('dmaheap boot boards/camera-soc.dtb --journal 10')).code).toBe(2);
});

test('--wait says how long a lock is waited for, and is refused where it would be ignored', async () => {
  const place = freshPlace();
  const { dir, sh } = place;
  await sh('dmaheap boot boards/camera-soc.dtb');
  // A long transaction: zeroes 512 MiB that were written.
  await sh('dmaheap alloc system 256M && dmaheap fill 4 1 && dmaheap free 4');
  const holder = spawn('sh', ['-c', 'exec dmaheap alloc system 256M'], { cwd: dir, env: place.env });
  const note = join(dir, '.dmaheap/store/holder');
  const holds = () => Number(readFileSync(note, 'utf8')) === holder.pid;
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
  holder.kill('SIGSTOP');
  try {
    const { code, stderr } = await sh('dmaheap alloc system 4K --wait 0.2');
    expect(code).toBe(4);
    expect(stderr).toMatch(
      new RegExp(
        `^error: the session is in use: after 0.2 s of waiting process ${holder.pid}.* has its lock`,
      ),
    );
    expect((await sh('dmaheap list --wait 0')).code).toBe(0);
  } finally {
    holder.kill('SIGCONT');
  }
  await once(holder, 'close');
  expect((await sh('dmaheap alloc system 4K --wait 0')).code).toBe(0);
  for (const words of [
    'list --board boards/camera-soc.dtb',
    'dt boards/camera-soc.dtb',
    'dt show / --board boards/camera-soc.dtb',
    'run x.yaml',
    'replay x.tar.gz',
    'session path',
  ]) {
    const { code, stderr } = await sh(`dmaheap ${words} --wait 1`);
    expect({ words, code, stderr }).toEqual({
      words,
      code: 2,
      stderr: expect.stringMatching(/--wait would be ignored/),
    });
  }
  expect((await sh('dmaheap dt show / --board boards/camera-soc.dtb --session x')).code).toBe(2);
  rmSync(join(dir, '.dmaheap'), { recursive: true });
});

test('a session of the LMDB format is refused by name', async () => {
  const { dir, sh } = freshPlace();
  await sh('dmaheap boot boards/camera-soc.dtb');
  const file = join(dir, '.dmaheap/session.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/"format":\d+/, '"format":3'));
  writeFileSync(join(dir, '.dmaheap/store.mdb'), '');
  const { code, stderr } = await sh('dmaheap list');
  expect(code).toBe(4);
  expect(stderr).toMatch(/has format 3; this dmaheap uses 6/);
  expect((await sh('dmaheap session rm')).code).toBe(0);
  expect(readdirSync(dir)).not.toContain('.dmaheap');
});
