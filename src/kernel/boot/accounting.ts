/** Which heaps charge cgroups in this boot, and the cgroups and regions that there are for it. */
import { parseCmdline } from '../../board/cmdline.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { type Controller, createRootCgroup } from '../../mm/account/cgroup-records.ts';
import { registerDmemRegion } from '../../mm/account/dmem.ts';
import type { EarlyBoot, EarlyCma } from '../../mm/early/early-boot.ts';
import { type Accounting, isProposal, withGate } from '../../profile/accounting.ts';
import { seriesRules } from '../../profile/coherent-series.ts';
import { linuxName, type Profile } from '../../profile/profile.ts';
import type { BootParams } from './boot-params.ts';

type Problem = Omit<Diagnostic, 'position'>;

const error = (code: string, message: string, hint: string): Problem => ({
  code,
  severity: 'error',
  message,
  hint,
});

/** What a user's switches and the command line turn on, and what is wrong with the switches. */
export function accountingOf(
  profile: Profile,
  params: BootParams,
  bootargs: string,
): { readonly accounting: readonly Accounting[]; readonly problems: readonly Problem[] } {
  const asked = params.accounting ?? [];
  const { memAccounting } = parseCmdline(params.cmdline ?? bootargs);
  const { linux, config, coherent_series } = profile;
  const problems = asked.flatMap((one) => refusal(one, profile) ?? []);
  const isOn = memAccounting === true && linux.memAccounting && config.CONFIG_MEMCG;
  const on = withGate(isOn ? ['memcg', ...asked] : asked);
  // The charging is part of what v1 is, and has the gate of memcg.
  const isOfSeries = on.includes('memcg') && seriesRules(coherent_series)?.charges === true;
  return { accounting: withGate(isOfSeries ? [...on, 'dmem-coh-v1'] : on), problems };
}

function refusal(one: Accounting, profile: Profile): Problem | undefined {
  const { linux, config, coherent_series } = profile;
  if (!linux.memAccounting) {
    return error(
      'accounting-kernel',
      `${linuxName(profile)} does not charge buffers to cgroups: ${one} is of Linux 7.2 and later`,
      'boot a later kernel, or leave the switch out',
    );
  }
  if (!config.CONFIG_MEMCG) {
    return error('accounting-config', `${one} needs CONFIG_MEMCG`, 'leave out CONFIG_MEMCG=n');
  }
  // Only the first version of the series has it; what there is of it otherwise charges nothing.
  if (one === 'dmem-coh-v1') {
    const series =
      coherent_series === 'off'
        ? 'there are no coherent heaps'
        : `${coherent_series} of the coherent heap series charges nothing`;
    return seriesRules(coherent_series)?.charges === true
      ? undefined
      : error(
          'accounting-series',
          `dmem-coh-v1 is of v1 of the coherent heap series; ${series}`,
          'add --coherent v1, or leave the switch out',
        );
  }
  return undefined;
}

/** Makes the root cgroup, and a region of each CMA area where these are charged: cma_activate_area(). */
export function startAccounting({ records, profile }: EarlyBoot, areas: readonly EarlyCma[]): void {
  const { config, accounting } = profile;
  const controllers: Controller[] = [];
  if (config.CONFIG_MEMCG) controllers.push('memory');
  if (config.CONFIG_CGROUP_DMEM || accounting.some(isProposal)) controllers.push('dmem');
  if (controllers.length > 0) createRootCgroup(records, controllers);
  if (!accounting.includes('dmem-cma-v2')) return;
  for (const { name, size } of areas) registerDmemRegion(records, { name: `cma/${name}`, size });
}
