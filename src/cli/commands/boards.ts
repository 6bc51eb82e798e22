import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from 'commander';
import { declaredBanner } from '../../board/declared-heaps.ts';
import { linuxBanner } from '../../profile/profile.ts';
import { askedOfAll } from '../boards/asked-of-all.ts';
import { findBoards } from '../boards/find-boards.ts';
import { bootBoards } from '../boards/pool.ts';
import { completes } from '../completion/argument-kinds.ts';
import { AnsweredNo } from '../failures.ts';
import { addBootInputs, type BoardOptions, bootParams } from '../read/boot-inputs.ts';
import { givenVendor } from '../read/vendor-file.ts';
import { examples, type Registry } from '../registry.ts';
import { boardsJson, boardsSummary, boardsText } from '../render/boards.ts';
import type { Shell } from '../shell.ts';
import { Progress } from '../terminal/progress.ts';
import { readCount } from '../words/arguments.ts';

interface BoardsOptions extends BoardOptions {
  readonly jobs?: number;
}

async function runBoards(sh: Shell, words: readonly string[], options: BoardsOptions): Promise<void> {
  const vendor = await givenVendor(options.vendor);
  const kernel = options.kernel ?? vendor?.kernel ?? sh.environmentKernel;
  const params = bootParams({ ...options, ...(kernel !== undefined && { kernel }) }, vendor);
  const asked = await askedOfAll(sh, 'boards', params);
  const began = Date.now();
  const found = await findBoards(words);
  const progress = new Progress(sh.streams, 'boards', BigInt(found.length), 'boards');
  const boards = await bootBoards(found, {
    params,
    threads: options.jobs ?? availableParallelism(),
    onDone: (done) => progress.show(BigInt(done)),
  });
  progress.end();
  sh.streams.err(boardsSummary(boards, (Date.now() - began) / 1000));
  const profile = [linuxBanner(asked), ...(vendor === undefined ? [] : [declaredBanner(vendor)])].join('; ');
  await sh.answer(
    () => boardsJson(boards, profile),
    (ink) => `${profile}\n\n${boardsText(boards, ink, sh.page)}`,
  );
  if (boards.some(({ outcome }) => outcome !== 'boots' && outcome !== 'no-memory')) throw new AnsweredNo();
}

/** Threads; of none no board would boot. */
function readJobs(text: string): number {
  const jobs = readCount(text);
  if (jobs > 0) return jobs;
  throw new InvalidArgumentError('Expected 1 thread at least.');
}

/** `dmaheap boards PATH…`: many boards at once. */
export function boardsCommand({ program, shell }: Registry): void {
  const command = completes(program.command('boards'), 'file')
    .summary('boot every blob that is found, in one table')
    .description(
      'Boots every *.dtb that it finds, in memory and on all processors, and prints one table: heaps, areas, what is odd. Exit 1 when one of them dies or is no board; one without memory, which its boot loader would fill in, is only told.',
    )
    .argument(
      '<path...>',
      'blobs, directories, patterns (* ? **), and tar archives, which may be compressed by gzip',
    )
    .option('--jobs <n>', 'threads: one for each processor unless given', readJobs)
    .addHelpText(
      'after',
      `\n--memory is for boards that have none of their own.\n${examples(
        'dmaheap boards /usr/lib/linux-image-6.12/ --kernel 6.12',
        'dmaheap boards dtbs.tar.gz --memory 0x40000000:2G',
        "dmaheap boards 'build/**/*.dtb' --json | jq '.boards[] | .findings'",
      )}`,
    )
    .action((words: string[], options: BoardsOptions) => runBoards(shell(command), words, options));
  addBootInputs(command, 'Boot inputs of every board:');
}
