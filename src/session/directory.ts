/**
 * A session's directory: where it is, what is in it, and whether it is one of ours.
 *
 *     session.json    the format, which never changes once written
 *     store.mdb       the records (and store.mdb-lock, LMDB's)
 *     arena.N         the bytes of boot N, sparse; arena.N.dirty says which pages hold any
 *     .gitignore      `*`: the directory ignores itself
 */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { endianness } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileError, REBOOT, SessionError, systemCode } from './session-error.ts';

/** Raised when what is stored changes its meaning. */
export const SESSION_FORMAT = 3;
const ARCH = 'arm64';
const FORMAT_FILE = 'session.json';
const BOOT_HINT = 'make one with: dmaheap boot BOARD';

export interface SessionLocation {
  readonly path: string;
  /** Who named it. */
  readonly from: '--session' | '$DMAHEAP_SESSION' | 'default';
}

/** Where the session is: `--session DIR`, else `$DMAHEAP_SESSION`, else `./.dmaheap`; no parents. */
export function sessionPath(options: {
  readonly flag?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}): SessionLocation {
  const { flag, env, cwd } = options;
  if (flag !== undefined && flag !== '') return { path: resolve(cwd, flag), from: '--session' };
  const variable = env.DMAHEAP_SESSION;
  if (variable !== undefined && variable !== '') {
    return { path: resolve(cwd, variable), from: '$DMAHEAP_SESSION' };
  }
  return { path: resolve(cwd, '.dmaheap'), from: 'default' };
}

/** Says where a session was looked for, for messages. */
export function describeLocation(location: SessionLocation): string {
  if (location.from !== 'default') return `${location.path} (${location.from})`;
  return `${location.path} (neither --session nor $DMAHEAP_SESSION is set)`;
}

export const storePath = (dir: string): string => join(dir, 'store.mdb');
export const arenaPath = (dir: string, generation: number): string => join(dir, `arena.${generation}`);

interface FormatFile {
  readonly format: number;
  readonly arch: string;
  readonly endianness: string;
  /** Which dmaheap made it; only said, never compared. */
  readonly dmaheap?: string;
}

/**
 * Checks that `dir` is a session that this dmaheap can use.
 *
 * @returns the resolved path without links, which is the store's identity in this process
 * @throws SessionError by name when it is not
 */
export function checkDirectory(location: SessionLocation): string {
  const dir = location.path;
  let text: string;
  try {
    text = readFileSync(join(dir, FORMAT_FILE), 'utf8');
  } catch (error) {
    throw noFormatFile(location, error);
  }
  const format = parseFormat(text);
  if (format === undefined) {
    throw new SessionError('session-damaged', `${join(dir, FORMAT_FILE)} is unreadable`, REBOOT);
  }
  const wanted = { format: SESSION_FORMAT, arch: ARCH, endianness: endianness() };
  for (const key of ['format', 'arch', 'endianness'] as const) {
    if (format[key] === wanted[key]) continue;
    throw new SessionError(
      'session-format',
      `the session ${dir} has ${key} ${JSON.stringify(format[key])}; this dmaheap uses ${JSON.stringify(wanted[key])}`,
      REBOOT,
    );
  }
  return dir;
}

function noFormatFile(location: SessionLocation, error: unknown): unknown {
  const dir = location.path;
  switch (systemCode(error)) {
    case 'ENOENT':
      if (!exists(dir)) {
        return new SessionError('session-missing', `no session at ${describeLocation(location)}`, BOOT_HINT);
      }
      return new SessionError(
        'session-not-a-session',
        `${describeLocation(location)} is a directory, but no session: it has no ${FORMAT_FILE}`,
        BOOT_HINT,
      );
    case 'ENOTDIR':
      return new SessionError('session-not-a-session', `${describeLocation(location)} is not a directory`);
    case 'EISDIR':
      return new SessionError('session-damaged', `${join(dir, FORMAT_FILE)} is a directory`, REBOOT);
    default:
      return fileError(error, `read the session ${dir}`);
  }
}

function parseFormat(text: string): FormatFile | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('format' in value) || !('arch' in value) || !('endianness' in value)) return undefined;
    return value as FormatFile;
  } catch {
    return undefined;
  }
}

/**
 * Makes a session's directory, or checks the one that is there.
 *
 * @param version dmaheap's own, for people who look into the directory
 * @throws SessionError when something else is there
 */
export function createDirectory(location: SessionLocation, version?: string): void {
  const dir = location.path;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const names = readdirSync(dir);
    if (names.includes(FORMAT_FILE)) {
      checkDirectory(location);
      return;
    }
    // A boot that was killed here leaves these, and no session.json.
    const foreign = names.find((name) => name !== '.gitignore' && !name.startsWith(`${FORMAT_FILE}.`));
    if (foreign !== undefined) {
      throw new SessionError(
        'session-exists',
        `${dir} is not a session and not empty (${JSON.stringify(foreign)} is in it)`,
        'name another directory with --session',
      );
    }
    writeFileSync(join(dir, '.gitignore'), '*\n', { mode: 0o600 });
    const format: FormatFile = {
      format: SESSION_FORMAT,
      arch: ARCH,
      endianness: endianness(),
      ...(version === undefined ? {} : { dmaheap: version }),
    };
    const temporary = join(dir, `${FORMAT_FILE}.${process.pid}`);
    writeFileSync(temporary, `${JSON.stringify(format)}\n`, { mode: 0o600 });
    renameSync(temporary, join(dir, FORMAT_FILE));
  } catch (error) {
    if (systemCode(error) === 'EEXIST' || systemCode(error) === 'ENOTDIR') {
      throw new SessionError('session-not-a-session', `${describeLocation(location)} is not a directory`);
    }
    throw fileError(error, `make the session ${dir}`);
  }
}

/** Waits until the names of new files are on disk. */
export function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The numbers of the arenas in a directory. */
function generations(dir: string): number[] {
  const found = readdirSync(dir).map((name) => /^arena\.(\d+)$/.exec(name)?.[1]);
  return found.flatMap((digits) => (digits === undefined ? [] : [Number(digits)]));
}

/** Removes the arenas of boots before `generation`; who has them open keeps their bytes. */
export function removeOldArenas(dir: string, generation: number): void {
  for (const old of generations(dir)) {
    if (old >= generation) continue;
    removeFile(arenaPath(dir, old));
    removeFile(`${arenaPath(dir, old)}.dirty`);
  }
}

/**
 * Removes a session: its own files, then the directory when nothing else is in it.
 *
 * @throws SessionError when it is none; damaged ones and those of other formats are removed
 */
export function removeSession(location: SessionLocation): void {
  const dir = location.path;
  try {
    checkDirectory(location);
  } catch (error) {
    const code = error instanceof SessionError ? error.code : undefined;
    if (code !== 'session-damaged' && code !== 'session-format') throw error;
  }
  try {
    const own = /^(store\.mdb(-lock|\.seen)?|arena\.\d+(\.dirty)?|session\.json\.\d+|\.gitignore)$/;
    for (const name of readdirSync(dir)) if (own.test(name)) removeFile(join(dir, name));
    // Last, so that a removal that was interrupted can be done again.
    removeFile(join(dir, FORMAT_FILE));
    const left = readdirSync(dir);
    // A link's directory stays: without it the link would dangle, and could not be booted into.
    if (left.length === 0 && !lstatSync(dir).isSymbolicLink()) rmdirSync(dir);
  } catch (error) {
    throw fileError(error, `remove ${basename(dir)}`);
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(error, `remove ${path}`);
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
