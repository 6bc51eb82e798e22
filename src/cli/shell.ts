/**
 * What every command works with: the streams, the global options, and the kernel that it speaks to, which is
 * a session's or one that was booted in memory for this command alone.
 */
import type { Diagnostic } from '../diagnostic.ts';
import type { Report } from '../kernel/coherency/hazard-log.ts';
import { SHELL_TASK } from '../kernel/task.ts';
import { speaksUnverified } from '../profile/profile.ts';
import type { SessionLocation } from '../session/directory.ts';
import { sessionPath } from '../session/directory.ts';
import { openSession } from '../session/local-session.ts';
import type { Session } from '../session/session.ts';
import type { SharedStoreOptions } from '../session/shared-store.ts';
import { type Caller, callerOf, checkTaskName } from './caller.ts';
import { joinReports } from './explain/explain-hazard.ts';
import { type TellContext, UsageError } from './failures.ts';
import { hazardJson } from './json/json.ts';
import { jsonText } from './json/json-text.ts';
import { type BoardOptions, refuseBoardOptions } from './read/boot-inputs.ts';
import { renderDiagnostic } from './render/diagnostic.ts';
import { renderHazards } from './render/hazards.ts';
import { renderReplayed, renderTasksEnded } from './render/replayed.ts';
import { type Ink, makeInk } from './terminal/ink.ts';
import { type Interrupts, processInterrupts } from './terminal/interruption.ts';
import { Ledger } from './terminal/ledger.ts';
import { PAGE, type Page } from './terminal/list-table.ts';
import type { Streams } from './terminal/streams.ts';
import { environmentKernel } from './words/kernel-option.ts';

/** The options that every command takes. */
export interface GlobalOptions {
  readonly session?: string;
  readonly board?: string;
  readonly json?: boolean;
  /** The task that the command acts as. */
  readonly task?: string;
  /** Milliseconds to wait for another process's transaction. */
  readonly wait?: number;
  /** What fails is told with its rule, and with who holds the memory. */
  readonly verbose?: boolean;
  /** False with --no-color. */
  readonly color?: boolean;
}

/** What of this process a command may see. */
export interface Surroundings {
  readonly streams: Streams;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** This process's own unless given. */
  readonly interrupts?: Interrupts;
}

/** Commands that mend the form of a board unasked: they show it, and nobody decides by their exit code. */
const MENDING: readonly string[] = ['list', 'memmap', 'regions'];

const HISTORY_CUT =
  'note: the journal is full: from now on its oldest calls are dropped, and export refuses this session ' +
  '(boot --journal all keeps every call)\n';

const oomNote = (victim: string): string =>
  `note: the OOM killer ended the task ${victim}. Which task it picks is a guess: the sizes of tasks are not modelled\n`;

export class Shell {
  readonly streams: Streams;
  readonly options: GlobalOptions;
  /** What the command has done and said. */
  readonly ledger: Ledger;
  readonly #surroundings: Surroundings;
  readonly #warned = new Set<string>();
  /** What was assumed of the board that the answer rests on. */
  #assumed: readonly Diagnostic[] = [];
  #tellContext: TellContext | undefined;
  /** What went wrong with shared memory during the command, not told yet. */
  #reports: Report[] = [];

  constructor(surroundings: Surroundings, options: GlobalOptions, ledger = new Ledger()) {
    this.streams = surroundings.streams;
    this.options = options;
    this.ledger = ledger;
    this.#surroundings = surroundings;
  }

  /** Prints a command's result, and after it what went wrong with shared memory on the way. */
  async answer(json: () => Readonly<Record<string, unknown>>, text: (ink: Ink) => string): Promise<void> {
    if (this.options.json === true) {
      const hazards = this.takeReports().map(hazardJson);
      const answer = json();
      const { profile } = answer;
      const unverified = typeof profile === 'string' && speaksUnverified(profile);
      this.#say(
        jsonText({
          ...answer,
          ...(unverified && { unverified }),
          ...(this.#assumed.length > 0 && { assumed: this.#assumed }),
          ...(hazards.length > 0 && { hazards }),
        }),
      );
      return;
    }
    this.#say(text(await this.ink('out')));
    await this.tellReports();
  }

