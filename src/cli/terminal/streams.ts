/**
 * The command's ends: standard output and error. Written synchronously, so that nothing is lost at exit,
 * and without node's stream objects, which cost milliseconds to make.
 */
import { fstatSync, statSync, writeSync } from 'node:fs';
import { devNull } from 'node:os';

export interface Streams {
  /** Writes results. @throws ClosedPipe, UnwritableOutput */
  out(data: string | Uint8Array): void;
  /** Writes everything else; never throws, since with nobody to tell there is nothing to tell. */
  err(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** How wide the terminal of standard output is, where there is one that says it. */
  readonly outColumns?: number | undefined;
  /** How high it is. */
  readonly outRows?: number | undefined;
}

/** Thrown when the reader of standard output has gone: the command ends without a word. */
export class ClosedPipe extends Error {
  override readonly name = 'ClosedPipe';
}

/** Standard output cannot be written: a full disk, a file-size limit, a dead disk. Exit 4. */
export class UnwritableOutput extends Error {
  override readonly name = 'UnwritableOutput';

  /** @param reason what the system said, `ENOSPC: no space left on device` */
  constructor(reason: string) {
    super(`standard output cannot be written: ${reason}`);
  }
}

/** Writes some of the bytes from number `done` on. @returns how many @throws a system's error */
export type Sink = (bytes: Uint8Array, done: number) => number;

const WAIT = new Int32Array(new SharedArrayBuffer(4));

function writeAll(sink: Sink, data: string | Uint8Array): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += sink(bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      // A pipe that somebody made non-blocking is full: wait a moment for its reader.
      Atomics.wait(WAIT, 0, 0, 2);
    }
  }
}

/** What becomes of an error of the system on standard output; another one is a bug and stays what it is. */
function outputError(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return code === 'EPIPE' ? new ClosedPipe() : new UnwritableOutput(message.replace(/, write$/, ''));
}

/** The streams over what writes them. */
export function streamsTo(
  out: Sink,
  err: Sink,
  isTerminal: (stream: 'stdout' | 'stderr') => boolean = () => false,
): Streams {
  return {
    out: (data) => {
      try {
        writeAll(out, data);
      } catch (error) {
        throw outputError(error);
      }
    },
    err: (text) => {
      try {
        writeAll(err, text);
      } catch {
        // What the command does and how it ends does not hang on whether it can be told.
      }
    },
    get outIsTerminal() {
      return isTerminal('stdout');
    },
    get errIsTerminal() {
      return isTerminal('stderr');
    },
    get outColumns() {
      return isTerminal('stdout') ? process.stdout.columns : undefined;
    },
    get outRows() {
      return isTerminal('stdout') ? process.stdout.rows : undefined;
    },
  };
}

const FD = { stdout: 1, stderr: 2 } as const;

/** Node's own answer takes milliseconds, and is only needed where there may be a terminal. */
function isTerminal(stream: 'stdout' | 'stderr'): boolean {
  try {
    const it = fstatSync(FD[stream]);
    if (!it.isCharacterDevice() || it.rdev === statSync(devNull).rdev) return false;
    return process[stream].isTTY === true;
  } catch {
    return false;
  }
}

/** This process's own. */
export const processStreams: Streams = streamsTo(
  (bytes, done) => writeSync(FD.stdout, bytes, done),
  (bytes, done) => writeSync(FD.stderr, bytes, done),
  isTerminal,
);
