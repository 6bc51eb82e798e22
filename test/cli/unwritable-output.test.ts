/** Standard output or error that fails: nothing that was made is lost, and nobody sees a stack. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Ledger } from '../../src/cli/terminal/ledger.ts';
import { shortened, unwritableNotes } from '../../src/cli/terminal/unwritable-output.ts';
import { projectPath } from '../small-board.ts';
import { freshPlace } from './built-command.ts';
import { COMMAND_LINES, commandPaths } from './every-command.ts';
import { type Answer, dmaheap, failing } from './in-process.ts';

const FULL = failing('ENOSPC', 'no space left on device');
const REASON = 'error: standard output cannot be written: ENOSPC: no space left on device\n';
const BOARD = projectPath('fixtures/boards/camera-soc.dtb');

type Run = (words: readonly string[], streams?: Parameters<typeof dmaheap>[1]) => Promise<Answer>;

/** A session of its own for a test. */
function inSession(): Run {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-full-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const env = { DMAHEAP_SESSION: join(dir, 'session') };
  return (words, streams) => dmaheap(words, streams, { env });
}

/** All lines, one after another on one session. */
async function all(change: (words: readonly string[]) => readonly string[], streams = {}): Promise<Answer[]> {
  const run = inSession();
  const answers: Answer[] = [];
  for (const words of COMMAND_LINES) answers.push(await run(change(words), streams));
  return answers;
}

const same = (words: readonly string[]) => words;
const json = (words: readonly string[]) =>
  ['help', '__complete'].includes(words[0] ?? '') || words.some((word) => /^--(help|version)$/.test(word))
    ? words
    : [...words, '--json'];

test('the lines that are tried are of every command', async () => {
  const named = (path: string) =>
    COMMAND_LINES.some((words) => words.slice(0, path.split(' ').length).join(' ') === path);
  expect((await commandPaths()).filter((path) => !named(path))).toEqual([]);
});

describe('every command', () => {
  test('with a full standard output is exit 4 with the reason when it had something to say', async () => {
    const [normal, full] = [await all(same), await all(same, { out: FULL })];
    for (const [i, words] of COMMAND_LINES.entries()) {
      const [{ stdout, code }, failed] = [normal[i], full[i]] as [Answer, Answer];
      // All of them do what they should, or answer no.
      expect([words, code], normal[i]?.stderr).toEqual([words, expect.toBeOneOf([0, 1])]);
      expect([words, failed.code]).toEqual([words, stdout === '' ? code : 4]);
      if (stdout !== '') expect(failed.stderr).toContain(REASON);
      expect(failed.stderr).not.toMatch(/^ +at |bug in dmaheap/m);
    }
  });

  test('with --json and a full standard output is exit 4 with the reason', async () => {
    for (const [i, { code, stderr }] of (await all(json, { out: FULL })).entries()) {
      expect([COMMAND_LINES[i], code]).toEqual([COMMAND_LINES[i], 4]);
      expect(stderr).toContain(REASON);
      expect(stderr).not.toMatch(/^ +at |bug in dmaheap/m);
    }
  });

  test('ends as ever when standard error fails', async () => {
    const [normal, mute] = [await all(same), await all(same, { err: failing('EIO', 'i/o error') })];
    expect(mute.map(({ code }) => code)).toEqual(normal.map(({ code }) => code));
    expect(mute.map(({ stdout }) => stdout.length > 0)).toEqual(
      normal.map(({ stdout }) => stdout.length > 0),
    );
  });

  test('with both failing is exit 4', async () => {
    const { code } = await dmaheap(['list', '--board', BOARD], { out: FULL, err: FULL });
    expect(code).toBe(4);
  });
});

