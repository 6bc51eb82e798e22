import type { BufferView } from '../../kernel/views/views.ts';
import { bytesOf, formatHex, formatSize } from '../../units.ts';
import type { Caller } from '../caller.ts';
import { withReports } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { CallFailed, type FailedCall, UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';
import { readDescriptor } from '../words/arguments.ts';

interface FreeOutcome {
  readonly closed: readonly number[];
  readonly failed: readonly FailedCall[];
  /** Buffers that are gone now and whose place was a guess. */
  readonly guessed: readonly BufferView[];
}

/** The descriptors' buffers whose place nothing told: of a reconstructed session. */
function guessedOf({ kernel, task }: Caller, fds: readonly number[]): readonly BufferView[] {
  const guessed = new Set(kernel.guessedPlaces());
  if (guessed.size === 0) return [];
  const buffers = fds.flatMap((fd) => kernel.buffer(task, fd) ?? []).filter(({ ino }) => guessed.has(ino));
  return [...new Map(buffers.map((buffer) => [buffer.ino, buffer])).values()];
}

const guessNote = ({ name, heap, size, sgTable, pageSize }: BufferView): string => {
  const [first] = sgTable;
  const where =
    first === undefined
      ? ''
      : `: the pages at ${formatHex(bytesOf(first, pageSize).base)} are free now, and on the target it may be others`;
  return `note: where the buffer${name === undefined ? '' : ` "${name}"`} of ${heap} (${formatSize(size)}) lay could not be told${where}\n`;
};

/** Closes descriptors one after another; one that fails does not stop the rest. */
function closeAll(caller: Caller, fds: readonly number[]): FreeOutcome {
  const closed: number[] = [];
  const failed: FailedCall[] = [];
  const unplaced = guessedOf(caller, fds);
  const { call } = caller;
  for (const fd of fds) {
    const { errno, why } = call({ call: 'close', fd });
    if (errno === undefined) closed.push(fd);
    else failed.push({ what: `free: ${fd}`, errno, ...(why !== undefined && { why }), done: { closed } });
  }
  const alive = new Set(unplaced.length === 0 ? [] : caller.kernel.buffers().map(({ ino }) => ino));
  return { closed, failed, guessed: unplaced.filter(({ ino }) => !alive.has(ino)) };
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
      const { closed, failed, guessed } = sh.transact(session, (caller) =>
        closeAll(caller, all ? allDescriptors(caller) : fds),
      );
      for (const buffer of guessed) sh.streams.err(guessNote(buffer));
      if (failed.length > 0) throw await withReports(sh, new CallFailed(failed));
      await sh.answer(
        () => ({
          schema: 'dmaheap.free/1',
          closed,
          ...(guessed.length > 0 && {
            guessed_places: guessed.map(({ ino, heap, size, name }) => ({
              ino,
              heap,
              size,
              name: name ?? null,
            })),
          }),
        }),
        () => '',
      );
    });
}
