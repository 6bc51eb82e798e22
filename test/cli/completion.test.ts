import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { complete, type Dynamic } from '../../src/cli/complete.ts';
import { createProgram } from '../../src/cli/program.ts';
import { freshPlace } from './built-command.ts';
import { writeHostileBoard } from './hostile-board.ts';

const program = createProgram({
  streams: { out: () => {}, err: () => {}, outIsTerminal: false, errIsTerminal: false },
  env: {},
  cwd: '/',
});

const dynamic: Dynamic = {
  heaps: () => [['system', 'all RAM'], ['vpu-pool@50000000'], ['video-cma@60000000']],
  descriptors: () => [['4', '4 KiB of system'], ['5'], ['12']],
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
  ['--board ', 'files'],
  ['boot x --coherent ', ['v3', 'off']],
  ['session ', ['info', 'rm', 'path', 'help']],
  ['session r', ['rm']],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['nonsense ', []],
  ['dt ', 'files'],
  ['dt show ', []],
  ['dt b.dts --overlay ', 'files'],
  ['dt b.dts -I ', 'files'],
  ['dt b.dts --output ', ['dts', 'dtb']],
  ['list --board b.dts --al', ['--allow-outside']],
])('%j', (line, expected) => {
  expect(words(line)).toEqual(expected);
});

test('the built command answers with what the session has', () => {
  const place = freshPlace();
  place.sh('dmaheap boot boards/camera-soc.dtb && dmaheap alloc system 4K');
  expect(
    place.transcript(
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

const hasBash = spawnSync('bash', ['--version']).status === 0;

test.runIf(hasBash)('in Bash, which breaks words at @ and :', () => {
  const place = freshPlace();
  place.sh('dmaheap boot boards/camera-soc.dtb && dmaheap alloc system 4K');
  expect(bashReplies(place, 'dmaheap al')).toEqual(['alloc']);
  expect(bashReplies(place, 'dmaheap alloc vpu')).toEqual(['vpu-pool@50000000']);
  expect(bashReplies(place, 'dmaheap alloc vpu-pool@5')).toEqual(['50000000']);
  expect(bashReplies(place, 'dmaheap show heap:vi')).toEqual(['video-cma@60000000']);
  expect(bashReplies(place, 'dmaheap boot boards/camera-soc.dtb')).toEqual(['boards/camera-soc.dtb']);
});

test.runIf(hasBash)('a hostile heap name is quoted, not run', () => {
  const place = freshPlace();
  writeHostileBoard(join(place.dir, 'evil.dtb'));
  expect(place.sh('dmaheap boot evil.dtb').code).toBe(0);
  expect(bashReplies(place, 'dmaheap alloc p')).toEqual(['p\\$\\(touch\\ ran\\)@50000000']);
  expect(bashReplies(place, 'dmaheap alloc q')).toEqual([]);
  expect(place.sh('ls ran').code).not.toBe(0);
});
