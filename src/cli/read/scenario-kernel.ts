/** The kernel of a scenario where its user names one, and what is said about it. */
import type { Diagnostic } from '../../diagnostic.ts';
import { spokenFor } from '../../kernel/boot/spoken-for.ts';
import type { PreparedScenario } from '../../scenario/index.ts';

/** Kernels that a user names. */
export interface GivenKernels {
  /** By an option: instead of the scenario's. */
  readonly option?: string | undefined;
  /** By the environment: where neither the scenario nor its board names one. */
  readonly environment: string | undefined;
}

export function withKernel(
  prepared: PreparedScenario,
  { option, environment }: GivenKernels,
): PreparedScenario {
  const { board, params } = prepared;
  const kernel = option ?? params.kernel ?? board.kernel ?? environment;
  return kernel === undefined ? prepared : { ...prepared, params: { ...params, kernel } };
}

/** What a boot of it warns of. */
export const kernelWarnings = ({ board, params }: PreparedScenario): readonly Diagnostic[] =>
  spokenFor(board, params).diagnostics.filter(({ severity }) => severity === 'warning');
