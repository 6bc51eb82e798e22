/**
 * `SESSION/exec/server`: where the session's server listens. Written when it does, renamed into place, the user's
 * own and readable by nobody else: who has the token may make calls.
 */
import { join } from 'node:path';
import { execPath } from '../session/exec-directory.ts';
import { readNote, replaceNote, unlinkQuietly } from '../session/host-files.ts';

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

const markerPath = (session: string): string => join(execPath(session), 'server');

/** @returns `undefined` when there is none, or one of another version @throws SessionError when it is a stranger's */
export function readMarker(session: string): ServerMarker | undefined {
  const text = readNote(markerPath(session), LIMIT);
  return text === undefined ? undefined : parse(text);
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
export const writeMarker = (session: string, marker: ServerMarker): void =>
  replaceNote(markerPath(session), `${JSON.stringify({ version: VERSION, ...marker })}\n`);

/** Removes the marker: the server's last act. */
export const removeMarker = (session: string): void => unlinkQuietly(markerPath(session));
