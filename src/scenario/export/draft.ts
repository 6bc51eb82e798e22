/** A step in the making: what it does, and which part of the journal it tells. */
import type { Expect, Step } from '../form.ts';
import type { History } from './history.ts';
import type { Names } from './names.ts';

/** Where an export stands in the journal. */
export interface Cursor {
  readonly history: History;
  readonly names: Names;
  /** The entry at hand. */
  readonly at: number;
  /** One past the last entry that is told. */
  readonly end: number;
  /** Neighbouring accesses may be told as one: nobody counts calls, and no chance is drawn for each. */
  readonly mayJoin: boolean;
}

export interface Draft {
  /** The action alone. */
  readonly action: Step;
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
