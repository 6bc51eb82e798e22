/** What heaps charge to the cgroup of whoever allocates, and how a full limit is told. */

import type { OomKiller } from '../mm/account/memcg.ts';
import type { Accounting } from '../profile/accounting.ts';
import { formatSize } from '../units.ts';
import type { FailureRule } from './failure-rule.ts';

/** Whom a buffer is charged to until its last reference goes, wherever its descriptors are. */
export interface Charge {
  readonly cgroup: number;
}

/** The task that allocates, as far as cgroups are concerned. */
export interface ChargedTask extends OomKiller {
  readonly cgroup: number;
}

/** What all heaps of a backend charge. */
export interface HeapAccount {
  readonly controller: 'memory' | 'dmem';
  /** The switch that turns it on. */
  readonly by: Accounting;
  /** The region of `dmem`. @param name the area or pool */
  region?(name: string): string;
}

/** A cgroup's memory.max is reached, and no task could be ended for it. */
export interface MemcgFull {
  readonly kind: 'memcg-full';
  readonly cgroup: string;
}

/** The OOM killer ended the caller. */
export interface OomKilled {
  readonly kind: 'oom-killed';
  readonly cgroup: string;
}

/** A cgroup's dmem.max is reached. */
export interface DmemFull {
  readonly kind: 'dmem-full';
  readonly cgroup: string;
  readonly region: string;
  readonly asked: bigint;
  readonly current: bigint;
  readonly max: bigint;
}

export const DMEM_RULES: Readonly<Record<DmemFull['kind'], FailureRule>> = {
  'dmem-full': {
    where: 'kernel/cgroup/dmem.c: dmem_cgroup_try_charge()',
    rule: 'what a cgroup has of a region stays below its dmem.max',
    change: 'raise dmem.max, or free buffers that are charged to the cgroup',
  },
};

export const MEMCG_RULES: Readonly<Record<(MemcgFull | OomKilled)['kind'], FailureRule>> = {
  'memcg-full': {
    where: 'mm/memcontrol.c: try_charge_memcg()',
    rule: 'what a cgroup and those above it have of memory stays below memory.max',
    change: 'raise memory.max, or free what is charged to it',
  },
  'oom-killed': {
    where: 'mm/oom_kill.c: out_of_memory()',
    rule: 'where a limit is reached and nothing can be reclaimed, a task below it is ended',
    change: 'raise memory.max, or free what is charged to it',
  },
};

/** The failure in words and numbers. */
export function explainAccount(failure: MemcgFull | OomKilled | DmemFull): string[] {
  const { cgroup } = failure;
  switch (failure.kind) {
    case 'memcg-full':
      return [
        `the limit of the cgroup that the task is charged to is reached, and there was no task below it that could be ended; the log says which (the task is in ${cgroup})`,
      ];
    case 'oom-killed':
      return [
        `memory.max above ${cgroup} is reached: the OOM killer ended the caller, which never sees an answer`,
        'which task it picks is a guess here: the sizes of tasks are not modelled, and of equal ones it takes the last',
      ];
    case 'dmem-full': {
      const { region, asked, current, max } = failure;
      return [
        `${formatSize(asked)} asked, ${formatSize(current)} of ${formatSize(max)} used in dmem.max of ${cgroup} for ${region}`,
      ];
    }
  }
}
