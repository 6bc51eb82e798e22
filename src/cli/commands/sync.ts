import {
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_START,
  DMA_BUF_SYNC_WRITE,
  encodeDmaBufSync,
} from '../../uapi/dma-buf.ts';
import { completes } from '../argument-kinds.ts';
import { readDescriptor, readWord } from '../arguments.ts';
import { makeCalls } from '../calls.ts';
import { syncFlagNames } from '../explain-hazard.ts';
import { UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';

interface SyncOptions {
  readonly start?: boolean;
  readonly end?: boolean;
  readonly read?: boolean;
  readonly write?: boolean;
  readonly flags?: bigint;
}

/** The flags that the options mean. @throws UsageError */
function syncFlags({ start = false, end = false, read = false, write = false, flags }: SyncOptions): bigint {
  if (flags !== undefined) {
    if (start || end || read || write)
      throw new UsageError('--flags excludes --start, --end, --read and --write');
    return flags;
  }
  if (start === end) throw new UsageError('sync needs one of --start and --end', 'Or the number: --flags N');
  if (!read && !write) {
    throw new UsageError(
      'sync needs --read, --write or both',
      'Linux refuses the call without: EINVAL. To see it say no: --flags 0',
    );
  }
  const access = (read ? DMA_BUF_SYNC_READ : 0) | (write ? DMA_BUF_SYNC_WRITE : 0);
  return BigInt(access | (end ? DMA_BUF_SYNC_END : DMA_BUF_SYNC_START));
}

/** `dmaheap sync FD --start|--end`: DMA_BUF_IOCTL_SYNC. */
export function syncCommand({ program, shell }: Registry): void {
  const command = completes(program.command('sync'), 'fd')
    .summary('begin or end access by the CPU (DMA_BUF_IOCTL_SYNC)')
    .description(
      'Makes caches and memory agree before the CPU accesses a buffer that a device uses (--start), and after (--end).',
    )
    .argument('<fd>', 'a descriptor')
    .option('--start', 'access begins (DMA_BUF_SYNC_START)')
    .option('--end', 'access has ended (DMA_BUF_SYNC_END)')
    .option('--read', 'the CPU reads (DMA_BUF_SYNC_READ)')
    .option('--write', 'the CPU writes (DMA_BUF_SYNC_WRITE)')
    .option('--flags <n>', 'the flags as a number instead, as they are', readWord)
    .addHelpText(
      'after',
      examples(
        'dmaheap sync 4 --start --read && dmaheap read 4 > frame.raw && dmaheap sync 4 --end --read',
        'dmaheap sync 4 --end --write',
        'dmaheap sync 4 --flags 0',
      ),
    )
    .action(async (word: string, options: SyncOptions) => {
      const sh = shell(command);
      const fd = readDescriptor(word);
      const flags = syncFlags(options);
      const session = await sh.session('sync');
      const devices = await makeCalls(sh, session, ({ kernel, task, must }) => {
        must(`sync: ${fd}`, {
          call: 'ioctl',
          fd,
          request: DMA_BUF_IOCTL_SYNC,
          arg: encodeDmaBufSync(flags),
        });
        const mapped = kernel
          .buffer(task, fd)
          ?.attachments.filter(({ direction }) => direction !== undefined);
        return [...new Set(mapped?.map(({ device }) => device))];
      });
      await sh.answer(
        () => ({
          schema: 'dmaheap.sync/1',
          fd,
          flags: Number(flags),
          names: syncFlagNames(Number(flags)),
          devices,
        }),
        () => '',
      );
      if (devices.length === 0) {
        sh.streams.err(`note: no device has the buffer of fd ${fd} mapped, so the call does nothing\n`);
      }
    });
}
