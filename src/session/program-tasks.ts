/**
 * Which process of the host is which task, while programs run on a session: `SESSION/exec/processes`, a line for each task that
 * came, and one for each that ended.
 *
 *     python3 4711 8812345      task, pid, when it started
 *     python3 -                 it has ended
 *
 * A server that is killed leaves it behind. Whoever opens the session next ends the tasks whose processes have gone, so that their
 * buffers do not outlive them; those of processes that live stay.
 */
import { join } from 'node:path';
import type { Kernel } from '../kernel/kernel.ts';
import { SHELL_TASK } from '../kernel/task.ts';
import { execPath, runningOwner } from './exec-directory.ts';
import {
  closeHost,
  openOwn,
  readOwn,
  replaceNote,
  truncateHost,
  unlinkQuietly,
  writeHost,
} from './host-files.ts';
import { isRunning, type ProcessIdentity, processIdentity } from './process-identity.ts';
import type { Session } from './session.ts';
import { SessionError, systemCode } from './session-error.ts';

/** So long the file gets before it is written anew with what is there: bytes. */
const LONG = 1 << 20;
/** Longer than any that is written. */
const LIMIT = 2 * LONG;

const pathOf = (dir: string): string => join(execPath(dir), 'processes');

type Noted = Map<string, ProcessIdentity>;

const lineOf = (task: string, { pid, started }: ProcessIdentity): string => `${task} ${pid} ${started}\n`;
const linesOf = (noted: Noted): string => [...noted].map(([task, process]) => lineOf(task, process)).join('');

/** @returns `undefined` when no server has left any */
function readNoted(dir: string): Noted | undefined {
  let text: string;
  try {
    text = Buffer.from(readOwn(pathOf(dir), LIMIT)).toString();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EFBIG'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  const noted: Noted = new Map();
  // What stands behind the last line end was not written whole.
  for (const line of text.split('\n').slice(0, -1)) {
    const [task = '', pid, started = ''] = line.split(' ');
    if (pid === '-') noted.delete(task);
    else noted.set(task, { pid: Number(pid), started });
  }
  return noted;
}

/** The server's: written as tasks come and go. */
export class ProgramTasks {
  readonly #path: string;
  readonly #noted: Noted;
  readonly #fd: number;
  #size = 0;

  /** Goes on with what a killed server has left. @throws SessionError, or the system's own error */
  constructor(dir: string) {
    this.#path = pathOf(dir);
    this.#noted = new Map([...(readNoted(dir) ?? [])].filter(([, process]) => isRunning(process)));
    replaceNote(this.#path, '');
    this.#fd = openOwn(this.#path, 'write');
    this.#append(linesOf(this.#noted));
  }

  /** A task is that process. */
  add(task: string, pid: number): void {
    const process = processIdentity(pid);
    this.#noted.set(task, process);
    this.#append(lineOf(task, process));
  }

  /** A task has ended. */
  remove(task: string): void {
    if (this.#noted.delete(task)) this.#append(`${task} -\n`);
  }

  /** The server ends: what stays are processes that live. */
  close(): void {
    closeHost(this.#fd);
    if (this.#noted.size === 0) unlinkQuietly(this.#path);
  }

  #append(lines: string): void {
    let text = lines;
    if (this.#size > LONG) {
      truncateHost(this.#fd, this.#path, 0);
      this.#size = 0;
      text = linesOf(this.#noted);
    }
    const bytes = Buffer.from(text);
    writeHost(this.#fd, this.#path, bytes, this.#size);
    this.#size += bytes.length;
  }
}

/**
 * Ends the tasks of programs that have gone together with their server. What cannot be done now is left to the next command.
 *
 * @param open the session, when there is something to be done
 * @returns the tasks that were ended
 */
export function endLeftTasks(dir: string, open: () => Session): readonly string[] {
  try {
    const noted = readNoted(dir);
    if (noted === undefined || runningOwner(dir) !== undefined) return [];
    const alive: Noted = new Map([...noted].filter(([, process]) => isRunning(process)));
    if (noted.size > 0 && alive.size === noted.size) return [];
    const gone = [...noted.keys()].filter((task) => !alive.has(task));
    return open().transact((kernel) => {
      // Another one has come meanwhile, and knows its processes.
      if (runningOwner(dir) !== undefined) return [];
      const there = gone.filter((task) => kernel.hasTask(task));
      for (const task of there) kernel.syscall(task, { call: 'exit' });
      if (alive.size > 0) replaceNote(pathOf(dir), linesOf(alive));
      else {
        dropMessages(kernel);
        forgetPrograms(dir);
      }
      return there;
    });
  } catch (error) {
    if (error instanceof SessionError) return [];
    throw error;
  }
}

/** The session is booted anew: its programs are none of the new boot's. */
export const forgetPrograms = (dir: string): void => unlinkQuietly(pathOf(dir));

/** Drops what lies in messages that nobody can receive any more. @param isDropped which of them, by the buffer's open file: all unless given */
export function dropMessages(kernel: Kernel, isDropped: (file: number) => boolean = () => true): void {
  for (const [message, { file, by }] of kernel.filesInFlight()) {
    if (!isDropped(file)) continue;
    kernel.syscall(kernel.hasTask(by) ? by : SHELL_TASK, { call: 'scm_drop', message });
  }
}
