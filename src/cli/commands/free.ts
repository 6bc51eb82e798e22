import { SHELL_TASK } from '../../kernel/boot.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { readDescriptor } from '../arguments.ts';
import { CallFailed, type FailedCall, UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';

interface FreeOutcome {
  readonly closed: readonly number[];
  readonly failed: readonly FailedCall[];
}

/** Closes descriptors one after another; one that fails does not stop the rest. */
function closeAll(kernel: Kernel, fds: readonly number[]): FreeOutcome {
  const closed: number[] = [];
  const failed: FailedCall[] = [];
  for (const fd of fds) {
    const { errno, why } = kernel.syscall(SHELL_TASK, { call: 'close', fd });
    if (errno === undefined) closed.push(fd);
    else failed.push({ what: `free: ${fd}`, errno, ...(why !== undefined && { why }), done: { closed } });
  }
  return { closed, failed };
}

const allDescriptors = (kernel: Kernel): number[] =>
  kernel
    .buffers()
    .flatMap((buffer) => buffer.fds)
    .filter(({ task }) => task === SHELL_TASK)
    .map(({ fd }) => fd)
    .sort((a, b) => a - b);

/** `dmaheap free FD…`: closes descriptors. */
export function freeCommand({ program, shell }: Registry): void {
  const command = program
    .command('free')
    .summary('close descriptors')
    .description(
      'Closes descriptors. A buffer goes when its last reference does; its bytes stay in memory until they are allocated again.',
    )
    .argument('[fd...]', 'descriptors, as alloc printed them')
    .option('--all', "close every buffer's descriptor")
    .addHelpText('after', examples('dmaheap free 4 5', 'dmaheap free --all'))
    .action(async (words: string[], { all = false }: { all?: boolean }) => {
      const sh = shell(command);
      const fds = words.map((word) => readDescriptor(word));
      if (all && fds.length > 0) throw new UsageError('free takes descriptors or --all, not both');
      if (!all && fds.length === 0) throw new UsageError('free what?', 'Give descriptors, or --all');
      const session = await sh.session('free');
      const { closed, failed } = session.transact((kernel) =>
        closeAll(kernel, all ? allDescriptors(kernel) : fds),
      );
      if (failed.length > 0) throw new CallFailed(failed);
      await sh.answer(
        () => ({ schema: 'dmaheap.free/1', closed }),
        () => '',
      );
    });
}
