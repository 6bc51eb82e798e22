/**
 * The native parts, compiled with the system's compiler when they are first needed, and kept by the hash of what they
 * were made of and with. `npm install` compiles nothing.
 *
 *     carrier-glibc.so   the library for programs of glibc     (cc, where it makes those)
 *     carrier-musl.so    the same for programs of musl         (musl-gcc, or cc where it makes those)
 *     supervisor         starts the program, and carries static ones
 *
 * A package may have them ready in `prebuilt/PLATFORM-ARCH`; they are used where there is no compiler.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { removeDirectory, renameHost } from '../session/host-files.ts';
import { ExecFailure } from './exec-failure.ts';
import { buildPlace, cacheHome, checkOwn, freshBuild, prune } from './native-cache.ts';
import { type NativeSources, nativeSources } from './native-sources.ts';

export const SUPERVISOR = 'supervisor';

export type Libc = 'glibc' | 'musl';

export const carrierFile = (libc: Libc): string => `carrier-${libc}.so`;

type Environment = Readonly<Record<string, string | undefined>>;

const FLAGS = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-pthread'];
const NO_COMPILER_HINT =
  'Install one: apt-get install gcc libc6-dev (Debian, Ubuntu), dnf install gcc (Fedora), apk add gcc musl-dev linux-headers (Alpine); or name it in CC';

interface Compiler {
  /** The command, and what stands before its arguments: `CC="ccache gcc"`. */
  readonly command: readonly string[];
  readonly path: string;
}

/** Finds a program as a shell does. */
export function findOnPath(name: string, env: Environment): string | undefined {
  if (name.includes('/')) return existsSync(name) ? realpathSync(name) : undefined;
  for (const dir of (env.PATH ?? '').split(delimiter)) {
    const path = join(dir === '' ? '.' : dir, name);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return realpathSync(path);
  }
  return undefined;
}

function compilerNamed(words: string, env: Environment): Compiler | undefined {
  const command = words.trim().split(/\s+/);
  const path = findOnPath(command[0] ?? '', env);
  return path === undefined ? undefined : { command, path };
}

function systemCompiler(env: Environment): Compiler | undefined {
  const { CC: given = '' } = env;
  if (given.trim() === '')
    return compilerNamed('cc', env) ?? compilerNamed('gcc', env) ?? compilerNamed('clang', env);
  const named = compilerNamed(given, env);
  if (named === undefined) {
    throw new ExecFailure(
      'exec-no-compiler',
      `CC names a compiler that is not there: ${given}`,
      NO_COMPILER_HINT,
    );
  }
  return named;
}

interface Ran {
  readonly ok: boolean;
  readonly out: string;
}

const run = (
  { command: [file = '', ...before] }: Compiler,
  args: readonly string[],
  env: Environment,
): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(file, [...before, ...args], { env: { ...env }, encoding: 'utf8' }, (error, stdout, stderr) =>
      resolve({ ok: error === null, out: error === null ? stdout : `${stderr}${stdout}` || error.message }),
    );
  });

/** What tells one compiler from another without starting it. */
const compilerKey = (compiler: Compiler | undefined): string => {
  if (compiler === undefined) return 'none';
  const { size, mtimeMs } = statSync(compiler.path);
  return [...compiler.command, compiler.path, size, mtimeMs].join(' ');
};

const sourcesOf = ({ root, parts }: NativeSources, part: keyof NativeSources['parts']): string[] => [
  `-I${root}`,
  ...parts[part].map((file) => join(root, file)),
];

async function compile(compiler: Compiler, args: readonly string[], env: Environment): Promise<void> {
  const { ok, out } = await run(compiler, args, env);
  if (ok) return;
  const lines = out.trim().split('\n');
  const full = lines.find((line) => /No space left|Disk quota/.test(line));
  const first =
    full ?? lines.find((line) => /error|undefined reference|not found/.test(line)) ?? lines[0] ?? '';
  throw new ExecFailure(
    'exec-build-failed',
    `${compiler.command.join(' ')} could not build the native part: ${first.trim()}`,
    full !== undefined
      ? `free some space in ${tmpdir()} and in the cache, or name other places in TMPDIR and XDG_CACHE_HOME`
      : /No such file or directory/.test(out)
        ? NO_COMPILER_HINT
        : undefined,
  );
}

/**
 * Builds all parts into a directory.
 *
 * @throws ExecFailure with the compiler's words
 */
export async function buildNative(sources: NativeSources, into: string, env: Environment): Promise<void> {
  const cc = systemCompiler(env);
  if (cc === undefined) {
    throw new ExecFailure(
      'exec-no-compiler',
      'no C compiler (cc) to build the part that runs in programs',
      NO_COMPILER_HINT,
    );
  }
  const machine = await run(cc, ['-dumpmachine'], env);
  const own: Libc = machine.out.includes('musl') ? 'musl' : 'glibc';
  const muslGcc = own === 'musl' ? undefined : compilerNamed('musl-gcc', env);
  const carrier = (compiler: Compiler, libc: Libc) =>
    compile(
      compiler,
      // -ldl: dlsym is in libc itself only since glibc 2.34.
      [
        ...FLAGS,
        '-fPIC',
        '-shared',
        '-fvisibility=hidden',
        ...sourcesOf(sources, 'carrier'),
        '-o',
        join(into, carrierFile(libc)),
        '-ldl',
      ],
      env,
    );
  await Promise.all([
    carrier(cc, own),
    ...(muslGcc === undefined ? [] : [carrier(muslGcc, 'musl')]),
    compile(cc, [...FLAGS, ...sourcesOf(sources, 'supervisor'), '-o', join(into, SUPERVISOR)], env),
  ]);
}

/** @returns the directory of what came with the package for this machine, if it is of these sources */
function prebuilt(packageRoot: string): string | undefined {
  const place = join(packageRoot, 'prebuilt', `${process.platform}-${process.arch}`);
  return existsSync(join(place, SUPERVISOR)) ? place : undefined;
}

/**
 * The directory of the native parts, which are built when they are not there yet.
 *
 * Two at once are fine: each builds under a name of its own, and the first to rename wins.
 *
 * @param packageRoot where `native/` is
 * @param building called before something is compiled
 * @throws ExecFailure
 */
export async function nativeParts(
  packageRoot: string,
  env: Environment,
  building: () => void,
): Promise<string> {
  const sources = nativeSources(join(packageRoot, 'native'));
  const cc = systemCompiler(env);
  if (cc === undefined) {
    const ready = prebuilt(packageRoot);
    if (ready !== undefined) return ready;
  }
  const key = createHash('sha256')
    .update(
      [sources.hash, compilerKey(cc), compilerKey(compilerNamed('musl-gcc', env)), process.arch, FLAGS].join(
        '\n',
      ),
    )
    .digest('hex')
    .slice(0, 24);
  const home = cacheHome(env);
  const place = buildPlace(home, key);
  if (existsSync(place)) {
    checkOwn(place);
    return place;
  }
  building();
  const fresh = freshBuild(home);
  try {
    await buildNative(sources, fresh, env);
    try {
      renameHost(fresh, place);
    } catch (error) {
      // Another one was first, and made the same.
      if (!existsSync(place)) throw error;
    }
  } finally {
    removeDirectory(fresh);
  }
  checkOwn(place);
  prune(home, place);
  return place;
}
