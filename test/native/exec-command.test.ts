/** What `dmaheap exec` is to its user: exit codes, the session of a run, what it tells, what it writes. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { wrongWith } from '../../scripts/answer-forms/answers.ts';
import { projectPath } from '../small-board.ts';
import { compile } from './native-programs.ts';
import { dmaheap, type Ended, freshDirectory } from './run-exec.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const program = (name: string): string => compile(projectPath(`test/native/programs/${name}.c`));

/** Runs a command on a board of its own. */
const onBoard = (command: readonly string[], ...options: readonly string[]): Promise<Ended> =>
  dmaheap(['exec', '--board', BOARD, ...options, '--', ...command]);

const keptSession = ({ stderr }: Ended): string => /^session kept: (.*)$/m.exec(stderr)?.[1] ?? '';

describe('the exit code', () => {
  it.each([
    ['its own', [program('ends'), '7'], 7],
    ['128+n for a signal', [program('ends'), '-9'], 137],
    ['that of a signal that was handled by nobody', [program('ends'), '-15'], 143],
    ['127 for a program that is not there', ['/nonexistent/program'], 127],
    ['126 for one that cannot be run', ['/etc/passwd'], 126],
    ['0 for one that ends well', [program('capture')], 0],
  ])('is %s', async (_, command, code) => {
    expect(await onBoard(command)).toMatchObject({ code });
  });

  it('is 125 for what exec itself fails of', async () => {
    for (const [words, message] of [
      [['exec', '--nonsense', '--', 'true'], "unknown option '--nonsense'"],
      [['exec', '--board', '/nonexistent.dtb', '--', 'true'], 'no such file'],
      [['exec', '--session', '/nonexistent', '--', 'true'], 'no session'],
      [['exec', '--board', BOARD, '--seccomp-io', '--', 'true'], '--seccomp-io goes with'],
      [['exec', '--board', BOARD, '--fail-on', 'smoke', '--', 'true'], 'leaks, hazards'],
    ] as const) {
      const { code, stderr } = await dmaheap(words);
      expect([code, stderr]).toEqual([125, expect.stringContaining(message)]);
    }
  });

  it('is 1 when --fail-on finds what it names', async () => {
    const leaking = [program('capture'), 'system', 'leak'];
    expect(await onBoard(leaking)).toMatchObject({ code: 0, stderr: expect.stringContaining('2 leaks') });
    expect(await onBoard(leaking, '--fail-on', 'leaks,hazards')).toMatchObject({ code: 1 });
    expect(await onBoard([program('capture')], '--fail-on', 'leaks,hazards')).toMatchObject({ code: 0 });
  });
});

