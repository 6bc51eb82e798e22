import { type Command, InvalidArgumentError, Option } from 'commander';
import { ALL_CHECKS, type CheckOptions, checkBoard } from '../../check/check-board.ts';
import { didYouMean } from '../../devicetree/did-you-mean.ts';
import { LINT_CHECKS, type LintWish, lintLevels, lintWish } from '../../devicetree/lint/lint.ts';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import { linuxBanner } from '../../profile/profile.ts';
import { askedOfAll } from '../boards/asked-of-all.ts';
import { completes } from '../completion/argument-kinds.ts';
import { offers } from '../completion/option-values.ts';
import { AnsweredNo, UsageError } from '../failures.ts';
import { jsonText } from '../json/json-text.ts';
import { addBootInputs, type BoardOptions, bootParams, NOT_OF_BOARDS } from '../read/boot-inputs.ts';
import { type BoardToCheck, boardsToCheck } from '../read/checked-boards.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { givenVendor } from '../read/vendor-file.ts';
import { examples, type Registry } from '../registry.ts';
import { type CheckedBoard, checkJson, checksJson, checksText, checkText } from '../render/check.ts';
import { sarif } from '../render/sarif.ts';
import type { Shell } from '../shell.ts';
import { interruptible } from '../terminal/interruption.ts';
import { Progress } from '../terminal/progress.ts';
import { LIKE_BOOT, WITH_BOARD } from '../words/with-board.ts';

interface CheckCommandOptions extends BoardOptions {
  readonly listChecks?: boolean;
  readonly disable?: readonly string[];
  readonly sarif?: boolean;
  readonly warning?: readonly LintWish[];
  readonly error?: readonly LintWish[];
}

const NAMES: readonly string[] = ALL_CHECKS.map(({ name }) => name);

function readDisabled(text: string, before: readonly string[] = []): string[] {
  const words = text.split(',');
  const unknown = words.find((word) => !NAMES.includes(word));
  if (unknown === undefined) return [...before, ...words];
  const near = didYouMean(unknown, NAMES);
  throw new InvalidArgumentError(
    `No check ${unknown}.${near === undefined ? ' dmaheap check --list-checks lists them.' : ` Did you mean ${near}?`}`,
  );
}

/** -W and -E in the order in which they were given, which counts. */
const wishes: LintWish[] = [];

const readWish =
  (kind: '-W' | '-E') =>
  (text: string, before: readonly LintWish[] = []): LintWish[] => {
    const wish = lintWish(kind, text);
    if (wish !== undefined) {
      wishes.push(wish);
      return [...before, wish];
    }
    const name = text.replace(/^no[-_]/, '');
    const near = didYouMean(
      name,
      LINT_CHECKS.map((check) => check.name),
    );
    const isOurs = NAMES.includes(name);
    throw new InvalidArgumentError(
      isOurs
        ? `${name} is no check of dtc's; --disable ${name} leaves it out.`
        : `dtc has no check ${name}${near === undefined ? '.' : `; did you mean ${near}?`}`,
    );
  };

/** The memory that is given is that of a named board; of those that were found, of such as have none. */
function paramsFor({ board, isFound }: BoardToCheck, { memory, ...params }: BootParams): BootParams {
  const needed = !isFound || board === undefined || board.memory.length === 0;
  return memory !== undefined && needed ? { ...params, memory } : params;
}

function checked(toCheck: BoardToCheck, params: BootParams, options: CheckOptions): CheckedBoard {
  const { name, board, refused } = toCheck;
  if (board === undefined) {
    const findings = (refused ?? []).map(({ code, severity, message, position, path, hint }) => ({
      check: code,
      severity,
      message,
      log: [],
      ...(position && { position }),
      ...(path !== undefined && { path }),
      ...(hint !== undefined && { hint }),
    }));
    return { name, findings };
  }
  const { findings, trial } = checkBoard({ board, params: paramsFor(toCheck, params) }, options);
  const banner = trial?.booted.banner;
  return { name, findings, ...(banner !== undefined && banner !== '' && { profile: banner }) };
}

