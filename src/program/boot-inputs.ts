/** What a boot loader and a user give beside a board, as people say it, and the parameters of a boot that it makes. */
import { optionMeant } from '../board/option-meant.ts';
import type { BootParams } from '../kernel/boot/boot-params.ts';
import type { FaultRule } from '../kernel/faults/fault-rule.ts';
import type { ConfigProblem } from '../profile/config.ts';
import { parseWhole } from '../units.ts';

/** The parameters, but what udev makes of the nodes of /dev/dma_heap said as its rules say it. */
export interface BootInputs extends Omit<BootParams, 'heapMode' | 'heapGid' | 'modules'> {
  /** MODE: permission bits. */
  readonly mode?: number;
  /** GROUP: a number. */
  readonly group?: number;
}

/** A configuration option by its whole name: CMA_SIZE_MBYTES is CONFIG_CMA_SIZE_MBYTES. */
export const configKey = (key: string): string => (key.startsWith('CONFIG_') ? key : `CONFIG_${key}`);

/** The option that was most likely meant by one that the model does not read. */
export const configMeant = ({ key }: Pick<ConfigProblem, 'key'>): string | undefined => optionMeant(key);

/** Permission bits in octal, as a udev rule has them: 0660. */
export const parseMode = (text: string): number | undefined =>
  /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined;

/** What chance begins with: 32 bits. */
export const parseSeed = (text: string): number | undefined => parseWhole(text, 0xffffffff);

/** A fault rule whose chance begins with this seed, unless it names one itself. */
export const seeded = (rule: FaultRule, seed: number): FaultRule =>
  'chance' in rule && rule.chance !== undefined && rule.seed === undefined ? { ...rule, seed } : rule;

/** The parameters of a boot; what was not given is absent. With a group and no mode udev gives 0660. */
export function bootParamsOf({ mode, group, ...given }: BootInputs): BootParams {
  const heapMode = mode ?? (group === undefined || group === 0 ? undefined : 0o660);
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(heapMode !== undefined && { heapMode }),
    ...(group !== undefined && { heapGid: group }),
  };
}
