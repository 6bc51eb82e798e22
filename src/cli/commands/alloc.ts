import type { BufferView } from '../../kernel/views/views.ts';
import { type AllocRequest, allocate } from '../../program/allocate.ts';
import { finish } from '../../program/outcome.ts';
import { heapName } from '../../uapi/dma-heap.ts';
import { O_CLOEXEC, O_RDWR } from '../../uapi/fcntl.ts';
import type { Caller } from '../caller.ts';
import { failedCall, withReports } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { CallFailed, type FailedCall, UsageError } from '../failures.ts';
import { bufferJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { readCount, readSize, readWord, readWord32 } from '../words/arguments.ts';
import { type GivenFlags, readFlags } from '../words/open-flags.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

interface Allocated {
  readonly fds: readonly number[];
  /** As `show` shows them, in the order of `fds`. */
  readonly buffers: readonly BufferView[];
  readonly failed?: FailedCall;
}

/** Allocates, and says what failed. @param look whether the buffers are wanted too */
function allocated(caller: Caller, request: AllocRequest, look: boolean): Allocated {
  const { heap, name = '' } = request;
  const mark = caller.kernel.printk.nextSeq;
  const { fds, allocated: _, failed, ...result } = finish(allocate(caller, request));
  const { kernel, task } = caller;
  const buffers = look ? fds.flatMap((fd) => kernel.buffer(task, fd) ?? []) : [];
  if (failed === undefined) return { fds, buffers };
  const call = failedCall(caller, `alloc: ${failed === 'name' ? `--name ${name}` : heap}`, result, mark);
  const done = { fds, buffers: buffers.map(bufferJson) };
  return { fds, buffers, failed: failed === 'open' ? call : { ...call, done } };
}

interface AllocOptions extends BoardOptions {
  readonly name?: string;
  readonly fdFlags?: GivenFlags;
  readonly heapFlags: bigint;
  readonly fd?: number;
  readonly openFlags?: GivenFlags;
  readonly count: number;
  readonly atomic?: boolean;
}

/** `dmaheap alloc HEAP SIZE`: a buffer; prints its descriptor. */
export function allocCommand({ program, shell }: Registry): void {
  const command = completes(program.command('alloc'), 'heap')
    .summary('a buffer: prints its descriptor')
    .description('Allocates from a heap, and prints the descriptor alone, one a line.')
    .argument('<heap>', 'the name of a heap, as list shows it')
    .argument('<size>', 'bytes: 300K, 8M, 0x1000', readSize)
    .option('--name <name>', 'name the buffer (DMA_BUF_SET_NAME)')
    .option('--fd-flags <flags>', 'O_RDONLY, O_WRONLY, O_RDWR, O_CLOEXEC joined by |, or a number', readFlags)
    .option('--heap-flags <n>', 'the heap_flags field', readWord)
    .option('--fd <n>', 'the fd field on the way in, which must be 0', readWord32)
    .option('--open-flags <flags>', 'how the node of the heap is opened: O_RDWR unless given', readFlags)
    .option('--count <n>', 'how many buffers; stops at the first failure', readCount)
    .option('--atomic', 'with --count: all of them or none')
    .addHelpText(
      'after',
      `\nThe flags of a descriptor are O_RDWR|O_CLOEXEC unless given.\n${examples(
        'fd=$(dmaheap alloc vpu-pool@50000000 300K)',
        'dmaheap alloc default_cma_region 8M --count 4 --atomic --name frame',
        'dmaheap alloc system 64K --fd-flags O_RDONLY',
        'dmaheap --task camera alloc system 1M',
        'dmaheap alloc default_cma_region 1G --board board.dtb',
      )}`,
    )
    .action(async (heap: string, size: bigint, options: AllocOptions) => {
      const sh = shell(command);
      const { name, fdFlags, heapFlags = 0n, count = 1, atomic = false } = options;
      if (count === 0) throw new UsageError('--count must be at least 1');
      if (atomic && options.count === undefined) throw new UsageError('--atomic goes with --count N');
      const machine = await sh.machine('alloc', options);
      const request = {
        heap: heapName(heap),
        size,
        heapFlags,
        count,
        atomic,
        ...(options.fd !== undefined && { fd: options.fd }),
      };
      const flagsIn = ({ kernel }: Caller) => {
        const { openFlags: words } = kernel.profile.arch;
        const openFlags = options.openFlags?.(words);
        return {
          fdFlags: fdFlags?.(words) ?? O_RDWR | O_CLOEXEC,
          ...(openFlags !== undefined && { openFlags }),
        };
      };
      // What worked is a result even when a later one failed; as JSON it is a member of the error.
      const json = sh.options.json === true;
      const { fds, buffers, failed } = sh.transact(machine, (caller) =>
        allocated(caller, { ...request, ...flagsIn(caller), ...(name !== undefined && { name }) }, json),
      );
      const failure = failed && new CallFailed([failed]);
      if (failure !== undefined) sh.ledger.willFail(failure);
      if (failed === undefined || !json) {
        await sh.answer(
          () => ({
            schema: 'dmaheap.alloc/1',
            profile: machine.view((kernel) => kernel.info().banner),
            heap: request.heap,
            len: size,
            size,
            fds,
            buffers: buffers.map(bufferJson),
          }),
          () => fds.map((fd) => `${fd}\n`).join(''),
        );
      }
      if (failure !== undefined) throw await withReports(sh, failure);
    });
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
