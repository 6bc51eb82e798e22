import { type WhyAllocation, whyAllocation } from '../../check/why-allocation.ts';
import { type FailureContext, failureContext } from '../../check/why-failure.ts';
import { type WhyRegion, whyRegion } from '../../check/why-region.ts';
import { placing } from '../../dma-buf/backends.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { noSuchHeap } from '../../kernel/missing-heap.ts';
import type { Syscall } from '../../kernel/syscall.ts';
import { linuxName } from '../../profile/profile.ts';
import type { JournalCall, JournalEntry } from '../../session/journal.ts';
import type { Session } from '../../session/session.ts';
import { DMA_HEAP_IOCTL_ALLOC, decodeDmaHeapAllocationData, heapName } from '../../uapi/dma-heap.ts';
import { type Errno, isErrno, strerror } from '../../uapi/errno.ts';
import { counted, formatSize } from '../../units.ts';
import { bufferOf } from '../bytes/buffer-of.ts';
import { mustBeTask } from '../caller.ts';
import { completes } from '../completion/argument-kinds.ts';
import { explainFailure } from '../explain/explain-failure.ts';
import { whyJson } from '../explain/report.ts';
import { AnsweredNo, CallFailed, UsageError } from '../failures.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { decodeTree, keptName } from '../read/load-tree.ts';
import { loadedBoard } from '../read/loaded-board.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import {
  allocationJson,
  allocationText,
  bufferText,
  bufferWhyJson,
  changeOfNever,
  failureJson,
  failureText,
  regionText,
  regionWhyJson,
  type WhyBuffer,
} from '../render/why.ts';
import type { Shell } from '../shell.ts';
import type { Ink } from '../terminal/ink.ts';
import { readSize } from '../words/arguments.ts';
import { requestName } from '../words/call-words.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

/** Answers, with the kernel that it is about. */
const answered = (sh: Shell, profile: string, json: object, text: (ink: Ink) => string) =>
  sh.answer(
    () => ({ schema: 'dmaheap.why/1', profile, ...json }),
    (ink) => `${profile}\n${sh.assumedMark}${text(ink)}`,
  );

const bannerOf = (session: Session): string => session.view((kernel) => kernel.info().banner);

async function ofAllocation(sh: Shell, session: Session, heap: string, size: bigint): Promise<void> {
  const { task } = sh;
  sh.noteAbsentTask(session);
  const board = session.info().inputs.file;
  const seen = session.view(
    (kernel): { why: WhyAllocation; context: FailureContext | undefined; isRegion: boolean } => {
      const why = whyAllocation(kernel, task, heap, size);
      const isRegion = why.view === undefined && kernel.regions().some(({ name }) => name === heap);
      const context = why.why && failureContext(kernel, why.why);
      if (context === undefined || why.cure.never === undefined) return { why, context, isRegion };
      return { why, context: { ...context, change: changeOfNever(why, board) }, isRegion };
    },
  );
  // A region that is no heap: why it is none is the answer.
  if (seen.isRegion) return ofNode(sh, session, heap);
  const { why, context } = seen;
  if (why.view === undefined) {
    const missing = session.view((kernel) => ({ heaps: kernel.heaps(), regions: kernel.regions() }));
    throw new CallFailed([{ what: `why: ${heap}`, errno: 'ENOENT', why: noSuchHeap(heap, missing) }]);
  }
  const reasons = why.why === undefined ? [] : explainFailure(why.why);
  await answered(
    sh,
    bannerOf(session),
    allocationJson(why, context, reasons, whyJson(why.why === undefined ? {} : { why: why.why })),
    (ink) => allocationText(why, context, reasons, ink),
  );
}

/** A call as a line. */
function callWords(task: string, call: Syscall): string {
  if (call.call === 'ioctl' && call.request === DMA_HEAP_IOCTL_ALLOC && call.arg instanceof Uint8Array) {
    return `${task}: ioctl(${call.fd}, DMA_HEAP_IOCTL_ALLOC, len ${formatSize(decodeDmaHeapAllocationData(call.arg).len)})`;
  }
  if (call.call === 'ioctl') return `${task}: ioctl(${call.fd}, ${requestName(call.request)})`;
  const words = Object.entries(call).flatMap(([key, value]) =>
    key === 'call' || typeof value === 'object' ? [] : [`${key} ${value}`],
  );
  return `${task}: ${call.call}(${words.join(', ')})`;
}

const isFailed =
  (errno: Errno) =>
  (entry: JournalEntry): entry is JournalCall =>
    'call' in entry && entry.result.errno === errno;

