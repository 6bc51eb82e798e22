/** The kernel of a scenario where its user names one. */
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
  const kernel = option ?? params.kernel ?? board.kernel ?? params.vendor?.kernel ?? environment;
  return kernel === undefined ? prepared : { ...prepared, params: { ...params, kernel } };
}