async function checkAll(
  sh: Shell,
  words: readonly string[],
  params: BootParams,
  options: CheckCommandOptions,
  checkOptions: CheckOptions,
): Promise<readonly CheckedBoard[]> {
  const sources = await boardsToCheck(words, options);
  const progress = new Progress(sh.streams, 'check', BigInt(sources.length), 'boards');
  const boards: CheckedBoard[] = [];
  try {
    await interruptible(sh.interrupts, async (interruption) => {
      for (const { load } of sources) {
        const toCheck = await load();
        await sh.warn(toCheck.warnings ?? []);
        // A board names its kernel itself; the environment comes after it.
        const kernel =
          params.kernel ?? toCheck.board?.kernel ?? params.vendor?.kernel ?? sh.environmentKernel;
        boards.push(checked(toCheck, { ...params, ...(kernel !== undefined && { kernel }) }, checkOptions));
        progress.show(BigInt(boards.length));
        await interruption.breathe();
      }
    });
  } finally {
    progress.end();
  }
  return boards;
}

async function run(sh: Shell, words: readonly string[], options: CheckCommandOptions): Promise<void> {
  if (options.listChecks === true) {
    if (words.length > 0) throw new UsageError('--list-checks looks at no board', 'Leave one of them out');
    const levels = lintLevels(wishes);
    const list = ALL_CHECKS.map((check) => ({
      ...check,
      severity: levels.get(check.name) ?? check.severity,
    }));
    return sh.answer(
      () => checksJson(list),
      (ink) => checksText(list, ink, sh.page),
    );
  }
  if (words.length === 0) throw new UsageError('no board given', 'Name one, or --list-checks');
  if (options.sarif === true && sh.options.json === true) {
    throw new UsageError('--sarif is JSON of its own form: --json would be ignored', 'Leave one of them out');
  }
  const vendor = await givenVendor(options.vendor);
  const params = bootParams(options, vendor);
  const kernel = params.kernel ?? vendor?.kernel ?? sh.environmentKernel;
  const asked = await askedOfAll(sh, 'check', { ...params, ...(kernel !== undefined && { kernel }) });
  const boards = await checkAll(sh, words, params, options, {
    levels: lintLevels(wishes),
    disabled: new Set(options.disable),
  });
  const profile = boards.find((board) => board.profile !== undefined)?.profile;
  if (options.sarif === true) {
    const text = jsonText(sarif(boards, ALL_CHECKS));
    sh.ledger.say(text);
    sh.streams.out(text);
  } else {
    await sh.answer(
      () => checkJson(boards, profile ?? linuxBanner(asked)),
      (ink) => checkText(boards, ink),
    );
  }
  if (boards.some(({ findings }) => findings.some(({ severity }) => severity === 'error')))
    throw new AnsweredNo();
}

/** `dmaheap check BOARD…`: what is wrong with a board, by named checks. */
export function checkCommand({ program, shell }: Registry): void {
  wishes.length = 0;
  const command: Command = completes(program.command('check'), 'file')
    .summary('what is wrong with a board: named checks, with repairs that were tried')
    .description(
      "Boots a board in memory and says what is wrong with it, by named checks: of its memory, and dtc's own of its tree. Each finding has its place, what Linux prints of it, and where there is one a repair that was booted. Exit 1 when there is an error.",
    )
    .argument('[board...]', 'boards of any kind; directories, patterns and archives mean the *.dtb in them')
    .option('--list-checks', 'the checks there are, and nothing else')
    .addOption(
      offers(
        new Option('--disable <names>', 'checks that say nothing, joined by commas (repeatable)').argParser(
          readDisabled,
        ),
        NAMES,
      ),
    )
    .addOption(
      new Option(
        '-W, --warning <check>',
        "a check of dtc's that warns; no-CHECK: not (repeatable)",
      ).argParser(readWish('-W')),
    )
    .addOption(
      new Option('-E, --error <check>', 'the same as an error (repeatable)').argParser(readWish('-E')),
    )
    .option('--sarif', 'print SARIF 2.1.0')
    .addHelpText(
      'after',
      examples(
        'dmaheap check board.dts -I include --kernel 6.12',
        'dmaheap check board.dtb --config TRANSPARENT_HUGEPAGE=n',
        'dmaheap check /usr/lib/linux-image-6.12/ --memory 0x40000000:2G --json',
        'dmaheap check board.dts --disable unit-address -E unit_address_vs_reg',
        'dmaheap check board.dts --sarif > check.sarif',
      ),
    )
    .action((words: string[], options: CheckCommandOptions) => run(shell(command), words, options));
  addBootInputs(command, WITH_BOARD, NOT_OF_BOARDS).addHelpText('after', LIKE_BOOT);
  addSourceInputs(command, WITH_BOARD);
}
