import { spawn, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMAND, freshPlace } from './built-command.ts';
import { writeHostileBoard } from './hostile-board.ts';

const PANIC_BOARD = new URL('../../fixtures/oracle/boards/', import.meta.url);

test('wrong usage is exit 2 and says what was meant', async () => {
  expect(
    await freshPlace().transcript(
      'dmaheap lst',
      'dmaheap list --jsno',
      'dmaheap list extra',
      'dmaheap alloc system',
      'dmaheap alloc system 300q',
      'dmaheap alloc system 4K --atomic',
      'dmaheap alloc system 4K --fd-flags O_RDRW --json',
      'dmaheap alloc system 4K --board boards/two-bank.dtb --session x',
      'dmaheap free',
      'dmaheap free 4 --all',
      'dmaheap free four',
      'dmaheap free 4 --board boards/two-bank.dtb',
      'dmaheap read 4:0:0:0',
      'dmaheap fill 4 256',
      'dmaheap sleep -- -1',
      'dmaheap boot boards/two-bank.dtb --memory 2G',
      'dmaheap boot boards/two-bank.dtb --reserve uboot=0:1M',
      'dmaheap boot boards/two-bank.dtb --config CMA_SIZE_MBYTE=1',
      'dmaheap boot boards/two-bank.dtb --config ZONE_DMA=maybe',
      'dmaheap list --cmdline cma=1M',
    ),
  ).toMatchSnapshot();
});

test('unusable input is exit 3 and names the file', async () => {
  const place = freshPlace();
  writeFileSync(join(place.dir, 'empty.dtb'), '');
  writeFileSync(join(place.dir, 'board.dts'), '/dts-v1/;\n/ {};\n');
  writeFileSync(join(place.dir, 'bad.yaml'), 'memory: [1\n');
  writeFileSync(
    join(place.dir, 'cut.dtb'),
    readFileSync(join(place.dir, 'boards/camera-soc.dtb')).subarray(0, 99),
  );
  expect(
    await place.transcript(
      'dmaheap boot nowhere.dtb',
      'dmaheap boot boards',
      'dmaheap boot empty.dtb',
      'dmaheap boot board.dts',
      'dmaheap boot bad.yaml',
      'dmaheap boot cut.dtb',
      'dmaheap boot nowhere.dtb --json',
      'test ! -e .dmaheap',
    ),
  ).toMatchSnapshot();
});

test('without a usable session it is exit 4 and says where it looked', async () => {
  const place = freshPlace();
  expect(
    await place.transcript(
      'dmaheap list',
      'DMAHEAP_SESSION=elsewhere dmaheap buffers',
      'dmaheap --session boards show 4',
      'dmaheap list --json',
      'dmaheap session path && dmaheap session path --session a --json',
    ),
  ).toMatchSnapshot();
});

test('--board boots in memory, with inputs of its own, from a file or standard input', async () => {
  const place = freshPlace();
  expect(
    await place.transcript(
      'dmaheap list --board boards/video-box.yaml --cmdline cma=8M',
      'cat boards/camera-soc.dtb | dmaheap --board - regions --coherent off',
      'dmaheap alloc video-cma@60000000 4K --count 2 --board boards/camera-soc.dtb',
      'dmaheap dmesg --raw --board boards/camera-soc.dtb --config DMABUF_HEAPS_CMA=n',
      'dmaheap alloc system 4K --count 20 --board boards/camera-soc.dtb --nofile 8 >/dev/null',
      'ls -a',
    ),
  ).toMatchSnapshot();
});

test('a boot that panics prints its log, is exit 1 and leaves the session alone', async () => {
  const place = freshPlace();
  cpSync(PANIC_BOARD, join(place.dir, 'oracle'), { recursive: true });
  expect(
    await place.transcript(
      'dmaheap boot boards/camera-soc.dtb >/dev/null 2>&1',
      'dmaheap boot oracle/panic-cma-outside-ram.dtb --memory 0x40000000:1G',
      'dmaheap boot oracle/panic-cma-outside-ram.dtb --memory 0x40000000:1G --json | jq "{schema, code: .error.code, message: .error.message}"',
      'dmaheap list | head -3',
    ),
  ).toMatchSnapshot();
});

