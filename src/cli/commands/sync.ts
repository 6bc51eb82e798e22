import { sync, syncedDevices } from '../../program/sync.ts';
import { dmaBufSyncFlags, type SyncWords } from '../../uapi/dma-buf.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { syncFlagNames } from '../explain/explain-hazard.ts';
import { UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';
import { readDescriptor, readWord } from '../words/arguments.ts';

interface SyncOptions extends SyncWords {
  readonly flags?: bigint;
}

/** The flags that the options mean. @throws UsageError */
function syncFlags({ flags, ...words }: SyncOptions): bigint {
  if (flags !== undefined) {
    if (Object.values(words).includes(true))
      throw new UsageError('--flags excludes --start, --end, --read and --write');
    return flags;
  }
  const meant = dmaBufSyncFlags(words);
  if (meant === 'phase')
    throw new UsageError('sync needs one of --start and --end', 'Or the number: --flags N');
  if (meant === 'access') {
    throw new UsageError(
      'sync needs --read, --write or both',
      'Linux refuses the call without: EINVAL. To see it say no: --flags 0',
    );
  }
  return BigInt(meant);
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
        'dmaheap sync 4 --start --read && dmaheap read 4 > frame.raw',
        'dmaheap sync 4 --end --read',
        'dmaheap sync 4 --end --write',
        'dmaheap sync 4 --flags 0',
      ),
    )
    .action(async (word: string, options: SyncOptions) => {
      const sh = shell(command);
      const fd = readDescriptor(word);
      const flags = syncFlags(options);
      const session = await sh.session('sync');
      const devices = await makeCalls(sh, session, (calls) => {
        calls.did(`sync: ${fd}`, (caller) => sync(caller, fd, flags));
        return syncedDevices(calls, fd);
      });
      await sh.answer(
        () => ({
          schema: 'dmaheap.sync/1',
          fd,
          flags,
          flag_names: syncFlagNames(Number(flags)),
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
