import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { complete, type Dynamic } from '../../src/cli/completion/complete.ts';
import { createProgram } from '../../src/cli/program.ts';
import { freshPlace } from './built-command.ts';
import { writeHostileBoard } from './hostile-board.ts';

const program = await createProgram({
  streams: { out: () => {}, err: () => {}, outIsTerminal: false, errIsTerminal: false },
  env: {},
  cwd: '/',
});

const dynamic: Dynamic = {
  heaps: () => [['system', 'all RAM'], ['vpu-pool@50000000'], ['video-cma@60000000']],
  descriptors: () => [['4', '4 KiB of system'], ['5'], ['12']],
  devices: () => [['a200000.camera']],
  tasks: () => [['shell'], ['camera']],
  paths: (begun) =>
    ['/dev/', '/proc/', '/sys/'].filter((path) => path.startsWith(begun)).map((path) => [path]),
};

function words(line: string): string[] | 'files' {
  const found = complete(program, line.split(' '), dynamic);
  return found === 'files' ? found : found.map(([word]) => word);
}

test.each([
  ['li', ['list']],
  ['alloc ', ['system', 'vpu-pool@50000000', 'video-cma@60000000']],
  ['alloc v', ['vpu-pool@50000000', 'video-cma@60000000']],
  ['alloc system ', []],
  ['alloc --name x sy', ['system']],
  ['--session dir --json alloc vp', ['vpu-pool@50000000']],
  ['alloc system 4K --at', ['--atomic']],
  ['free 4 ', ['5', '12']],
  ['free 5 1', ['12']],
  ['show heap:vp', ['heap:vpu-pool@50000000']],
  ['dump 1', ['12']],
  ['dump --format ', ['hexdump', 'xxd']],
  ['boot ', 'files'],
  ['read 4 --output ', 'files'],
  ['--board ', 'files'],
  ['boot x --coherent ', ['off', 'v1', 'v2', 'v3', 'wip']],
  ['boot x --arch r', ['riscv64']],
  ['session ', ['info', 'check', 'compact', 'rm', 'path', 'help']],
  ['session r', ['rm']],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['nonsense ', []],
  ['dt ', 'files'],
  ['dt show ', []],
  ['dt b.dts --overlay ', 'files'],
  ['dt b.dts -I ', 'files'],
  ['dt b.dts --output ', ['dts', 'dtb']],
  ['list --board b.dts --al', ['--allow-outside']],
  ['device at', ['attach']],
  ['device attach ', ['a200000.camera']],
  ['device map a200000.camera 1', ['12']],
  ['--task ', ['shell', 'camera']],
  ['task send 4 ', ['shell', 'camera']],
  ['cat /proc/x /s', ['/sys/']],
  ['echo ', []],
  ['echo 16 /', ['/dev/', '/proc/', '/sys/']],
  ['open v', ['vpu-pool@50000000', 'video-cma@60000000']],
  ['open /d', ['/dev/']],
])('%j', (line, expected) => {
  expect(words(line)).toEqual(expected);
});

test('the command answers with what the session has', async () => {
  const place = freshPlace();
  place.inShell('dmaheap boot boards/camera-soc.dtb && dmaheap alloc system 4K');
  expect(
    await place.transcript(
      'dmaheap __complete alloc v',
      'dmaheap __complete show ""',
      'dmaheap __complete --session nowhere alloc ""',
      'dmaheap __complete boot ""',
    ),
  ).toMatchSnapshot();
});

/** What Bash leaves on the command line for a line with the cursor at its end. */
function bashReplies(place: ReturnType<typeof freshPlace>, line: string): string[] {
  const script = `eval "$(dmaheap completion bash)"
COMP_LINE="$1"; COMP_POINT=\${#COMP_LINE}
_dmaheap
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = spawnSync('bash', ['-c', script, 'bash', line], {
    ...place,
    cwd: place.dir,
    encoding: 'utf8',
  });
  return stdout.split('\n').filter((word) => word !== '');
}

/** Whether a shell is here; where the suite must be whole, it has to be. */
function has(shell: string): boolean {
  const found = spawnSync(shell, ['--version']).status === 0;
  if (!found && process.env.CI !== undefined) throw new Error(`${shell} is not installed`);
  if (!found) console.warn(`${shell} is not installed: its completion is not tested`);
  return found;
}
const hasBash = has('bash');

test.runIf(hasBash)('in Bash, which breaks words at @ and :', () => {
  const place = freshPlace();
  place.inShell('dmaheap boot boards/camera-soc.dtb && dmaheap alloc system 4K');
  expect(bashReplies(place, 'dmaheap al')).toEqual(['alloc']);
  expect(bashReplies(place, 'dmaheap alloc vpu')).toEqual(['vpu-pool@50000000']);
  expect(bashReplies(place, 'dmaheap alloc vpu-pool@5')).toEqual(['50000000']);
  expect(bashReplies(place, 'dmaheap show heap:vi')).toEqual(['video-cma@60000000']);
  expect(bashReplies(place, 'dmaheap boot boards/camera-soc.dtb')).toEqual(['boards/camera-soc.dtb']);
});

test.runIf(hasBash)('a hostile heap name is quoted, not run', () => {
  const place = freshPlace();
  writeHostileBoard(join(place.dir, 'evil.dtb'));
  expect(place.inShell('dmaheap boot evil.dtb').code).toBe(0);
  expect(bashReplies(place, 'dmaheap alloc p')).toEqual(['p\\$\\(touch\\ ran\\)@50000000']);
  expect(bashReplies(place, 'dmaheap alloc q')).toEqual([]);
  expect(place.inShell('ls ran').code).not.toBe(0);
});

test.runIf(has('fish'))('in fish', () => {
  const place = freshPlace();
  place.inShell('dmaheap boot boards/camera-soc.dtb && dmaheap alloc system 4K --name frame');
  const replies = (line: string) => {
    const script = 'dmaheap completion fish | source; complete -C "$argv[1]"';
    return spawnSync('fish', ['-c', script, line], { cwd: place.dir, env: place.env, encoding: 'utf8' })
      .stdout;
  };
  expect(replies('dmaheap al')).toBe('alloc\ta buffer: prints its descriptor\n');
  expect(replies('dmaheap alloc v').split('\n').sort()).toEqual([
    '',
    'video-cma@60000000\tcma, 64 MiB free',
    'vpu-pool@50000000\tcoherent, 4 MiB free',
  ]);
  expect(replies('dmaheap show 4')).toMatch(/^4\t/);
});

/** What zsh leaves on the command line: typed into a shell of its own, with Tab pressed at the end. */
const ZSH = `zmodload zsh/zpty
zpty z "TERM=dumb zsh -f -i"
zpty -w z "unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; PS1="
zpty -w z 'source <(dmaheap completion zsh); print rea""dy'
zpty -r z text '*ready*'
zpty -n -w z "$1"$'\\t'
zpty -r z text "*$2*" && print -r -- found`;

test.runIf(has('zsh'))('in zsh', () => {
  const place = freshPlace();
  place.inShell('dmaheap boot boards/camera-soc.dtb');
  for (const [line, completed] of [
    ['dmaheap al', 'dmaheap alloc '],
    ['dmaheap show heap:sy', 'heap:system '],
    ['dmaheap alloc vp', 'vpu-pool@50000000 '],
  ] as const) {
    const { stdout } = spawnSync('zsh', ['-f', '-c', ZSH, 'zsh', line, completed], {
      cwd: place.dir,
      env: place.env,
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(stdout, line).toContain('found');
  }
});
