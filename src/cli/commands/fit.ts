import { InvalidArgumentError, Option } from 'commander';
import { type Fit, type FitOptions, fitWorkload, MOST_ORDERED } from '../../check/fit.ts';
import { bytesOfItem, readWorkItem, type WorkItem, workloadWords } from '../../check/fit-workload.ts';
import { type Trial, tryBoot } from '../../check/trial.ts';
import { InvalidInput } from '../../diagnostic.ts';
import { kernelWarnings } from '../../kernel/boot/asked-profile.ts';
import { noSuchHeap } from '../../kernel/missing-heap.ts';
import { MAX_AGE_STEPS } from '../../program/age.ts';
import { completes } from '../completion/argument-kinds.ts';
import { AnsweredNo, BootPanic, CallFailed, UsageError } from '../failures.ts';
import { addBootInputs, type BoardOptions, bootParams, NOT_OF_BOARDS } from '../read/boot-inputs.ts';
import { loadTreeAsGiven } from '../read/load-tree.ts';
import { loadedBoard } from '../read/loaded-board.ts';
import { inputName, readInput } from '../read/read-input.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { givenVendor } from '../read/vendor-file.ts';
import { examples, type Registry } from '../registry.ts';
import { fitJson, fitText } from '../render/fit.ts';
import type { Shell } from '../shell.ts';
import { interruptible } from '../terminal/interruption.ts';
import { readCount } from '../words/arguments.ts';
import { LIKE_BOOT, WITH_BOARD } from '../words/with-board.ts';

type Order = 'given' | 'large-first' | 'small-first' | readonly number[];

interface After {
  readonly text: string;
  readonly steps: number;
}

interface FitCommandOptions extends BoardOptions {
  readonly order?: Order;
  readonly allOrders?: boolean;
  readonly after?: After;
  readonly seed?: number;
}