  /** Prints the answer; what becomes of it when that fails is told in main.ts. */
  #say(answer: string): void {
    this.ledger.say(answer);
    this.streams.out(answer);
  }

  /** The reports that were not told yet, neighbours joined; they count as told. */
  takeReports(): readonly Report[] {
    const reports = joinReports(this.#reports);
    this.#reports = [];
    return reports;
  }

  /** Tells on standard error what went wrong with shared memory: for commands that print as they go. */
  async tellReports(): Promise<void> {
    // The command fails with what a fault has to say.
    const reports = this.takeReports().filter(({ report }) => report !== 'dma-fault');
    if (reports.length === 0) return;
    this.streams.err(renderHazards(reports, await this.ink('err')));
  }

  /** How a Ctrl-C reaches work in slices. */
  get interrupts(): Interrupts {
    return this.#surroundings.interrupts ?? processInterrupts;
  }

  /** The task that the command acts as. @throws UsageError for a name that none can have */
  get task(): string {
    return checkTaskName(this.options.task ?? SHELL_TASK);
  }

  /** A transaction as the command's task, which is started when there is none of that name. */
  transact<T>(session: Session, body: (caller: Caller) => T): T {
    const { task } = this;
    const { value, startedPid, reports, victims } = session.transact((kernel) => {
      const mark = kernel.hazards.nextSeq;
      const victims: string[] = [];
      // The caller itself hears of it as its call's failure.
      kernel.onOomKill = (victim) => victim !== task && victims.push(victim);
      const { caller, startedPid } = callerOf(kernel, task, this.#tellContext);
      const value = body(caller);
      return { value, startedPid, reports: [...kernel.hazards.since(mark)], victims };
    });
    if (startedPid !== undefined) this.streams.err(`started task ${task} (pid ${startedPid})\n`);
    for (const victim of victims) this.streams.err(oomNote(victim));
    this.#reports.push(...reports);
    return value;
  }

  /** Says so where the task that a command asks as is not there: it is not started, and the answer is that of a new one. */
  noteAbsentTask(session: Session): void {
    const { task } = this;
    if (this.options.task === undefined || session.view((kernel) => kernel.hasTask(task))) return;
    this.streams.err(`note: there is no task ${task}; the answer is that of a new one\n`);
  }

  /** How the session's store is used, and what is told of it. */
  get storeOptions(): SharedStoreOptions {
    const { wait } = this.options;
    return {
      ...(wait !== undefined && { wait }),
      onReplayed: (what) => this.streams.err(renderReplayed(what)),
      onLongWait: (who) => this.streams.err(`note: waiting for the session: ${who} has its lock\n`),
    };
  }

  /** The colours for one of the streams. */
  ink(stream: 'out' | 'err'): Promise<Ink> {
    const { streams, env } = this.#surroundings;
    const refused = this.options.color === false;
    const terminal = stream === 'out' ? streams.outIsTerminal : streams.errIsTerminal;
    return makeInk({ terminal, refused, env });
  }

  /** What tables have to fit into: $COLUMNS, else the terminal's width, else 80. */
  get page(): Page {
    const { streams, env } = this.#surroundings;
    const columns = /^[1-9]\d{0,4}$/.test(env.COLUMNS ?? '') ? Number(env.COLUMNS) : streams.outColumns;
    return { width: columns || PAGE.width, ellipsis: this.unicode ? '…' : PAGE.ellipsis };
  }

  /** Whether the reader's locale has more letters than ASCII. */
  get unicode(): boolean {
    const { env } = this.#surroundings;
    return /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '');
  }

  /** The kernel that the environment names. @throws UsageError when there is none such */
  get environmentKernel(): string | undefined {
    return environmentKernel(this.#surroundings.env);
  }

  /** Where the session is. */
  location(): SessionLocation {
    const { env, cwd } = this.#surroundings;
    return sessionPath({ flag: this.options.session, env, cwd });
  }

  /** Refuses --board. @param command for the message */
  refuseBoard(command: string): void {
    const { board } = this.options;
    if (board === undefined) return;
    throw new UsageError(
      `${command} works on a session, not on a boot in memory`,
      `Make a session first: dmaheap boot ${board}`,
    );
  }

  /** Refuses the options that say which session, and how. @param command for the message */
  refuseSession(command: string): void {
    for (const option of ['session', 'wait'] as const) {
      if (this.options[option] === undefined) continue;
      throw new UsageError(`${command} uses no session: --${option} would be ignored`);
    }
  }

  /** The session. @throws SessionError when there is none */
  async session(command: string): Promise<Session> {
    this.refuseBoard(command);
    await this.#readyToTell();
    const session = openSession(this.location(), {
      ...this.storeOptions,
      onHistoryCut: () => this.streams.err(HISTORY_CUT),
      onTasksEnded: (tasks) => this.streams.err(renderTasksEnded(tasks)),
    });
    const assumed = session.assumed();
    // Of its form `session info` tells; what memory depends on marks every answer.
    await this.warn(assumed.filter(({ assumes }) => command === 'session info' || assumes === 'memory'));
    return this.ledger.over(session);
  }

  /** The mark of an answer in words that rests on what was assumed of memory; empty for any other. */
  get assumedMark(): string {
    const count = this.#assumed.filter(({ assumes }) => assumes === 'memory').length;
    if (count === 0) return '';
    return `assumed: this rests on ${count} ${count === 1 ? 'guess' : 'guesses'} about memory (--repair)\n`;
  }

  /** The session, or with --board one in memory that is booted for this command. */
  async machine(command: string, options: BoardOptions): Promise<Session> {
    const { board } = this.options;
    if (board === undefined && (options.arch === undefined || options.memory === undefined)) {
      refuseBoardOptions(options);
      return this.session(command);
    }
    const { bootInMemory, needsNoBoard, prepareBoot, prepareWithoutBoard } = await import(
      './read/prepare-boot.ts'
    );
    if (board === undefined && !needsNoBoard(options)) refuseBoardOptions(options);
    this.refuseSession(`${command} ${board === undefined ? '--arch' : '--board'}`);
    const mendsForm = MENDING.includes(command);
    const prepared =
      board === undefined
        ? await prepareWithoutBoard(options, this.environmentKernel)
        : await prepareBoot(board, { ...options, mendsForm }, this.environmentKernel);
    await this.warn([...(prepared.inputs.assumed ?? []), ...prepared.warnings]);
    await this.#readyToTell();
    const session = bootInMemory(prepared);
    await this.warn(session.view((kernel) => kernel.warnings()));
    return session;
  }

  /** Loads what `--verbose` adds to failures, which transactions cannot wait for. */
  async #readyToTell(): Promise<void> {
    if (this.options.verbose !== true) return;
    this.#tellContext = (await import('./explain/told-context.ts')).tellContext;
  }

  /** Prints what is odd about a board, each warning once. What was assumed of it marks the answer, too. */
  async warn(warnings: readonly Diagnostic[]): Promise<void> {
    if (warnings.length === 0) return;
    const ink = await this.ink('err');
    const texts = new Set(warnings.map((warning) => renderDiagnostic(warning, ink)));
    const fresh = [...texts].filter((text) => !this.#warned.has(text));
    for (const text of fresh) this.#warned.add(text);
    const told = new Set(this.#assumed.map((one) => JSON.stringify(one)));
    const assumed = warnings.filter((one) => one.assumes !== undefined && !told.has(JSON.stringify(one)));
    this.#assumed = [...this.#assumed, ...assumed];
    if (fresh.length > 0) this.streams.err(fresh.join(''));
  }
}