describe('what was made is told on standard error', () => {
  test.each([
    [['alloc', 'system', '4K'], '    5\n'],
    [['alloc', 'system', '4K', '--count', '3'], '    5 to 7\n'],
    [['alloc', 'system', '4K', '--count', '2', '--json'], '        5 to 6\n'],
    [['dup', '4'], '    3\n'],
    [['open', 'system'], '    3\n'],
    [['mmap', '4'], '    1\n'],
    [['task', 'fork', 'child'], '    2\n'],
    [['device', 'attach', 'a200000.camera', '4'], '    1\n'],
    [['fault', 'add', 'errno=ENOMEM'], '    1\n'],
  ])('%j', async (words, answer) => {
    const run = inSession();
    await run(['boot', BOARD]);
    await run(['alloc', 'system', '4K']);
    const { stderr, code } = await run(words, { out: FULL });
    expect(code).toBe(4);
    expect(stderr).toContain(`${REASON}  What the command did is done and kept. Its answer:\n`);
    expect(stderr).toContain(answer);
    if (words[0] === 'alloc') expect((await run(['show', '5'])).code).toBe(0);
  });

  test('with what failed after it', async () => {
    const run = inSession();
    await run(['boot', BOARD, '--nofile', '7']);
    const { stderr, code } = await run(['alloc', 'system', '4K', '--count', '9'], { out: FULL });
    expect([stderr.includes('    4 to 6\n'), stderr.includes('EMFILE'), code]).toEqual([true, true, 4]);
  });

  test('also when the answer is an error as JSON', async () => {
    const run = inSession();
    await run(['boot', BOARD, '--nofile', '7']);
    const words = ['alloc', 'system', '4K', '--count', '9', '--json'];
    const { stderr, code } = await run(words, { out: FULL });
    expect([stderr.includes('4 to 6\n'), stderr.includes('EMFILE'), code]).toEqual([true, true, 4]);
  });

  test('and not what can be asked again', async () => {
    const { stderr } = await dmaheap(['list', '--board', BOARD], { out: FULL });
    expect(stderr).toBe(`${REASON}  Nothing was changed.\n`);
  });
});

test('a mistake that cannot be told as JSON is told as text', async () => {
  const { stderr, code } = await dmaheap(['lst', '--json'], { out: FULL });
  expect(stderr).toBe(
    `${REASON}  Nothing was changed.\nerror: unknown command 'lst'\n  Did you mean one of list, ls?\n`,
  );
  expect(code).toBe(4);
});

test.each(['ENOSPC', 'EIO', 'EFBIG', 'EBADF', 'EDQUOT', 'EROFS'])('%s is named', async (errno) => {
  const { stderr, code } = await dmaheap(['--version'], { out: failing(errno, 'text') });
  expect([stderr, code]).toEqual([
    `error: standard output cannot be written: ${errno}: text\n  Nothing was changed.\n`,
    4,
  ]);
});

test('a reader that has gone is silent, also after a part', async () => {
  let written = 0;
  const out = (bytes: Uint8Array, done: number): number => {
    if (written > 0) throw Object.assign(new Error('EPIPE: broken pipe, write'), { code: 'EPIPE' });
    written = Math.min(10, bytes.length - done);
    return written;
  };
  const { stderr, code } = await dmaheap(['list', '--board', BOARD], { out });
  expect([stderr, code]).toEqual(['', 0]);
});

test('a long answer is shortened, and numbers one after another are one line', () => {
  expect(shortened('4\n5\n6\n9\n11\n12\n')).toEqual(['4 to 6', '9', '11 to 12']);
  expect(shortened(Array.from({ length: 50 }, (_, i) => `line ${i}`).join('\n')).slice(-2)).toEqual([
    'line 39',
    '… and 10 more lines',
  ]);
  expect(shortened('x'.repeat(500))).toEqual([`${'x'.repeat(400)}…`]);
  expect(unwritableNotes(new Ledger())).toEqual(['Nothing was changed.']);
});

test('the process itself: a full disk, a file-size limit, a descriptor that is for reading', async () => {
  const place = freshPlace('built');
  expect(
    await place.transcript(
      'dmaheap boot boards/camera-soc.dtb >/dev/full',
      'dmaheap alloc system 64K --count 3 >/dev/full',
      'dmaheap alloc system 64K 2>/dev/full',
      '(ulimit -f 0; dmaheap list --board boards/camera-soc.dtb >out)',
      'dmaheap dup 4 1</dev/null',
      'dmaheap nonsense --json >/dev/full 2>/dev/full',
      // Node itself puts /dev/null where a descriptor is closed, so the session's files never are standard output.
      'dmaheap buffers <&- >&- 2>&-',
      'dmaheap buffers',
    ),
  ).toMatchSnapshot();
});