describe('a signal', () => {
  // Counts what it gets, for as long as a second one that follows the first could take.
  const COUNTING = `n=0; trap 'n=$((n+1))' INT QUIT USR1 TERM HUP; echo ready
    for i in 1 2 3 4 5 6 7 8; do sleep 0.1; done; echo "got $n"`;
  const command = ['exec', '--board', BOARD, '--', 'sh', '-c', COUNTING];

  it.each(['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const)(
    '%s that exec alone is sent reaches the program, once',
    async (signal) => {
      let sent = 0;
      const { stdout } = await dmaheap(command, {
        whenSaid: (_, child) => {
          if (++sent === 1) child.kill(signal);
        },
      });
      expect(stdout).toBe('ready\ngot 1\n');
    },
  );

  it('of the terminal, which sends it to all, reaches the program once', async () => {
    const line = [process.execPath, projectPath('bin/dmaheap.cjs'), ...command].map(
      (word) => `'${word.replaceAll("'", "'\\''")}'`,
    );
    const child = spawn('script', ['-qec', line.join(' '), '/dev/null'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let said = '';
    for await (const piece of child.stdout.setEncoding('utf8')) {
      said += piece;
      if (piece.includes('ready')) child.stdin.write('\x03');
    }
    expect(said).toMatch(/ready\s+\^C.*got 1\s/s);
  });
});

describe('the session of a run', () => {
  it('is gone when the run has ended well, and nothing is said', async () => {
    const ended = await onBoard([program('capture')]);
    expect(ended).toEqual({
      code: 0,
      stdout: 'frame 0: descriptor 4, byte a\nframe 1: descriptor 4, byte b\n',
      stderr: '',
    });
  });

  it.each([
    ['with --keep', [program('capture')], ['--keep']],
    ['when the run failed', [program('ends'), '3'], []],
  ])('is kept, and told, %s', async (_, command, options) => {
    const session = keptSession(await onBoard(command, ...options));
    expect(existsSync(session)).toBe(true);
    const { code, stdout } = await dmaheap(['--session', session, 'list']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('system')]);
    expect(await dmaheap(['--session', session, 'session', 'check'])).toMatchObject({ code: 0 });
    expect(await dmaheap(['--session', session, 'session', 'rm'])).toMatchObject({ code: 0 });
    expect(existsSync(session)).toBe(false);
  });
});

describe('what is told', () => {
  it('is each call with --strace, and the rule of one that failed', async () => {
    const { stderr } = await onBoard([program('capture'), 'video-cma@60000000'], '--strace');
    expect(stderr).toMatch(
      /openat\(AT_FDCWD, "\/dev\/dma_heap\/video-cma@60000000", O_RDWR\|O_CLOEXEC\) = 3/,
    );
    expect(stderr).toMatch(/DMA_HEAP_IOCTL_ALLOC, \{len=1048576, .*\}\) = 0 \(fd 4/);
    expect(stderr).toMatch(/munmap\(0x[0-9a-f]+, 1048576\) = 0/);
  });

  it('is that no heap was opened, and what to try', async () => {
    const { stderr } = await onBoard(['true']);
    expect(stderr).toContain('this run opened no heap');
    expect(stderr).toContain('--carrier seccomp');
  });

  it('is an answer with --json, alone on standard output', async () => {
    const { stdout, stderr } = await onBoard([program('capture'), 'system', 'leak'], '--json');
    const answer = JSON.parse(stdout);
    expect(wrongWith(answer)).toBeUndefined();
    expect(answer).toMatchObject({ exit_code: 0, opened: true, leaks: [{}, {}], task: 'capture' });
    expect(stderr).toContain('frame 1: descriptor 5, byte b');
  });

  it('is a report of JUnit, in which a program that failed is a failure', async () => {
    const file = join(freshDirectory(), 'report.xml');
    await onBoard([program('ends'), '4'], '--junit', file);
    expect(readFileSync(file, 'utf8')).toMatch(/<failure message="exit code 4" type="exit">/);
    await onBoard([program('capture')], '--junit', file);
    expect(readFileSync(file, 'utf8')).toMatch(/<testsuites name="dmaheap exec" tests="1" failures="0"/);
  });
});

describe('a fault rule', () => {
  const closes = (rule: string) => onBoard([program('closes')], '--kernel', '7.3', '--fault', rule);

  it('lets the program forget a descriptor, which is a leak then', async () => {
    const { stdout, stderr } = await closes('leak=closes,later,nth=1');
    expect(stdout).toBe('close of 4: ok\nsize: 4096, next: 5\n');
    expect(stderr).toMatch(/^2 leaks:$/m);
  });

  it('lets close fail, which gives the number up', async () => {
    const { stdout } = await closes('errno=EIO,call=close,nth=1');
    expect(stdout).toBe('close of 4: Input/output error\nsize: -1, next: 4\n');
  });

  it('of an allocation is its answer', async () => {
    const { stdout } = await closes('errno=ENOMEM,nth=2');
    expect(stdout).toBe('close of 4: ok\nsize: -1, next: -1\n');
  });
});

it('--record writes a scenario that replays the run without the program', async () => {
  const file = join(freshDirectory(), 'run.yaml');
  const { code } = await onBoard([program('capture')], '--record', file);
  expect(code).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('path: /dev/dma_heap/system');
  expect(await dmaheap(['run', file])).toMatchObject({ code: 0, stderr: '' });
});

it('--task names the first process, and the kernel and the board are those that are named', async () => {
  const { stdout } = await onBoard(
    [program('capture')],
    ...['--kernel', '6.1', '--task', 'camera', '--json'],
  );
  expect(JSON.parse(stdout)).toMatchObject({ task: 'camera', profile: expect.stringContaining('Linux 6.1') });
});
