/** What a page is about: a board as it was given, the kernel that boots, and what was done since. All of it is in a link. */

import type { PhysRange } from '../units.ts';

/** Something that was done by a click. */
export type PageStep =
  | { readonly do: 'alloc'; readonly heap: string; readonly size: bigint; readonly name?: string }
  | { readonly do: 'free'; readonly fd: number };

export interface PageInputs {
  /** The file's name, for messages and commands. */
  readonly file: string;
  /** A board of any form, a log, a capture. */
  readonly bytes: Uint8Array;
  /** A release of Linux; absent: the one that the input names, or the newest. */
  readonly kernel?: string;
  /** The kernel command line; absent: the one that the input has. */
  readonly cmdline?: string;
  /** RAM, where the input has none or other: `BASE:SIZE` each. */
  readonly memory?: readonly PhysRange[];
  readonly steps: readonly PageStep[];
}

/** The most steps that a page makes: so many clicks nobody makes. */
export const MAX_STEPS = 2000;
