/**
 * A file that an option names and a command writes: whole, or as it was before. The bytes go into a new file
 * beside it, which takes its place when all are there, and goes away when something fails or Ctrl-C comes.
 */
import { accessSync, closeSync, constants, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  checkWritable,
  createOutput,
  openOutput,
  renameHost,
  unlinkQuietly,
  writeHost,
} from '../../session/host-files.ts';
import { UnreadableInput } from '../failures.ts';
import type { Shell } from '../shell.ts';
import { type Interruption, interruptible } from './interruption.ts';

/** What is written between two looks for a Ctrl-C. */
const PIECE = 4 << 20;

/** Why the new file beside it cannot be made although the file itself may be written. */
const NO_NEW_FILE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS']);

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** What is written to, in the end. */
interface Target {
  readonly fd: number;
  /** The new file, and where it goes; absent where the file itself is written. */
  readonly move?: { readonly from: string; readonly to: string };
}

let made = 0;

/** A device, a pipe, or a file of several names is no file to take the place of. */
const keepsItsPlace = (there: Stats): boolean => !there.isFile() || there.nlink > 1;

function openTarget(file: string): Target {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there !== undefined && keepsItsPlace(there)) return { fd: openOutput(file) };
  // What a symbolic link leads to is replaced, not the link.
  const to = there === undefined ? file : realpathSync(file);
  // Who may not write the file may not replace it either, although the directory would let them.
  if (there !== undefined) checkWritable(to);
  const from = join(dirname(to), `.dmaheap-${process.pid}-${++made}.new`);
  try {
    const mode = there === undefined ? undefined : there.mode & 0o7777;
    return { fd: createOutput(from, mode), move: { from, to } };
  } catch (error) {
    if (there === undefined || !NO_NEW_FILE.has(codeOf(error) ?? '')) throw error;
    return { fd: openOutput(file) };
  }
}

/** Does something with the file. @throws UnreadableInput instead of the system's own error */
function onFile<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new UnreadableInput('file-unwritable', file, `${file}: cannot be written (${code})`);
  }
}

/**
 * Asks, before long work, whether its file could be written when it is done. Nothing is changed.
 *
 * @throws UnreadableInput
 */
export function checkOutput(file: string): void {
  onFile(file, () => {
    const there = statSync(file, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    if (there !== undefined) accessSync(file, constants.W_OK);
    else accessSync(dirname(file), constants.W_OK | constants.X_OK);
  });
}

export interface OutputFile {
  /** Adds bytes, in slices. */
  add(bytes: Uint8Array): Promise<void>;
}

/** Runs work on the file. @throws UnreadableInput when it cannot be written, Interrupted */
export async function writingTo(
  file: string,
  interruption: Interruption,
  work: (output: OutputFile) => Promise<void>,
): Promise<void> {
  let target: Target | undefined;
  // A pipe is opened when its reader is there.
  await interruption.atMercy(() => {
    target = onFile(file, () => openTarget(file));
  });
  if (target === undefined) return;
  const { fd, move } = target;
  const put = (piece: Uint8Array) => onFile(file, () => writeHost(fd, move?.from ?? file, piece, null));
  const add = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = bytes.subarray(at, at + PIECE);
      if (move === undefined) await interruption.atMercy(() => put(piece));
      else put(piece);
      await interruption.breathe();
    }
  };
  try {
    try {
      await work({ add });
    } finally {
      closeSync(fd);
    }
    if (move !== undefined) onFile(file, () => renameHost(move.from, move.to));
  } catch (error) {
    if (move !== undefined) unlinkQuietly(move.from);
    throw error;
  }
}

/** Writes all of a file. @throws UnreadableInput when it cannot be written, Interrupted */
export async function writeOutput(sh: Shell, file: string, data: string | Uint8Array): Promise<void> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  await interruptible(sh.interrupts, (interruption) =>
    writingTo(file, interruption, (output) => output.add(bytes)),
  );
  sh.ledger.keep();
}
