/** Directories below the temporary one that are made for a run: the session of `--board`, and the server's socket. */
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { makeFreshDirectory } from '../session/host-files.ts';
import { systemCode } from '../session/session-error.ts';
import { ExecFailure } from './exec-failure.ts';

const SOCKET_PLACE = 'dmaheap-';
/** What mkdtemp adds. */
const RANDOM = 6;
/** sizeof(sun_path) without its end, less the longest name of a socket in there: `s` and a process's number. */
const LONGEST = 107 - '/s4194304'.length;
/** Where sockets lie when the temporary directory's name is too long for them: what is too long is cut, not refused. */
const SHORT = '/tmp';

/** Where directories of sockets are made. @param temporary the temporary directory */
export const socketBase = (temporary: string): string =>
  join(temporary, SOCKET_PLACE).length + RANDOM > LONGEST ? SHORT : temporary;

/**
 * A new directory, the user's alone.
 *
 * @param path where, and how its name begins
 * @throws ExecFailure when none can be made there
 */
export function temporaryPlace(path: string): string {
  try {
    return makeFreshDirectory(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new ExecFailure(
      'exec-host',
      `no directory can be made in ${dirname(path)} (${code})`,
      'Set TMPDIR to a directory of this machine that can be written',
    );
  }
}

/** The directory of a server's socket. @throws ExecFailure */
export const socketPlace = (): string => temporaryPlace(join(socketBase(tmpdir()), SOCKET_PLACE));

/** Whether a path is one that `socketPlace` made. */
export const isSocketPlace = (path: string): boolean =>
  [tmpdir(), SHORT].includes(dirname(path)) && basename(path).startsWith(SOCKET_PLACE);
