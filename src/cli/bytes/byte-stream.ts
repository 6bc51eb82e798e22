/** Moves bytes in chunks, each in a transaction of its own, so that no others wait long and Ctrl-C comes in. */
import type { Report } from '../../kernel/coherency/hazard-log.ts';
import { WRITE_PIECE } from '../../program/byte-moves.ts';
import { withReports } from '../calls.ts';
import { EXIT_NO, exitCode } from '../exit-code.ts';
import { CallFailed } from '../failures.ts';
import { hazardJson } from '../json/json.ts';
import { jsonLine } from '../json/json-text.ts';
import type { Shell } from '../shell.ts';
import { type Interruption, interruptible } from '../terminal/interruption.ts';
import { Progress } from '../terminal/progress.ts';
import { attempt } from './attempt.ts';
import type { ByteTarget, Place } from './byte-target.ts';

/** A multiple of 3, so that base64 of a chunk has no padding inside. */
export const CHUNK = WRITE_PIECE;

/** How many of the bytes that are left go into the next transaction. */
export const nextChunk = (left: bigint): number => Math.min(Number(left), CHUNK);

/** The bytes in chunks. @throws CallFailed or a fault */
export function* readChunks({ sh, session }: Place, target: ByteTarget): Generator<Uint8Array> {
  const { length = 0n } = target;
  for (let done = 0n; done < length; done += BigInt(CHUNK)) {
    const bytes = new Uint8Array(nextChunk(length - done));
    attempt(sh, session, (caller) => target.read(caller, done, bytes));
    yield bytes;
  }
}

/** Stores a chunk. @throws CallFailed or a fault */
export function writeChunk({ sh, session }: Place, target: ByteTarget, at: bigint, bytes: Uint8Array): void {
  if (bytes.length > 0) attempt(sh, session, (caller) => target.write(caller, at, bytes));
}

/** What work on bytes does between two chunks. */
export interface Slices {
  readonly interruption: Interruption;
  /** Says how much is done, and lets a Ctrl-C in. @throws Interrupted */
  at(done: bigint): Promise<void>;
  /** Writes to standard output, whose reader may be asleep. */
  out(data: string | Uint8Array): Promise<void>;
}

/**
 * Runs work on bytes with its progress; Ctrl-C ends it between two chunks. When it fails, what went wrong with
 * shared memory before is told first: it may be the reason.
 *
 * @param total bytes; `undefined` when it is not known
 */
export async function streamed(
  sh: Shell,
  what: string,
  total: bigint | undefined,
  work: (slices: Slices) => Promise<void>,
): Promise<void> {
  const progress = new Progress(sh.streams, what, total);
  try {
    await interruptible(sh.interrupts, (interruption) =>
      work({
        interruption,
        at: async (done) => {
          progress.show(done);
          await interruption.breathe();
        },
        out: (data) => interruption.atMercy(() => sh.streams.out(data)),
      }),
    );
  } catch (thrown) {
    if (thrown instanceof CallFailed) throw await withReports(sh, thrown);
    if (exitCode(thrown) === EXIT_NO) await sh.tellReports();
    throw thrown;
  } finally {
    progress.end();
  }
}

/** The beginning of an object whose last member is written piece by piece. */
export const jsonHead = (members: Readonly<Record<string, unknown>>, last: string): string =>
  `${jsonLine(members).slice(0, -1)},${JSON.stringify(last)}:"`;

/** Its end, with the reports when there are any. */
export function jsonTail(reports: readonly Report[]): string {
  return reports.length === 0 ? '"}\n' : `","hazards":${jsonLine(reports.map(hazardJson))}}\n`;
}
