/**
 * The command's ends: standard output and error. Written synchronously, so that nothing is lost at exit,
 * and without node's stream objects, which cost milliseconds to make.
 */
import { writeSync } from 'node:fs';

export interface Streams {
  /** Writes results. */
  out(data: string | Uint8Array): void;
  /** Writes everything else. */
  err(text: string): void;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
}

/** Thrown when the reader of standard output has gone: the command ends without a word. */
export class ClosedPipe extends Error {
  override readonly name = 'ClosedPipe';
}

const STDOUT = 1;
const STDERR = 2;
const WAIT = new Int32Array(new SharedArrayBuffer(4));

function writeAll(fd: number, data: string | Uint8Array): void {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') throw new ClosedPipe();
      if (code !== 'EAGAIN') throw error;
      // A pipe that somebody made non-blocking is full: wait a moment for its reader.
      Atomics.wait(WAIT, 0, 0, 2);
    }
  }
}

/** This process's own. */
export const processStreams: Streams = {
  out: (data) => writeAll(STDOUT, data),
  err: (text) => {
    try {
      writeAll(STDERR, text);
    } catch (error) {
      // With nobody to tell there is nothing to tell.
      if (!(error instanceof ClosedPipe)) throw error;
    }
  },
  get outIsTerminal() {
    return process.stdout.isTTY === true;
  },
  get errIsTerminal() {
    return process.stderr.isTTY === true;
  },
};
