/** A step in the making: what it does, and which part of the journal it tells. */

import type { Device } from '../../mm/dma/device.ts';
import type { JournalCall } from '../../session/journal.ts';
import type { Expect } from '../expect-form.ts';
import type { AnyStep } from '../step.ts';
import { type History, isCall } from './history.ts';
import type { Names } from './names.ts';

/** Where an export stands in the journal. */
export interface Cursor {
  readonly history: History;
  readonly names: Names;
  /** The devices as the journal left them so far. */
  readonly devices: Map<string, Device>;
  /** The entry at hand. */
  readonly at: number;
  /** One past the last entry that is told. */
  readonly end: number;
  /** Neighbouring accesses may be told as one: nobody counts calls, and no chance is drawn for each. */
  readonly mayJoin: boolean;
}

export interface Draft {
  /** The action alone. */
  readonly action: AnyStep;
  /** How many entries it tells. */
  readonly entries: number;
  readonly task: string;
  readonly as?: string;
  readonly expect?: Expect;
  /** A comment above it. */
  readonly comment?: string;
  /** Bytes that the journal does not have were replaced. */
  readonly standIn?: boolean;
  /** It stands for a call that no action says. */
  readonly replaced?: boolean;
  readonly fill?: Fill;
}

/** Bytes that are the same all over, which may be joined with those that follow. */
export interface Fill {
  /** Whose bytes, and which byte. */
  readonly what: string;
  readonly offset: bigint;
  readonly length: bigint;
  /** The step for so many of them. */
  build(offset: bigint, length: bigint): Pick<Draft, 'action' | 'comment'>;
}

/** What cannot be said in a scenario: a comment instead of a step. */
export interface Unsaid {
  readonly unsaid: string;
  readonly entries: number;
}

export type CallName = JournalCall['call']['call'];

/** A call of the journal of one kind. */
export type CallEntry<Name extends CallName> = JournalCall & {
  readonly call: Extract<JournalCall['call'], { call: Name }>;
};

/** The call at a place of the journal, when it is the task's and of that kind. */
export function callAt<Name extends CallName>(
  { history, end }: Pick<Cursor, 'history' | 'end'>,
  at: number,
  task: string,
  name: Name,
): CallEntry<Name> | undefined {
  const entry = at < end ? history.entries[at] : undefined;
  return isCall(entry) && entry.task === task && isOf(entry, name) ? entry : undefined;
}

const isOf = <Name extends CallName>(entry: JournalCall, name: Name): entry is CallEntry<Name> =>
  entry.call.call === name;
