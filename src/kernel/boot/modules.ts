/**
 * The heap modules: what is built in registers at boot, a module when it is loaded. Models kernel/module/main.c
 * (Linux 7.3) as far as drivers/dma-buf/heaps/ goes.
 */
import { applyUdevRule } from '../../dma-buf/dma-heap.ts';
import {
  configuredModules,
  HEAP_MODULES,
  type HeapModule,
  type ModulePlan,
} from '../../dma-buf/heap-modules.ts';
import { initModule, type RegistrationProblem } from '../../dma-buf/register-heaps.ts';
import type { EarlyBoot } from '../../mm/early/early-boot.ts';
import type { Printk } from '../../printk.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import { fail, ok, type SyscallResult } from '../calls/results.ts';
import type { BootParams } from './boot-params.ts';
import { BOOT_RECORD, type BootRecord, bootRecord } from './boot-record.ts';
import type { DeclaredHeaps, DeclaredPlan } from './declared-heaps.ts';
import { type Registered, regionsWithModule } from './regions.ts';

/** What a module that is not loaded will do when it is, and the udev rule that its nodes then get. */
interface WaitingModule {
  readonly plan: ModulePlan;
  readonly udev: { readonly mode?: number; readonly gid?: number };
}

const waitingKey = (module: string): string => recordKey('module', module);

/**
 * Registers the heaps of every module but those that are to wait, which are kept for later.
 *
 * @param plans what each module registers
 * @param declared heaps of vendors' code, before and after them
 */
export function loadModules(
  { records, printk, profile }: EarlyBoot,
  plans: readonly ModulePlan[],
  params: BootParams,
  declared: DeclaredHeaps,
): Registered {
  const udev = {
    ...(params.heapMode !== undefined && { mode: params.heapMode }),
    ...(params.heapGid !== undefined && { gid: params.heapGid }),
  };
  const later = new Set<string>([...profile.modules, ...(params.modules ?? [])]);
  for (const rule of params.faults ?? []) if (rule.does === 'module') later.add(rule.module);
  const waiting = new Set<HeapModule>();
  const pools: [number, RegistrationProblem][] = [];
  const areas: [number, RegistrationProblem][] = [];
  const registerDeclared = (at: DeclaredPlan['at']) => {
    for (const plan of declared.plans) {
      if (plan.at === at) declared.register(records, printk, plan);
    }
  };
  registerDeclared('fs_initcall');
  for (const module of HEAP_MODULES) {
    registerDeclared(module);
    const plan = plans.find((one) => one.module === module);
    if (plan === undefined || declared.replaces.has(module)) continue;
    if (later.has(plan.module)) {
      waiting.add(plan.module);
      records.put<WaitingModule>(waitingKey(plan.module), { plan, udev });
      // A pool that will be refused has no memory now either.
      if (plan.module !== 'coherent_heap') continue;
      for (const { index, refused } of plan.pools) if (refused) pools.push([index, refused.problem]);
      continue;
    }
    const init = initModule(records, printk, plan);
    pools.push(...init.pools);
    areas.push(...init.areas);
  }
  registerDeclared('module_init');
  applyUdevRule(records, udev);
  return {
    pools: new Map(pools),
    areas: new Map(areas),
    waiting,
    declared: declared.byRegion(),
    undeclared: declared.problems,
  };
}

/** The modules that the kernel has: built in, loaded or not. */
const knownModules = (records: Records): readonly string[] => configuredModules(profileIn(records));

const noSuchModule = (records: Records, module: string): SyscallResult =>
  fail('ENOENT', { kind: 'no-such-module', module, known: knownModules(records) });

/**
 * Loads a module, whose heaps get the next minors: init_module(2). One that is there already is left alone, and a
 * name may have - for _, as modprobe(8) has it.
 */
export function loadModule(records: Records, printk: Printk, name: string): SyscallResult {
  const module = name.replaceAll('-', '_');
  if (!knownModules(records).includes(module)) return noSuchModule(records, name);
  const waiting = records.get<WaitingModule>(waitingKey(module));
  if (waiting === undefined) return ok(0);
  const init = initModule(records, printk, waiting.plan);
  const boot = bootRecord(records);
  const regions = regionsWithModule(records, boot.regions, waiting.plan, init);
  records.put<BootRecord>(BOOT_RECORD, { ...boot, regions });
  if (init.errno !== undefined) return fail(init.errno);
  applyUdevRule(records, waiting.udev);
  records.delete(waitingKey(module));
  return ok(0);
}

/** delete_module(2): a module with an init and no exit stays; kernel/module/main.c (Linux 7.3). */
export function unloadModule(records: Records, name: string): SyscallResult {
  const module = name.replaceAll('-', '_');
  if (!knownModules(records).includes(module)) return noSuchModule(records, name);
  if (records.get<WaitingModule>(waitingKey(module)) !== undefined) return fail('ENOENT');
  return fail('EBUSY', { kind: 'module-has-no-exit', module });
}

/** The modules that are not loaded yet. */
export const waitingModules = (records: Records): readonly string[] =>
  [...records.list<WaitingModule>('module/')].map(([, { plan }]) => plan.module);
