import { InvalidArgumentError } from 'commander';
import type { Kernel } from '../../kernel/kernel.ts';
import {
  AGE_CHUNK,
  Ageing,
  type AgeReport,
  type AgeSize,
  MAX_AGE_STEPS,
  parseAgeSizes,
  parseAgeSteps,
} from '../../program/age.ts';
import { findHeap } from '../../program/find-heap.ts';
import type { Session } from '../../session/session.ts';
import { heapName } from '../../uapi/dma-heap.ts';
import { completes } from '../completion/argument-kinds.ts';
import { CallFailed } from '../failures.ts';
import { heapJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { renderAge } from '../render/age.ts';
import type { Shell } from '../shell.ts';
import { interruptible } from '../terminal/interruption.ts';
import { Progress } from '../terminal/progress.ts';
import { readCount } from '../words/arguments.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

interface AgeCommandOptions extends BoardOptions {
  readonly sizes?: readonly AgeSize[];
  readonly lifetime?: number;
  readonly steps?: number;
  readonly seed?: number;
  readonly keep?: boolean;
}

/** The task that allocates. */
const AGE_TASK = 'age';

function readSizes(text: string): readonly AgeSize[] {
  const sizes = parseAgeSizes(text);
  if (sizes !== undefined) return sizes;
  throw new InvalidArgumentError('Expected sizes joined by commas, each with a weight or none: 4K,64K,1M:3.');
}

function readSteps(text: string): number {
  const steps = parseAgeSteps(text);
  if (steps !== undefined) return steps;
  throw new InvalidArgumentError(`Expected 1 to ${MAX_AGE_STEPS}.`);
}

const ageJson = (report: AgeReport) => ({
  heap: heapJson(report.heap),
  sizes: report.sizes.map(({ bytes, weight }) => ({ size: bytes, weight })),
  lifetime: report.lifetime,
  steps: report.steps,
  seed: report.seed,
  allocated: report.allocated,
  freed: report.freed,
  failed: report.failed,
  alive: report.alive,
  alive_bytes: report.aliveBytes,
  free: report.heap.free,
  largest: report.largestRun,
  largest_aligned: report.largestAligned,
  requests: report.tried.map(({ size, errno }) => ({
    size,
    ok: errno === undefined,
    errno: errno ?? null,
  })),
});

/** A piece a transaction, so that others are not kept waiting and Ctrl-C comes in. */
async function runAgeing(
  sh: Shell,
  session: Session,
  heap: string,
  options: AgeCommandOptions,
): Promise<AgeReport> {
  const { sizes, lifetime, steps, seed, keep } = options;
  const task = sh.options.task === undefined ? AGE_TASK : sh.task;
  const found = session.view((kernel) => findHeap(kernel, heap));
  if (found.heap === undefined) {
    const { errno = 'ENOENT', why } = found;
    throw new CallFailed([{ what: `age: ${heap}`, errno, ...(why && { why }) }]);
  }
  const begin = (kernel: Kernel) =>
    new Ageing(kernel, task, {
      heap,
      ...(sizes && { sizes }),
      ...(lifetime !== undefined && { lifetime }),
      ...(steps !== undefined && { steps }),
      ...(seed !== undefined && { seed }),
      ...(keep !== undefined && { keep }),
    });
  const ageing =
    sh.options.task === undefined
      ? session.transact(begin)
      : sh.transact(session, ({ kernel }) => begin(kernel));
  const progress = new Progress(sh.streams, `age ${heap}`, BigInt(ageing.steps), 'steps');
  try {
    await interruptible(sh.interrupts, async (interruption) => {
      while (session.transact((kernel) => ageing.advance(kernel, AGE_CHUNK))) {
        progress.show(BigInt(ageing.done));
        await interruption.breathe();
      }
    });
  } finally {
    progress.end();
  }
  return session.transact((kernel) => ageing.report(kernel));
}

/** `dmaheap age AREA`: fragments a heap's memory as hours of use do. */
export function ageCommand({ program, shell }: Registry): void {
  const command = completes(program.command('age'), 'heap')
    .summary("fragment a heap's memory as hours of use do")
    .description(
      'A task allocates buffers of a mix of sizes, one a step, and frees each when its lifetime is over; a few live long. Then tells how fragmented the memory is, and which requests still succeed: each is tried and freed. What is alive at the end stays, held by the task; the same seed gives the same.',
    )
    .argument('<area>', 'the name of a heap, as list shows it')
    .option(
      '--sizes <list>',
      'the mix, with weights: 4K,64K,1M:3 (frames and planes unless given)',
      readSizes,
    )
    .option(
      '--lifetime <n>',
      'steps that a buffer lives, on average: what keeps two thirds in use unless given',
      readSteps,
    )
    .option('--steps <n>', 'how many buffers are asked for: 12 lifetimes unless given', readSteps)
    .option('--seed <n>', 'what chance begins with: 0 unless given', readCount)
    .option('--keep', 'leave what is alive at the end (so it is unless --no-keep)')
    .option('--no-keep', 'free what is alive at the end')
    .addHelpText(
      'after',
      examples(
        'dmaheap age video-cma@60000000 --sizes 64K,1M:3,3M --lifetime 40',
        'dmaheap age default_cma_region --seed 7 && dmaheap alloc default_cma_region 8M',
        'dmaheap --task age free --all',
        'dmaheap age default_cma_region --board board.dtb --json',
      ),
    )
    .action(async (area: string, options: AgeCommandOptions) => {
      const sh = shell(command);
      const session = await sh.machine('age', options);
      const report = await runAgeing(sh, session, heapName(area), options);
      await sh.answer(
        () => ({ schema: 'dmaheap.age/1', ...ageJson(report) }),
        (ink) => renderAge(report, ink),
      );
    });
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
