/** A difference between the kernels, and what stands behind it. */
import { isUnverified } from './kernels.ts';

/** A recorded case of the oracle, or the output of a recorded program (`programs/…`), and a text in it that shows the fact. */
interface Recording {
  readonly recording: string;
  readonly shows: string;
}

/** What says so: a recorded kernel, the source, or the changelog of a stable update. */
export type Evidence = Recording | 'source' | { readonly changelog: string };

export interface KernelChange {
  /** From this release on, until the next change. */
  readonly since: string;
  readonly says: string;
  readonly evidence: Evidence;
}

export interface KernelDifference {
  readonly about: string;
  /** The kernel's function, or its file, that decides it. */
  readonly where: string;
  /** The oldest first. */
  readonly changes: readonly KernelChange[];
}

/** @param since a release */
export const change = (since: string, says: string, evidence: Evidence): KernelChange => ({
  since,
  says,
  evidence,
});
/** A case, by its folder and name, and a text in it. */
export const seen = (recording: string, shows: string): Recording => ({ recording, shows });

/** Whether no recording shows a change, or the kernel that it is about is in none. */
export const isUnverifiedChange = ({ since, evidence }: KernelChange): boolean =>
  isUnverified(since) || typeof evidence === 'string' || 'changelog' in evidence;
