/** The kernel of a scenario, and its configuration, where its user names them. */
import type { PreparedScenario } from '../../scenario/index.ts';
import { type ConfigWords, configParams } from '../words/config-option.ts';

/** Kernels that a user names. */
export interface GivenKernels {
  /** By an option: instead of the scenario's. */
  readonly option?: string | undefined;
  /** By the environment: where neither the scenario nor its board names one. */
  readonly environment: string | undefined;
  /** Instead of the scenario's preset and configuration. */
  readonly preset?: string | undefined;
  readonly config?: ConfigWords | undefined;
}

export function withKernel(
  prepared: PreparedScenario,
  { option, environment, preset, config }: GivenKernels,
): PreparedScenario {
  const { board, params } = prepared;
  const kernel = option ?? params.kernel ?? board.kernel ?? params.vendor?.kernel ?? environment;
  if (kernel === undefined && preset === undefined && config === undefined) return prepared;
  return {
    ...prepared,
    params: {
      ...params,
      ...(kernel !== undefined && { kernel }),
      ...(preset !== undefined && { preset }),
      ...(config !== undefined && configParams(config)),
    },
  };
}