function readOrder(text: string): Order {
  if (text === 'given' || text === 'large-first' || text === 'small-first') return text;
  const numbers = text.split(',').map(Number);
  const isOrder = numbers.every(
    (number) => Number.isInteger(number) && number >= 1 && number <= numbers.length,
  );
  if (isOrder && new Set(numbers).size === numbers.length) return numbers;
  throw new InvalidArgumentError(
    'Expected given, large-first, small-first, or the numbers of the items: 2,1,3.',
  );
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `age:8h`: a buffer of others a second. */
function readAfter(text: string): After {
  const match = /^age:([0-9]{1,6}(?:\.[0-9]{1,3})?)([smh])$/.exec(text);
  const steps = match === null ? 0 : Math.round(Number(match[1]) * (SECONDS[match[2] ?? ''] ?? 0));
  if (steps >= 1 && steps <= MAX_AGE_STEPS) return { text, steps };
  throw new InvalidArgumentError(
    `Expected age: and a time of at most ${Math.floor(MAX_AGE_STEPS / 3600)}h: age:8h, age:30m.`,
  );
}

/** The items of words, and of the files that words without @ name. @throws UsageError */
function itemsOf(words: readonly string[]): readonly WorkItem[] {
  const all = words.flatMap((word) => {
    if (word.includes('@')) return [{ word, from: '' }];
    const text = new TextDecoder().decode(readInput(word));
    return workloadWords(text).map((one) => ({ word: one, from: `${inputName(word)}: ` }));
  });
  return all.map(({ word, from }) => {
    const item = readWorkItem(word);
    if (!('problem' in item)) return item;
    throw new UsageError(`${from}${item.problem}`, item.hint);
  });
}

function ordered(items: readonly WorkItem[], order: Order = 'given'): readonly WorkItem[] {
  if (order === 'given') return items;
  if (order === 'large-first' || order === 'small-first') {
    const sign = order === 'large-first' ? -1n : 1n;
    const sizeOf = (item: WorkItem) => bytesOfItem(item) / BigInt(item.count);
    return [...items].sort((a, b) => Number((sizeOf(a) - sizeOf(b)) * sign));
  }
  if (order.length !== items.length) {
    throw new UsageError(
      `--order ${order.join(',')} names ${order.length} items, and there are ${items.length}`,
    );
  }
  return order.flatMap((number) => items[number - 1] ?? []);
}

/** The heaps must be there. @throws CallFailed */
function refuseUnknown({ booted }: Trial, items: readonly WorkItem[]): void {
  const unknown = items.find(({ heap }) => !booted.heaps.some(({ name }) => name === heap));
  if (unknown === undefined) return;
  throw new CallFailed([
    {
      what: `fit: ${unknown.text}`,
      errno: 'ENOENT',
      why: noSuchHeap(unknown.heap, booted),
    },
  ]);
}

async function booted(sh: Shell, file: string, options: BoardOptions): Promise<Trial> {
  const loaded = await loadTreeAsGiven(file, options);
  const board = loadedBoard(loaded, inputName(file));
  const vendor = await givenVendor(options.vendor, file);
  const kernel = options.kernel ?? board.kernel ?? vendor?.kernel ?? sh.environmentKernel;
  const params = bootParams({ ...options, ...(kernel !== undefined && { kernel }) }, vendor);
  await sh.warn([...loaded.warnings, ...board.diagnostics, ...kernelWarnings(board, params)]);
  const trial = tryBoot({ board, params });
  if ('refused' in trial) throw new InvalidInput(trial.refused);
  await sh.warn(trial.warnings);
  const { panic, log } = trial.booted;
  if (panic !== undefined) {
    const { warnings, cause, booted: boot } = trial;
    throw new BootPanic({ panic, warnings, regions: boot.regions, ...(cause && { cause }) }, log);
  }
  return trial;
}

async function run(
  sh: Shell,
  file: string,
  words: readonly string[],
  options: FitCommandOptions,
): Promise<void> {
  const { order, allOrders, after, seed } = options;
  if (file === '-' && words.includes('-')) throw new UsageError('standard input (-) can be read only once');
  if (allOrders === true && order !== undefined)
    throw new UsageError('--all-orders tries every order: --order would be ignored');
  if (seed !== undefined && after === undefined)
    throw new UsageError('--seed goes with --after: it would be ignored');
  const given = itemsOf(words);
  if (given.length === 0)
    throw new UsageError('the workload is empty', 'Name a buffer at least: 4x1920x1080:NV12@system');
  if (allOrders === true && given.length > MOST_ORDERED) {
    throw new UsageError(
      `${given.length} items have too many orders`,
      `--all-orders takes ${MOST_ORDERED} items at most`,
    );
  }
  const items = ordered(given, order);
  const trial = await booted(sh, file, options);
  refuseUnknown(trial, items);
  const how: FitOptions = {
    ...(allOrders === true && { allOrders }),
    ...(after && { age: { steps: after.steps, seed: seed ?? 0 } }),
  };
  const answer = await interruptible(sh.interrupts, async (interruption): Promise<Fit> => {
    const pieces = fitWorkload(trial, items, how);
    for (;;) {
      const { done, value } = pieces.next();
      if (done === true) return value;
      await interruption.breathe();
    }
  });
  const question = {
    board: trial.board.source,
    profile: trial.booted.banner,
    fit: answer,
    ...(after && { after: after.text }),
  };
  await sh.answer(
    () => fitJson(question),
    (ink) => fitText(question, ink),
  );
  if (answer.result.failure !== undefined) throw new AnsweredNo();
}

/** `dmaheap fit BOARD WORKLOAD…`: whether a board has room for buffers, and what to change. */
export function fitCommand({ program, shell }: Registry): void {
  const command = completes(program.command('fit'), 'file')
    .summary('whether a workload fits on a board, and which region would do')
    .description(
      'Allocates a workload on a boot in memory: fits or not, at which buffer and why, what is left, the smallest region that would do (booted and tried, one unit less shown to fail), and what to change, in the device tree and by cma=. Exit 1 when it does not fit.',
    )
    .argument('<board>', 'a board of any kind')
    .argument('<workload...>', 'COUNTxWIDTHxHEIGHT:FOURCC@HEAP, COUNTxSIZE@HEAP, or files of such words')
    .addOption(
      new Option('--order <order>', 'given, large-first, small-first, or 2,1,3').argParser(readOrder),
    )
    .option('--all-orders', 'try every order of the items')
    .addOption(
      new Option(
        '--after <age:time>',
        "others' buffers came and went before, one a second: age:8h",
      ).argParser(readAfter),
    )
    .option('--seed <n>', 'with --after, what chance begins with: 0 unless given', readCount)
    .addHelpText(
      'after',
      `\nAfter FOURCC: ,stride=N,align=N[xLINES],planes=N (buffers a frame),size=N.\n${examples(
        'dmaheap fit board.dtb 4x3840x2160:NV12@video-cma@60000000 2x1M@system',
        'dmaheap fit board.dts 6x1920x1080:NM12,align=64x16@video --all-orders',
        'dmaheap fit board.dtb workload.txt --after age:8h',
      )}`,
    )
    .action((file: string, words: string[], options: FitCommandOptions) =>
      run(shell(command), file, words, options),
    );
  addBootInputs(command, WITH_BOARD, NOT_OF_BOARDS).addHelpText('after', LIKE_BOOT);
  addSourceInputs(command, WITH_BOARD);
}
