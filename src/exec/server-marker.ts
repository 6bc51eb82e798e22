/**
 * `SESSION/exec/server`: where the session's server listens. Written when it does, renamed into place, the user's
 * own and readable by nobody else: who has the token may make calls.
 */
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { createOwn, readOwn, renameHost, unlinkQuietly, writeHost } from '../session/host-files.ts';
import { systemCode } from '../session/session-error.ts';

const VERSION = 1;
/** Longer than any that is written. */
const LIMIT = 8192;

export interface ServerMarker {
  readonly pid: number;
  /** Path of the Unix socket. */
  readonly socket: string;
  /** 64 hexadecimal digits. */
  readonly token: string;
}

/** What exec keeps in a session. */
export const execDirectory = (session: string): string => join(session, 'exec');

const markerPath = (session: string): string => join(execDirectory(session), 'server');

/** @returns `undefined` when there is none, or one of another version @throws SessionError when it is a stranger's */
export function readMarker(session: string): ServerMarker | undefined {
  let text: string;
  try {
    text = Buffer.from(readOwn(markerPath(session), LIMIT)).toString();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EFBIG'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  return parse(text);
}

function parse(text: string): ServerMarker | undefined {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const { version, pid, socket, token } = said as Readonly<Record<string, unknown>>;
  if (version !== VERSION || typeof pid !== 'number') return undefined;
  if (typeof socket !== 'string' || typeof token !== 'string') return undefined;
  return { pid, socket, token };
}

/** Says where the server listens; the directory is there. @throws the system's error */
export function writeMarker(session: string, marker: ServerMarker): void {
  const path = markerPath(session);
  const fresh = `${path}.${marker.pid}`;
  unlinkQuietly(fresh);
  const fd = createOwn(fresh);
  try {
    writeHost(fd, fresh, Buffer.from(`${JSON.stringify({ version: VERSION, ...marker })}\n`), null);
  } finally {
    closeSync(fd);
  }
  renameHost(fresh, path);
}

/** Removes the marker: the server's last act. */
export const removeMarker = (session: string): void => unlinkQuietly(markerPath(session));
