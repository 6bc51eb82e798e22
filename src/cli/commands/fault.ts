import type { Command } from 'commander';
import type { FaultRule, KeptRule } from '../../kernel/faults/fault-rule.ts';
import { formatFaultRule } from '../../kernel/faults/fault-text.ts';
import type { FaultView } from '../../kernel/faults/faults.ts';
import { makeCalls } from '../calls.ts';
import { UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';
import { renderFaults } from '../render/faults.ts';
import { readCount } from '../words/arguments.ts';
import { readFaultRule, refuseUnknownSubjects, subjectsOf } from '../words/fault-option.ts';

const FORM = `
A rule is key=value joined by commas. What happens:
  errno=ERRNO             a call fails, an allocation unless call= says another
  exit=TASK               the task dies instead of a call
  leak=TASK               the task forgets to close a buffer's descriptor
  busy=ADDRESS:SIZE       pages of a CMA area are pinned
  module=MODULE           not loaded at boot (boot and --board only)
Of which calls: call= (alloc, sync, open, close, mmap, dup, …), task=,
and of alloc heap=, size= (8M, ">=1M"). The heap and the tasks that it names
must be there, or it ends with later: errno=EIO,call=sync,task=camera,later.
When: nth=N (from 1), every=N, from=N (the kernel's calls from number N on),
chance=0.1 with seed=N, times=N.
`;

const faultJson = ({ id, rule, seen, struck }: FaultView) => ({
  id,
  rule: formatFaultRule(rule),
  seen,
  struck,
});

function kept(rule: FaultRule): KeptRule {
  if (rule.does !== 'module') return rule;
  throw new UsageError(
    `${rule.module} is loaded or not when the kernel boots`,
    `Give --fault ${formatFaultRule(rule)} to boot`,
  );
}

function faultAdd(parent: Command, { shell }: Registry): void {
  const command = parent
    .command('add')
    .summary('a rule from now on: prints its number')
    .description('Adds a rule, and prints its number.')
    .argument('<rule>', 'such as errno=ENOMEM,heap=video-cma@60000000,nth=3', readFaultRule)
    .addHelpText('after', FORM)
    .addHelpText(
      'after',
      examples(
        'dmaheap fault add errno=ENOMEM,heap=video-cma@60000000,nth=3',
        'dmaheap fault add errno=EMFILE,task=camera,chance=0.2,seed=7',
        "dmaheap fault add 'errno=EINTR,size=>=1M,every=4'",
        'dmaheap fault add exit=camera,nth=20,later    # of a task that starts later',
        'dmaheap fault add leak=camera',
      ),
    )
    .action(async (given: FaultRule) => {
      const sh = shell(command);
      const rule = kept(given);
      const session = await sh.session('fault add');
      const id = await makeCalls(sh, session, ({ kernel, must }) => {
        refuseUnknownSubjects([rule], subjectsOf(kernel));
        return must(`fault add: ${formatFaultRule(rule)}`, { call: 'fault_add', rule });
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.fault/1', id, rule: formatFaultRule(rule) }),
        () => `${id}\n`,
      );
    });
}

function faultList(parent: Command, { shell }: Registry): void {
  const command = parent
    .command('list')
    .summary('the rules, and how often each struck')
    .description('Lists the rules: how many calls each was about, and how many it struck.')
    .addHelpText('after', examples('dmaheap fault list', `dmaheap fault list --json | jq '.faults[].struck'`))
    .action(async () => {
      const sh = shell(command);
      const session = await sh.session('fault list');
      const { faults, modules, profile } = session.view((kernel) => ({
        faults: kernel.faults(),
        modules: kernel.waitingModules(),
        profile: kernel.info().banner,
      }));
      await sh.answer(
        () => ({
          schema: 'dmaheap.faults/1',
          profile,
          faults: faults.map(faultJson),
          not_loaded: modules,
        }),
        (ink) => renderFaults(faults, modules, ink),
      );
    });
}

function faultRemove(parent: Command, { shell }: Registry): void {
  const command = parent
    .command('rm')
    .summary('remove rules')
    .description('Removes rules by number; pages that one had pinned can be moved again.')
    .argument('[id...]', 'their numbers, as add printed them', (text, before: readonly number[] = []) => [
      ...before,
      readCount(text),
    ])
    .option('--all', 'all of them')
    .addHelpText('after', examples('dmaheap fault rm 1', 'dmaheap fault rm --all'))
    .action(async (given: readonly number[] | undefined, { all = false }: { all?: boolean }) => {
      const sh = shell(command);
      const ids = given ?? [];
      if (all === ids.length > 0) throw new UsageError('fault rm which?', 'Give numbers, or --all');
      const session = await sh.session('fault rm');
      const removed = await makeCalls(sh, session, ({ kernel, must }) => {
        const which = all ? kernel.faults().map(({ id }) => id) : ids;
        for (const id of which) must(`fault rm: ${id}`, { call: 'fault_del', id });
        return which;
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.fault-rm/1', removed }),
        () => '',
      );
    });
}

/** `dmaheap fault add|list|rm`: what goes wrong on purpose. */
export function faultCommand(registry: Registry): void {
  const parent = registry.program
    .command('fault')
    .summary('let calls fail on purpose')
    .description(
      'Rules by which calls fail, tasks die or forget to close, and pages are pinned. The same calls meet the same faults, every time.',
    )
    .addHelpText('after', FORM)
    .addHelpText(
      'after',
      examples(
        'dmaheap fault add errno=ENOMEM,heap=video-cma@60000000,nth=3',
        'dmaheap fault list',
        'dmaheap fault rm --all',
      ),
    );
  for (const register of [faultAdd, faultList, faultRemove]) register(parent, registry);
}
