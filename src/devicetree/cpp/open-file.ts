/** A file that is being read: how far, and within which #if groups. */
import type { Inclusion } from './origin-map.ts';

export interface Conditional {
  /** Where its #if stands. */
  readonly offset: number;
  /** Whether a group was taken, or the whole of it stands in a group that is not. */
  done: boolean;
  /** Whether text is skipped around it too. */
  readonly skippedAround: boolean;
  sawElse: boolean;
  /** The macro of an #ifndef that may guard the whole file. */
  readonly guard: string | undefined;
}

export class OpenFile {
  readonly inclusion: Inclusion;
  /** The inclusion's number in the origin map. */
  readonly number: number;
  readonly text: string;
  readonly end: number;
  pos = 0;
  readonly conditionals: Conditional[] = [];
  skipping = false;
  /** Whether anything but a first #ifndef … #endif was met, so that it guards nothing. */
  unguarded = false;
  /** The macro of a first #ifndef … #endif that is closed. */
  guard: string | undefined;

  constructor(inclusion: Inclusion, number: number) {
    this.inclusion = inclusion;
    this.number = number;
    this.text = inclusion.source.text;
    this.end = this.text.length;
  }

  /** Takes note of text outside of all #if groups. */
  sawText(): void {
    if (this.conditionals.length === 0) this.unguarded = true;
  }
}
