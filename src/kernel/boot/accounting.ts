/** Which heaps charge cgroups in this boot, and the cgroups and regions that there are for it. */
import { type MemoryCmdline, parseCmdline } from '../../board/cmdline.ts';
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

/**
 * What a user's switches and the command line turn on, and what is wrong with the switches.
 *
 * @param hasNoDmem whether the configuration says that CONFIG_CGROUP_DMEM is off; a defconfig says nothing
 */
export function accountingOf(
  profile: Profile,
  params: BootParams,
  bootargs: string,
  hasNoDmem: boolean,
): { readonly accounting: readonly Accounting[]; readonly problems: readonly Problem[] } {
  const asked = params.accounting ?? [];
  const words = parseCmdline(params.cmdline ?? bootargs);
  const { linux, config, coherent_series } = profile;
  const problems = asked.flatMap(
    (one) => refusal(one, profile, hasNoDmem) ?? contradiction(one, words) ?? [],
  );
  const isOn =
    words.memAccounting === true &&
    words.uncharged === undefined &&
    linux.memAccounting &&
    config.CONFIG_MEMCG;
  const on = withGate(isOn ? ['memcg', ...asked] : asked);
  // The charging is part of what v1 is, and has the gate of memcg.
  const isOfSeries = on.includes('memcg') && !hasNoDmem && seriesRules(coherent_series)?.charges === true;
  return { accounting: withGate(isOfSeries ? [...on, 'dmem-coh-v1'] : on), problems };
}

/** A switch beside a word of the command line that turns it off. */
function contradiction(one: Accounting, words: MemoryCmdline): Problem | undefined {
  const off = words.memAccounting === false ? words.memAccountingWord : words.uncharged;
  if (off === undefined) return undefined;
  return error(
    'accounting-cmdline',
    `${off} on the command line turns memcg off, ${one === 'memcg' ? 'which is asked for' : `and ${one} with it here`}`,
    'leave the word or the switch out',
  );
}

function refusal(one: Accounting, profile: Profile, hasNoDmem: boolean): Problem | undefined {
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
  if (hasNoDmem && isProposal(one)) {
    return error(
      'accounting-config',
      `${one} needs CONFIG_CGROUP_DMEM, which is n`,
      'add --config CGROUP_DMEM=y',
    );
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