test('names from a device tree cannot paint the terminal', async () => {
  const place = freshPlace();
  writeHostileBoard(join(place.dir, 'evil.dtb'));
  for (const command of ['list', 'regions', 'dmesg', 'list --json']) {
    const { stdout, stderr, code } = await place.sh(`dmaheap ${command} --board evil.dtb`);
    expect(code).toBe(0);
    expect(stdout).toContain(command.includes('--json') ? '\\u001b[31m' : '\\x1b[31m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u0080-\u009f\u202e]|^forged/m);
  }
});

test('colour is for terminals only', async () => {
  const place = freshPlace();
  const script = `dmaheap list --board boards/camera-soc.dtb; dmaheap lst; true`;
  expect((await place.sh(script)).stdout).not.toContain('\x1b');
  const inTerminal = (line: string) =>
    spawnSync('script', ['-qec', line, '/dev/null'], {
      cwd: place.dir,
      env: { ...place.env, TERM: 'xterm' },
    });
  if (inTerminal('true').status !== 0) return;
  expect(String(inTerminal(script).stdout)).toContain('\x1b[1mHEAP');
  expect(String(inTerminal(`NO_COLOR=1; export NO_COLOR; ${script}`).stdout)).not.toContain('\x1b[');
  expect(String(inTerminal(script.replaceAll('dmaheap', 'dmaheap --no-color')).stdout)).not.toContain(
    '\x1b[',
  );
});

test('raw bytes do not go to a terminal unless forced', async () => {
  const place = freshPlace();
  await place.sh(
    'dmaheap boot boards/camera-soc.dtb && dmaheap alloc system 4K && printf hey | dmaheap write 4',
  );
  const inTerminal = (line: string) =>
    spawnSync('script', ['-qec', line, '/dev/null'], { cwd: place.dir, env: place.env, encoding: 'utf8' });
  if (inTerminal('true').status !== 0) return;
  const refused = inTerminal('dmaheap read 4:0:3');
  expect(refused.stdout).toContain('raw bytes would go to a terminal');
  expect(refused.status).toBe(2);
  expect(inTerminal('dmaheap read 4:0:3 --force').stdout).toContain('hey');
});

test('a closed pipe is silent', async () => {
  const place = freshPlace();
  await place.sh('dmaheap boot boards/camera-soc.dtb && dmaheap alloc system 8M');
  const { stdout, stderr } = await place.sh('{ dmaheap read 4; echo "exit $?" >&2; } | head -c 1 >/dev/null');
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: 'exit 0\n' });
});

test('Ctrl-C ends a write cleanly with 130', async () => {
  const place = freshPlace();
  await place.sh('dmaheap boot boards/camera-soc.dtb && dmaheap alloc system 8M');
  const { dir: cwd, env } = place;
  const child = spawn(process.execPath, [COMMAND, 'write', '4'], {
    cwd,
    env,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on('exit', (code, signal) => resolve([code, signal])),
  );
  // More than a chunk, so that it is in its loop; then it waits for more. It may end with some unread.
  child.stdin.on('error', () => {});
  child.stdin.write(new Uint8Array(4 << 20));
  for (let calls = 0; calls <= 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    calls = (JSON.parse((await place.sh('dmaheap session info --json')).stdout) as { calls: number }).calls;
  }
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect((await place.sh('dmaheap free 4')).code).toBe(0);
});

test('every command has help with examples', async () => {
  const { sh, inShell } = freshPlace();
  const names = (await sh('dmaheap --help')).stdout.matchAll(/^ {2}([a-z]+) .*$/gm);
  const commands = [...names].map((match) => match[1] ?? '').filter((name) => name !== 'dmaheap');
  expect(commands).toEqual(
    'boot reboot reconstruct capture diff check fit boards config kernels session dt playground list regions buffers show memmap dmesg hazards why leaks report alloc free sleep age read write fill dump sum cmp sync mmap munmap tasks task devices device overlay drm exec run export replay fault pin unpin modprobe cat ls echo mkdir rmdir open dup name ioctl fcntl lseek poll stat call completion help'.split(
      ' ',
    ),
  );
  for (const name of commands.filter((command) => command !== 'help')) {
    const { stdout, code } = await sh(`dmaheap help ${name}`);
    expect([name, code]).toEqual([name, 0]);
    expect(stdout).toMatch(/Examples:\n {2}\S/);
    expect(stdout).toContain('--json');
  }
  // The number is the bundle's.
  expect(inShell('dmaheap --version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('a command that is not built says what to run', async () => {
  const place = freshPlace();
  cpSync(dirname(COMMAND), join(place.dir, 'package', 'bin'), { recursive: true });
  const { stderr, code } = await place.sh(`"${process.execPath}" package/bin/dmaheap.cjs list`);
  expect(stderr).toContain('npm run build');
  expect(code).toBe(70);
  expect((await place.sh(`"${process.execPath}" package/bin/dmaheap.cjs list 2>/dev/full`)).code).toBe(70);
});
