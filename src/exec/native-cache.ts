/**
 * Where the native parts are kept once they are built: `$XDG_CACHE_HOME/dmaheap/native-HASH`, else below `~/.cache`.
 * What lies there is loaded into programs, so nobody else may have been able to write it.
 */
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { makeDirectory, makeFreshDirectory, removeDirectory } from '../session/host-files.ts';
import { systemCode } from '../session/session-error.ts';
import { ExecFailure } from './exec-failure.ts';

const GROUP_OR_OTHERS_WRITE = 0o022;
/** Builds that are kept, of different sources or compilers. */
const KEPT = 8;
const PREFIX = 'native-';

/** The directory of caches, made when it is missing. @throws ExecFailure when it is not the user's alone */
export function cacheHome(env: Readonly<Record<string, string | undefined>>): string {
  const { XDG_CACHE_HOME: given = '', HOME: home = '' } = env;
  // As its specification has it: a relative path is ignored.
  const base = isAbsolute(given) ? given : isAbsolute(home) ? join(home, '.cache') : undefined;
  if (base === undefined) {
    throw new ExecFailure(
      'exec-untrusted',
      'there is no directory for what is built: neither XDG_CACHE_HOME nor HOME is an absolute path',
      'Set XDG_CACHE_HOME to a directory of your own',
    );
  }
  const directory = join(base, 'dmaheap');
  try {
    makeDirectory(directory, true);
  } catch (error) {
    throw notThere(directory, error);
  }
  checkOwn(directory);
  return directory;
}

/** The directory that a build is made in, until it is whole. @throws ExecFailure when there cannot be one */
export function freshBuild(home: string): string {
  try {
    return makeFreshDirectory(join(home, 'building-'));
  } catch (error) {
    throw notThere(home, error);
  }
}

const notThere = (directory: string, error: unknown): unknown => {
  const code = systemCode(error);
  return code === undefined
    ? error
    : new ExecFailure(
        'exec-host',
        `the native part cannot be built in ${directory} (${code})`,
        'Set XDG_CACHE_HOME to a directory of your own',
      );
};

/** @throws ExecFailure when somebody else could have put the directory there, or files into it */
export function checkOwn(path: string): void {
  const why = strangerIn(lstatSync(path));
  if (why === undefined) return;
  throw new ExecFailure(
    'exec-untrusted',
    `${path} ${why}: nothing in it is loaded into a program`,
    'Make it your own (chmod go-w), or set XDG_CACHE_HOME to a directory of your own',
  );
}

function strangerIn(stat: Stats): string | undefined {
  const uid = process.geteuid?.();
  if (!stat.isDirectory()) return 'is no directory';
  if (uid !== undefined && stat.uid !== uid) return `belongs to user ${stat.uid}, and you are user ${uid}`;
  if ((stat.mode & GROUP_OR_OTHERS_WRITE) !== 0) return 'can be written by others';
  return undefined;
}

/** The place of a build. @param key what it was made of and with */
export const buildPlace = (home: string, key: string): string => join(home, `${PREFIX}${key}`);

/** Removes the oldest builds. @param but the one in use */
export function prune(home: string, but: string): void {
  const builds = readdirSync(home)
    .filter((name) => name.startsWith(PREFIX) && join(home, name) !== but)
    .map((name) => ({ path: join(home, name), at: lstatSync(join(home, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at);
  for (const { path } of builds.slice(KEPT - 1)) removeDirectory(path);
}
