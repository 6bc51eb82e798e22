import type { Caller } from '../caller.ts';
import { withReports } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { CallFailed, type FailedCall, UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';
import { readDescriptor } from '../words/arguments.ts';

interface FreeOutcome {
  readonly closed: readonly number[];
  readonly failed: readonly FailedCall[];
}

/** Closes descriptors one after another; one that fails does not stop the rest. */
function closeAll({ call }: Caller, fds: readonly number[]): FreeOutcome {
  const closed: number[] = [];
  const failed: FailedCall[] = [];
  for (const fd of fds) {
    const { errno, why } = call({ call: 'close', fd });
    if (errno === undefined) closed.push(fd);
    else failed.push({ what: `free: ${fd}`, errno, ...(why !== undefined && { why }), done: { closed } });
  }
  return { closed, failed };
}

const allDescriptors = ({ kernel, task }: Caller): number[] =>
  kernel
    .heldBuffers(task)
    .flatMap(({ fds }) => fds)
    .sort((a, b) => a - b);

/** `dmaheap free FD…`: closes descriptors. */
export function freeCommand({ program, shell }: Registry): void {
  const command = completes(program.command('free'), 'fd')
    .summary('close descriptors')
    .description(
      'Closes descriptors. A buffer goes when its last reference does, which may be a descriptor of another task, a mapping or an importing device; its bytes stay in memory until they are allocated again.',
    )
    .argument('[fd...]', 'descriptors, as alloc printed them')
    .option('--all', "close the task's descriptors of all buffers")
    .addHelpText(
      'after',
      examples('dmaheap free 4 5', 'dmaheap free --all', 'dmaheap --task camera free --all'),
    )
    .action(async (words: string[], { all = false }: { all?: boolean }) => {
      const sh = shell(command);
      const fds = words.map((word) => readDescriptor(word));
      if (all && fds.length > 0) throw new UsageError('free takes descriptors or --all, not both');
      if (!all && fds.length === 0) throw new UsageError('free what?', 'Give descriptors, or --all');
      const session = await sh.session('free');
      const { closed, failed } = sh.transact(session, (caller) =>
        closeAll(caller, all ? allDescriptors(caller) : fds),
      );
      if (failed.length > 0) throw await withReports(sh, new CallFailed(failed));
      await sh.answer(
        () => ({ schema: 'dmaheap.free/1', closed }),
        () => '',
      );
    });
}
