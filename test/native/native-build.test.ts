/** The native part is built once for what it is made of, in a directory that only the user can write. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nativeParts } from '../../src/exec/native-build.ts';
import { projectPath } from '../small-board.ts';
import { hasTool } from './native-programs.ts';
import { freshDirectory } from './run-exec.ts';

const ROOT = projectPath('.');
const silent = () => {};
const builds = (cache: string): string[] => readdirSync(join(cache, 'dmaheap')).sort();

describe('the native part', () => {
  it('is built once, also by two at the same time', async () => {
    const cache = freshDirectory();
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    const [one, two] = await Promise.all([nativeParts(ROOT, env, silent), nativeParts(ROOT, env, silent)]);
    expect(one).toBe(two);
    expect(statSync(one).mode & 0o777).toBe(0o700);
    const carriers = hasTool('musl-gcc') ? ['carrier-glibc.so', 'carrier-musl.so'] : ['carrier-glibc.so'];
    expect(readdirSync(one).sort()).toEqual([...carriers, 'supervisor']);
    // Nothing half done lies beside it, and nothing is built again.
    expect(builds(cache)).toHaveLength(1);
    const fail = () => expect.fail('built again');
    expect(await nativeParts(ROOT, env, fail)).toBe(one);
  });

  it('is built anew when a source changes, and says what the compiler says', async () => {
    const cache = freshDirectory();
    const root = freshDirectory();
    cpSync(join(ROOT, 'native'), join(root, 'native'), { recursive: true });
    const env = { ...process.env, XDG_CACHE_HOME: cache };
    await nativeParts(root, env, silent);
    writeFileSync(join(root, 'native/carrier/broken.c'), 'int broken(void) { return nothing; }\n');
    await expect(nativeParts(root, env, silent)).rejects.toMatchObject({
      code: 'exec-build-failed',
      message: expect.stringMatching(/could not build the native part: .*nothing.* undeclared/),
    });
    expect(builds(cache)).toHaveLength(1);
  });

  it('is refused where there is no compiler, and where somebody else could write', async () => {
    const cache = freshDirectory();
    const env = { HOME: cache, PATH: freshDirectory() };
    // Without what a package has ready, as npm pack leaves it in a working copy.
    const root = freshDirectory();
    cpSync(join(ROOT, 'native'), join(root, 'native'), { recursive: true });
    await expect(nativeParts(root, env, silent)).rejects.toMatchObject({
      code: 'exec-no-compiler',
      hint: expect.stringContaining('apt-get install gcc libc6-dev'),
    });
    await expect(nativeParts(ROOT, { ...process.env, CC: 'no-such-cc' }, silent)).rejects.toMatchObject({
      message: 'CC names a compiler that is not there: no-such-cc',
    });
    // Takes no directories, whoever asks.
    await expect(
      nativeParts(ROOT, { ...process.env, XDG_CACHE_HOME: '/proc' }, silent),
    ).rejects.toMatchObject({
      code: 'exec-host',
      message: 'the native part cannot be built in /proc/dmaheap (ENOENT)',
    });
    mkdirSync(join(cache, 'dmaheap'));
    chmodSync(join(cache, 'dmaheap'), 0o777);
    const shared = { ...process.env, XDG_CACHE_HOME: cache };
    await expect(nativeParts(ROOT, shared, silent)).rejects.toMatchObject({ code: 'exec-untrusted' });
  });
});

it('no compiled program lies in git', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0');
  const compiled = files.filter((file) => {
    if (file === '' || !statSync(join(ROOT, file), { throwIfNoEntry: false })?.isFile()) return false;
    const head = readFileSync(join(ROOT, file)).subarray(0, 8).toString('latin1');
    return head.startsWith('\x7fELF') || head.startsWith('!<arch>');
  });
  expect(files.length).toBeGreaterThan(500);
  expect(compiled).toEqual([]);
});
