/**
 * A session's directory: where it is, what is in it, and whether it is one of ours.
 *
 *     session.json    the format, which never changes once written
 *     store/          the records (records.db and SQLite's files beside it), and who holds its lock
 *     arena.N         the bytes of memory, sparse; arena.N.dirty says which pages hold any, arena.N.served that a
 *                     server puts off to say so
 *     exec/           what it has while programs run on it (exec-directory.ts)
 *     .gitignore      `*`: the directory ignores itself
 *
 * All of it must be the user's own, and writable by nobody else: what another user put there, a link to
 * the user's own files say, is refused by name.
 */

import { closeSync, existsSync, lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { endianness } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { DEFAULT_ARCHITECTURE } from '../profile/profile.ts';
import { execPath } from './exec-directory.ts';
import { checkFileSystem } from './file-system.ts';
import {
  checkOwnDirectory,
  createOwn,
  makeDirectory,
  makePrivate,
  readOwn,
  removeDirectory,
  removeTree,
  renameHost,
  rmdirHost,
  syncDirectory,
  syncHost,
  unlinkHost,
  unlinkQuietly,
  writeHost,
} from './host-files.ts';
import { ANOTHER, CHECK, fileError, SessionError, systemCode } from './session-error.ts';

/** Raised when what is stored changes its meaning. */
export const SESSION_FORMAT = 6;
/** What all sessions of this format say; which kernel booted in one says its profile. */
const ARCH = DEFAULT_ARCHITECTURE;
const FORMAT_FILE = 'session.json';
/** Longer than any that was ever written. */
const FORMAT_LIMIT = 65_536;
const STORE = 'store';
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

export const neverBooted = (location: SessionLocation): SessionError =>
  new SessionError(
    'session-missing',
    `the session at ${describeLocation(location)} was never booted`,
    'boot it with: dmaheap boot BOARD',
  );

export const storePath = (dir: string): string => join(dir, STORE);
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
  checkOwnPlace(location);
  let text: string;
  try {
    text = Buffer.from(readOwn(join(dir, FORMAT_FILE), FORMAT_LIMIT)).toString();
  } catch (error) {
    throw noFormatFile(location, error);
  }
  const format = parseFormat(text);
  if (format === undefined) {
    throw new SessionError('session-damaged', `${join(dir, FORMAT_FILE)} is unreadable`, CHECK);
  }
  const wanted = { format: SESSION_FORMAT, arch: ARCH, endianness: endianness() };
  for (const key of ['format', 'arch', 'endianness'] as const) {
    if (format[key] === wanted[key]) continue;
    throw new SessionError(
      'session-format',
      `the session ${dir} has ${key} ${JSON.stringify(format[key])}; this dmaheap uses ${JSON.stringify(wanted[key])}`,
      ANOTHER,
    );
  }
  return dir;
}

function noFormatFile(location: SessionLocation, error: unknown): unknown {
  const dir = location.path;
  switch (systemCode(error)) {
    case 'ENOENT':
      return new SessionError(
        'session-not-a-session',
        `${describeLocation(location)} is a directory, but no session: it has no ${FORMAT_FILE}`,
        BOOT_HINT,
      );
    case 'EFBIG':
      return new SessionError('session-damaged', `${join(dir, FORMAT_FILE)} is unreadable`, CHECK);
    default:
      return fileError(error, `read the session ${dir}`);
  }
}

/**
 * Whether the place is a directory of the user's own. A link to one is followed where the user (or root)
 * made it: in a directory that all may write to, somebody else's could lead anywhere.
 */
