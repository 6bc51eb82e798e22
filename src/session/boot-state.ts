/** What a session remembers beside the kernel's records: which boot it is, and what it was booted from. */
import type { Diagnostic } from '../diagnostic.ts';
import { Printk } from '../printk.ts';
import type { Records } from '../records.ts';
import type { PhysRange } from '../units.ts';
import { beginJournal, JOURNAL_LIMIT } from './journal.ts';
import type { BootInputs } from './session.ts';
import { SessionError } from './session-error.ts';

/** What a session remembers beside the kernel's records. */
export interface BootState {
  readonly generation: number;
  /** The number of the file that holds its bytes. */
  readonly arena: number;
  readonly bootedAt: number;
  readonly layout: readonly PhysRange[];
  /** How many lines boot printed. */
  readonly bootLines: number;
  /** What was assumed of the board: of its inputs, kept where every command looks. */
  readonly assumed?: readonly Diagnostic[];
}

const STATE = 'session/state';
const INPUTS = 'session/inputs';

export const bootState = (records: Records): BootState | undefined => records.get<BootState>(STATE);

/** Puts a booted kernel's records, and what it was booted from, into an empty store. */
export function putBoot(
  records: Records,
  state: Omit<BootState, 'bootLines'>,
  inputs: BootInputs,
  booted: Records,
): void {
  for (const [key, value] of booted.list('')) records.put(key, value);
  const { assumed } = inputs;
  const bootLines = new Printk(booted).nextSeq;
  records.put<BootState>(STATE, { ...state, bootLines, ...(assumed && { assumed }) });
  records.put(INPUTS, inputs);
  beginJournal(records, inputs.journal ?? JOURNAL_LIMIT);
}

/** The bytes are in another file from now on. */
export function putArena(records: Records, arena: number): void {
  const state = bootState(records);
  if (state !== undefined) records.put<BootState>(STATE, { ...state, arena });
}

/** @throws SessionError when they are lost */
export function inputsOf(records: Records): BootInputs {
  const inputs = records.get<BootInputs>(INPUTS);
  if (inputs === undefined) throw new SessionError('session-damaged', 'the session lost its boot inputs');
  return inputs;
}
