/** What is told beside a reconstructed session: nothing is assumed in silence. */
import type { At } from './line.ts';

export interface Finding {
  /** `contradiction`: two things cannot both be so. `guess`: nothing says it. `missing`: it would have told more. */
  readonly kind: 'contradiction' | 'guess' | 'missing';
  /** A stable word. */
  readonly code: string;
  readonly message: string;
  /** What was taken instead, or for it. */
  readonly taken?: string;
  readonly at?: At;
}

export type Tell = (finding: Finding) => void;
