/**
 * A kernel that outlives a process.
 *
 * The interface is all that commands know: it is kept in a directory (`openSession`), in memory
 * (`MemorySession`), and later by a server.
 */
import type { Diagnostic } from '../diagnostic.ts';
import type { BootParams } from '../kernel/boot/boot-params.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { PhysMemory } from '../mm/phys-memory.ts';
import type { PhysRange } from '../units.ts';
import type { JournalEntry, JournalLimit } from './journal.ts';

/** What a kernel was booted from: enough to boot it again. */
export interface BootInputs {
  /** The board as it was given. */
  readonly board: Uint8Array;
  /** The board's file, for messages. */
  readonly file: string;
  readonly format: string;
  readonly params: BootParams;
  /** How much of the journal is kept; absent: JOURNAL_LIMIT. */
  readonly journal?: JournalLimit;
  /** What was assumed of its source, which was not whole: diagnostics with `assumes`. */
  readonly assumed?: readonly Diagnostic[];
}

export interface SessionInfo {
  /** The directory; absent when the session is in memory. */
  readonly path?: string;
  /** How often the session was booted. */
  readonly generation: number;
  /** When, in milliseconds since 1970. */
  readonly bootedAt: number;
  readonly layout: readonly PhysRange[];
  readonly inputs: BootInputs;
  /** Calls in the journal. */
  readonly calls: number;
  /** Calls and accesses since boot. */
  readonly entries: number;
  /** How many of them, the oldest, the journal has dropped. */
  readonly first: number;
  /** The number of the process that serves it while programs run on it. */
  readonly server?: number;
}

/** What a view sees beside the kernel, of the same moment. */
export interface SessionView {
  readonly inputs: BootInputs;
  /** The calls and accesses from number `from` on that are kept, in order. */
  journal(from?: number): readonly JournalEntry[];
  /** How many of them, the oldest, the journal has dropped. */
  readonly dropped: number;
  /** Memory behind the caches: what a device sees. Its bytes are those of now. */
  readonly memory: Pick<PhysMemory, 'read'>;
}

export interface Session {
  /**
   * Runs `body` on the kernel, alone: no other transaction runs at the same time, in any process.
   * What it changed is on disk when this returns; when `body` throws, nothing of it has happened,
   * except that bytes written to memory stay written.
   *
   * The session is locked meanwhile: read standard input and files before, print afterwards. `body`
   * must not be asynchronous.
   *
   * @throws SessionError
   */
  transact<T>(body: (kernel: Kernel) => T): T;

  /**
   * Runs `body` on the kernel as it was after the last transaction, without waiting for one that is
   * running. Memory is not part of that: its bytes are read as they are now. A change is a bug and
   * throws. `body` runs again when the session is booted anew meanwhile: print afterwards.
   *
   * @throws SessionError
   */
  view<T>(body: (kernel: Kernel, seen: SessionView) => T): T;

  /** The calls and accesses from number `from` on, in order. @throws SessionError */
  journal(from?: number): readonly JournalEntry[];

  /** @throws SessionError */
  info(): SessionInfo;

  /** What was assumed of the board, as its inputs say; without reading the board. @throws SessionError */
  assumed(): readonly Diagnostic[];

  /** Lets go of files. The session stays as it is. */
  close(): void;
}
