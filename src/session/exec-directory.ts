/**
 * What a session has while a server owns it, in `SESSION/exec/`:
 *
 *     log          the transactions that are not in the store yet (redo-log.ts)
 *     owner        the process that serves it: a hint, the lock is the store's
 *     requests/    what other processes ask it for, a file each (lease-requests.ts)
 *
 * The server of `dmaheap exec` keeps more there (docs/exec-protocol.md).
 */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { checkOwnDirectory, makeDirectory, readNote, replaceNote, unlinkHost } from './host-files.ts';
import { isRunning, type ProcessIdentity, thisProcess } from './process-identity.ts';
import { fileError, SessionError } from './session-error.ts';

export const execPath = (dir: string): string => join(dir, 'exec');
export const redoLogPath = (dir: string): string => join(execPath(dir), 'log');
export const requestsPath = (dir: string): string => join(execPath(dir), 'requests');
const ownerPath = (dir: string): string => join(execPath(dir), 'owner');

/** Longer than any owner's note. */
const OWNER_LIMIT = 256;

/** Makes the directory and that of the requests, or checks those that are there. @throws SessionError */
export function makeExecDirectory(dir: string): void {
  for (const path of [execPath(dir), requestsPath(dir)]) {
    try {
      makeDirectory(path, true);
      const stat = lstatSync(path);
      if (!stat.isDirectory()) {
        throw new SessionError('session-untrusted', `${path} is not a directory: it is not used`);
      }
      checkOwnDirectory(path, stat);
    } catch (error) {
      throw fileError(error, `make ${path}`);
    }
  }
}

/** Notes that this process serves the session. */
export function noteOwner(dir: string): void {
  const path = ownerPath(dir);
  try {
    replaceNote(path, `${JSON.stringify(thisProcess())}\n`);
  } catch (error) {
    throw fileError(error, `write ${path}`);
  }
}

export const removeOwner = (dir: string): void => unlinkHost(ownerPath(dir));

/** The process that serves the session, when there is a note of one that runs. */
export function runningOwner(dir: string): ProcessIdentity | undefined {
  let text: string | undefined;
  try {
    text = readNote(ownerPath(dir), OWNER_LIMIT);
  } catch (error) {
    throw fileError(error, `read ${ownerPath(dir)}`);
  }
  const owner = text === undefined ? undefined : parseOwner(text);
  return owner !== undefined && isRunning(owner) ? owner : undefined;
}

function parseOwner(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('started' in value))
      return undefined;
    const { pid, started } = value;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}