function checkOwnPlace(location: SessionLocation): void {
  const dir = location.path;
  let stat: Stats | undefined;
  try {
    stat = lstatSync(dir, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true) {
      const uid = process.geteuid?.();
      if (uid !== undefined && stat.uid !== uid && stat.uid !== 0) {
        throw new SessionError(
          'session-untrusted',
          `${describeLocation(location)} is a symbolic link that user ${stat.uid} made: it is not followed`,
          'name a directory of your own with --session',
        );
      }
      stat = statSync(dir, { throwIfNoEntry: false });
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOTDIR') throw fileError(error, `look at ${dir}`);
    throw new SessionError('session-not-a-session', `${describeLocation(location)} is not a directory`);
  }
  if (stat === undefined) {
    throw new SessionError('session-missing', `no session at ${describeLocation(location)}`, BOOT_HINT);
  }
  if (!stat.isDirectory()) {
    throw new SessionError('session-not-a-session', `${describeLocation(location)} is not a directory`);
  }
  checkOwnDirectory(dir, stat);
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
    makeDirectory(dir, true);
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
    // An empty one may have been made with any umask.
    if (process.geteuid?.() === statSync(dir).uid) makePrivate(dir);
    checkOwnPlace(location);
    checkFileSystem(dir);
    if (!names.includes('.gitignore')) writeNew(join(dir, '.gitignore'), '*\n');
    const format: FormatFile = {
      format: SESSION_FORMAT,
      arch: ARCH,
      endianness: endianness(),
      ...(version === undefined ? {} : { dmaheap: version }),
    };
    const temporary = join(dir, `${FORMAT_FILE}.${process.pid}`);
    unlinkHost(temporary);
    try {
      writeNew(temporary, `${JSON.stringify(format)}\n`);
      renameHost(temporary, join(dir, FORMAT_FILE));
    } catch (error) {
      // Another boot has made a session meanwhile, and cleared up.
      if (systemCode(error) !== 'ENOENT' || !existsSync(join(dir, FORMAT_FILE))) throw error;
      checkDirectory(location);
    }
    syncDirectory(dir);
  } catch (error) {
    if (systemCode(error) === 'EEXIST' || systemCode(error) === 'ENOTDIR') {
      throw new SessionError('session-not-a-session', `${describeLocation(location)} is not a directory`);
    }
    throw fileError(error, `make the session ${dir}`);
  }
}

/** Writes a new file and waits until it is on disk. */
function writeNew(path: string, text: string): void {
  let fd: number;
  try {
    fd = createOwn(path);
  } catch (error) {
    // Another boot made it at the same moment, with the same text.
    if (systemCode(error) === 'EEXIST') return;
    throw error;
  }
  try {
    writeHost(fd, path, Buffer.from(text), null);
    syncHost(fd, path);
  } catch (error) {
    // Half of it would be taken for all of it.
    unlinkQuietly(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** The highest number of an arena that is there, 0 when there is none: what a removal that failed left. */
export function highestArena(dir: string): number {
  try {
    return Math.max(0, ...readdirSync(dir).map((name) => Number(ARENA.exec(name)?.[1] ?? 0)));
  } catch (error) {
    throw fileError(error, `look at ${dir}`);
  }
}

const ARENA = /^arena\.(\d+)(?:\.dirty|\.served)?$/;

/**
 * Removes what boots before left: arenas below number `current`, and what a killed boot half made. Another
 * boot may be making its own at this moment; it finds that there is a session now (`createDirectory`,
 * `createStore`).
 */
export function removeLeftovers(dir: string, current: number): void {
  try {
    for (const name of readdirSync(dir)) {
      const arena = ARENA.exec(name)?.[1];
      if (HALF_MADE.test(name)) removeDirectory(join(dir, name));
      if (HALF_WRITTEN.test(name) || Number(arena) < current) unlinkHost(join(dir, name));
    }
  } catch (error) {
    throw fileError(error, `clear up ${dir}`);
  }
}

const HALF_MADE = /^store\.[A-Za-z0-9]{6}$/;
const HALF_WRITTEN = /^session\.json\.\d+$/;

/**
 * Removes a session's files, then the directory when nothing else is in it.
 *
 * @throws SessionError when it is none; damaged ones and those of other formats are removed
 */
export function removeSessionFiles(location: SessionLocation): void {
  const dir = location.path;
  try {
    const own = /^(store\.mdb(-lock|\.seen)?|arena\.\d+(\.dirty|\.served)?|session\.json\.\d+|\.gitignore)$/;
    // Whole or not there, as a boot finds it and leaves it: half a store could not be booted into.
    if (existsSync(storePath(dir))) {
      // node:crypto takes longer to load than most commands take to run, and this need not be hard to guess.
      const name = Math.floor(Math.random() * 0x1000000)
        .toString(16)
        .padStart(6, '0');
      renameHost(storePath(dir), `${storePath(dir)}.${name}`);
    }
    for (const name of readdirSync(dir)) {
      if (HALF_MADE.test(name)) removeDirectory(join(dir, name));
      if (own.test(name)) unlinkHost(join(dir, name));
    }
    removeTree(execPath(dir));
    // Last, so that a removal that was interrupted can be done again.
    unlinkHost(join(dir, FORMAT_FILE));
    const left = readdirSync(dir);
    // A link's directory stays: without it the link would dangle, and could not be booted into.
    if (left.length > 0 || lstatSync(dir).isSymbolicLink()) return;
    try {
      rmdirHost(dir);
    } catch {
      // The session is gone. An empty directory stays where it is a mount point, or lies in another user's.
    }
  } catch (error) {
    throw fileError(error, `remove ${basename(dir)}`);
  }
}