/** The last call that failed so. */
async function ofErrno(sh: Shell, session: Session, errno: Errno): Promise<void> {
  const { failed, context, kept, profile } = session.view((kernel, seen) => {
    const journal = seen.journal();
    const failed = journal.findLast(isFailed(errno));
    const why = failed?.result.why;
    return {
      failed,
      context: why && failureContext(kernel, why),
      kept: journal.length,
      profile: kernel.info().banner,
    };
  });
  if (failed === undefined) {
    const reason = `no call has failed with ${errno} (${strerror(errno)}); the journal has ${counted(kept, 'entry', 'entries')}`;
    await answered(sh, profile, failureJson('', errno, [reason], undefined, null), () => `${reason}\n`);
    throw new AnsweredNo();
  }
  const { task, call, result } = failed;
  const reasons = result.why === undefined ? [] : explainFailure(result.why);
  const what = callWords(task, call);
  await answered(
    sh,
    profile,
    failureJson(what, errno, reasons, context, whyJson(result.why === undefined ? {} : { why: result.why })),
    (ink) => failureText(what, errno, reasons, context, ink),
  );
}

function whyBuffer(kernel: Kernel, task: string, fd: number): WhyBuffer {
  const buffer = bufferOf({ kernel, task }, fd, 'why:');
  const backend = kernel.heaps().find(({ name }) => name === buffer.heap)?.backend ?? 'system';
  const { profile } = kernel;
  const pages = Number(buffer.size / BigInt(buffer.pageSize));
  const { rule = '', where = '', order } = placing(backend, pages, profile);
  return {
    buffer,
    rule,
    where,
    linux: linuxName(profile),
    alignment: BigInt(buffer.pageSize) << BigInt(order),
  };
}

async function ofBuffer(sh: Shell, session: Session, fd: number): Promise<void> {
  const { task } = sh;
  const why = session.view((kernel) => {
    mustBeTask(kernel, task, 'why');
    return whyBuffer(kernel, task, fd);
  });
  await answered(sh, bannerOf(session), bufferWhyJson(why), () => bufferText(why));
}

async function ofNode(sh: Shell, session: Session, word: string): Promise<void> {
  const { inputs } = session.info();
  const decoded = await decodeTree(inputs.board, keptName(inputs));
  const board = loadedBoard(decoded, inputs.file);
  const { regions, linux, profile } = session.view((kernel) => ({
    regions: kernel.regions(),
    linux: linuxName(kernel.profile),
    profile: kernel.info().banner,
  }));
  const why = whyRegion({ board, params: inputs.params }, regions, word);
  if ('unknown' in why) {
    throw new UsageError(
      `there is no region, heap or node ${word}`,
      why.near === undefined
        ? 'dmaheap regions lists the regions; a node is named by its path'
        : `Did you mean ${why.near}?`,
    );
  }
  const found: WhyRegion = why;
  await answered(sh, profile, regionWhyJson(found), (ink) => regionText(found, linux, ink));
}

async function run(sh: Shell, what: string, size: bigint | undefined, options: BoardOptions): Promise<void> {
  const session = await sh.machine('why', options);
  if (size !== undefined) return ofAllocation(sh, session, heapName(what), size);
  if (/^[0-9]{1,7}$/.test(what)) return ofBuffer(sh, session, Number(what));
  if (isErrno(what)) return ofErrno(sh, session, what);
  return ofNode(sh, session, heapName(what));
}

/** `dmaheap why HEAP SIZE|NODE|FD|ERRNO`: the rule, the numbers, who holds the memory, and what helps. */
export function whyCommand({ program, shell }: Registry): void {
  const command = completes(program.command('why'), 'heap')
    .summary('why an allocation, a region, a buffer or a failure is as it is')
    .description(
      'Says by which rule of Linux and with which numbers: HEAP SIZE rehearses an allocation, of which nothing is kept, and tries what would help; NODE tells what became of a region, and a repair that was booted; FD where a buffer lies and what keeps it; ERRNO the last call that failed so.',
    )
    .argument('<what>', 'a heap, with a size; or a region, node, descriptor, or the name of an errno')
    .argument('[size]', 'bytes: 300K, 8M, 0x1000', readSize)
    .addHelpText(
      'after',
      examples(
        'dmaheap why video-cma@60000000 64M',
        'dmaheap why frames@90200000 --board board.dts',
        'dmaheap why 4',
        'dmaheap why ENOMEM',
        "dmaheap why default_cma_region 1G --json | jq '.context.holders[]'",
      ),
    )
    .action((what: string, size: bigint | undefined, options: BoardOptions) =>
      run(shell(command), what, size, options),
    );
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
