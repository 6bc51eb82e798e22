import type { SyscallResult } from '../../kernel/syscall.ts';
import { DMA_BUF_SET_NAME_B } from '../../uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../uapi/dma-heap.ts';
import { O_CLOEXEC, O_RDWR } from '../../uapi/fcntl.ts';
import { completes } from '../argument-kinds.ts';
import { heapName, readCount, readOpenFlags, readSize, readWord } from '../arguments.ts';
import { addBootInputs, type BoardOptions } from '../boot-inputs.ts';
import type { Caller } from '../caller.ts';
import { failedCall, withReports } from '../calls.ts';
import { CallFailed, type FailedCall, UsageError } from '../failures.ts';
import { examples, type Registry, WITH_BOARD } from '../registry.ts';
import { addSourceInputs } from '../source-inputs.ts';

export interface AllocRequest {
  readonly heap: string;
  readonly size: bigint;
  readonly fdFlags: number;
  readonly heapFlags: bigint;
  readonly count: number;
  /** All or none. */
  readonly atomic: boolean;
  readonly name?: string;
}

export interface AllocOutcome {
  /** The descriptors of what was allocated and kept. */
  readonly fds: readonly number[];
  readonly failed?: FailedCall;
}

/**
 * Allocates as a program does: opens the heap's node, one ioctl a buffer, closes the node. Stops at the
 * first failure; with `atomic` it then closes what it got.
 */
export function allocate(caller: Caller, request: AllocRequest): AllocOutcome {
  const mark = caller.kernel.printk.nextSeq;
  const { call } = caller;
  const fds: number[] = [];
  const close = (fd: number) => call({ call: 'close', fd });
  const failed = (what: string, result: SyscallResult): FailedCall =>
    failedCall(caller, `alloc: ${what}`, result, mark);

  const heap = call({ call: 'open', path: `/dev/dma_heap/${request.heap}`, flags: O_RDWR });
  if (heap.ret < 0) return { fds, failed: failed(request.heap, heap) };
  let failure: FailedCall | undefined;
  while (fds.length < request.count && failure === undefined) {
    const arg = encodeDmaHeapAllocationData({
      len: request.size,
      fd: 0,
      fd_flags: request.fdFlags,
      heap_flags: request.heapFlags,
    });
    const result = call({ call: 'ioctl', fd: heap.ret, request: DMA_HEAP_IOCTL_ALLOC, arg });
    if (result.ret < 0) {
      failure = failed(request.heap, result);
      break;
    }
    const { fd } = decodeDmaHeapAllocationData(arg);
    if (request.name !== undefined) {
      const bytes = new TextEncoder().encode(`${request.name}\0`);
      const named = call({ call: 'ioctl', fd, request: DMA_BUF_SET_NAME_B, arg: bytes });
      if (named.ret < 0) {
        close(fd);
        // In our words: the numbers of a failed SET_NAME say less than the option does.
        failure = {
          ...failed(`--name ${request.name}`, { ret: named.ret, errno: named.errno ?? 'EINVAL' }),
          notes: [`a name has at most 31 bytes, this one ${bytes.length - 1}; the buffer was closed again`],
        };
        break;
      }
    }
    fds.push(fd);
  }
  close(heap.ret);
  if (failure === undefined) return { fds };

  const notes = [...(failure.notes ?? [])];
  if (request.count > 1) {
    notes.push(
      request.atomic
        ? `${fds.length} of ${request.count} buffers were allocated and closed again (--atomic)`
        : `${fds.length} of ${request.count} buffers were allocated before it`,
    );
  }
  if (request.atomic) for (const fd of fds.splice(0)) close(fd);
  return { fds, failed: { ...failure, notes, done: { fds } } };
}

interface AllocOptions extends BoardOptions {
  readonly name?: string;
  readonly fdFlags: number;
  readonly heapFlags: bigint;
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
    .option(
      '--fd-flags <flags>',
      'O_RDONLY, O_WRONLY, O_RDWR, O_CLOEXEC joined by |, or a number',
      readOpenFlags,
    )
    .option('--heap-flags <n>', 'the heap_flags field', readWord)
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
      const { name, fdFlags = O_RDWR | O_CLOEXEC, heapFlags = 0n, count = 1, atomic = false } = options;
      if (count === 0) throw new UsageError('--count must be at least 1');
      if (atomic && options.count === undefined) throw new UsageError('--atomic goes with --count N');
      const machine = await sh.machine('alloc', options);
      const request = { heap: heapName(heap), size, fdFlags, heapFlags, count, atomic };
      const { fds, failed } = sh.transact(machine, (caller) =>
        allocate(caller, { ...request, ...(name !== undefined && { name }) }),
      );
      // What worked is a result even when a later one failed; as JSON it is a member of the error.
      const json = sh.options.json === true;
      const failure = failed && new CallFailed([failed]);
      if (failure !== undefined) sh.ledger.willFail(failure);
      if (failed === undefined || !json) {
        await sh.answer(
          () => ({ schema: 'dmaheap.alloc/1', heap: request.heap, size: Number(size), fds }),
          () => fds.map((fd) => `${fd}\n`).join(''),
        );
      }
      if (failure !== undefined) throw await withReports(sh, failure);
    });
  addBootInputs(command, WITH_BOARD);
  addSourceInputs(command, WITH_BOARD);
}
