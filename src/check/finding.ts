/** What a check says of a board: data, for text, JSON and SARIF alike. */
import type { SourcePosition } from '../diagnostic.ts';
import type { BootDifference } from '../program/boots/boot-differences.ts';
import type { TreeEdit } from './tree-edit.ts';

/** `note`: worth knowing, and no mistake. */
export type Severity = 'error' | 'warning' | 'note';

/** A named check. */
export interface CheckAbout {
  readonly name: string;
  readonly severity: Severity | 'off';
  /** What it finds, in one sentence. */
  readonly about: string;
  /** Whose name it is: dtc's, or ours. */
  readonly by: 'dtc' | 'dmaheap';
}

/** Something to try: changes to the tree, to the command line or to the configuration. */
export interface Repair {
  readonly edits?: readonly TreeEdit[];
  /** The whole command line that boots. */
  readonly cmdline?: string;
  readonly config?: Readonly<Record<string, string>>;
  /** What is done, in one sentence without a full stop. */
  readonly say: string;
}

/** A repair that was booted: the finding is gone, and nothing else came. */
export interface TriedRepair extends Repair {
  /** The source that makes the changes to the tree. */
  readonly source: readonly string[];
  /** What the boot has otherwise: heaps and regions that come, go, move or are renamed. */
  readonly changes: readonly BootDifference[];
}

/** What a check has found, before its repairs are tried. */
export interface Found {
  readonly check: string;
  readonly severity: Severity;
  /** What is wrong, without the node, so that the same of several nodes is one sentence. */
  readonly message: string;
  /** The full path of the node, and of its property behind a colon. */
  readonly path?: string;
  readonly position?: SourcePosition;
  /** What to do. */
  readonly hint?: string;
  /** Lines of the kernel log that are about it; absent: none are looked for. */
  readonly log?: readonly string[];
  /** In the order in which they are tried; worked out when it comes to that. */
  readonly repairs?: () => readonly Repair[];
}

export interface Finding extends Omit<Found, 'repairs' | 'log'> {
  readonly log: readonly string[];
  readonly repair?: TriedRepair;
}
