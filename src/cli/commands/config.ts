import type { KernelBoard } from '../../kernel/boot/asked-profile.ts';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import { type ConfigInForce, configInForce } from '../../program/config-in-force.ts';
import { addBootInputs, type BoardOptions, bootParams } from '../read/boot-inputs.ts';
import { decodeTree, keptName, loadTreeAsGiven } from '../read/load-tree.ts';
import { loadedBoard } from '../read/loaded-board.ts';
import { inputName } from '../read/read-input.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { configJson, configText } from '../render/config.ts';
import type { Shell } from '../shell.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

/** What is asked about: a boot of a board, of no board, or the session's. */
interface Asked {
  readonly board: KernelBoard;
  readonly params: BootParams;
  /** The banner of the session, which knows its default CMA area. */
  readonly banner?: string;
}

/** Options that say which kernel is meant where there is neither board nor session. */
const ALONE = ['kernel', 'preset', 'config'] as const;

async function askedFor(sh: Shell, options: BoardOptions): Promise<Asked> {
  const { board: file } = sh.options;
  const withKernel = (board: KernelBoard): Asked => {
    const kernel = options.kernel ?? board.kernel ?? sh.environmentKernel;
    return { board, params: bootParams({ ...options, ...(kernel !== undefined && { kernel }) }) };
  };
  if (file !== undefined) {
    sh.refuseSession('config --board');
    const loaded = await loadTreeAsGiven(file, options);
    await sh.warn(loaded.warnings);
    return withKernel(loadedBoard(loaded, inputName(file)));
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  if (given.length > 0 && given.every(([name]) => ALONE.some((known) => known === name))) {
    return withKernel({ source: 'config' });
  }
  // Refuses what is left.
  const session = await sh.machine('config', options);
  const { inputs } = session.info();
  const banner = session.view((kernel) => kernel.info().banner);
  const board = loadedBoard(await decodeTree(inputs.board, keptName(inputs)), inputs.file);
  return { board, params: inputs.params, banner };
}

/** `dmaheap config`: which options are in force, and what each decides. */
export function configCommand({ program, shell }: Registry): void {
  const command = program
    .command('config')
    .summary('the configuration in force, and what each option decides')
    .description(
      'Lists the options of the kernel configuration that answers depend on: of the session, of a boot with --board, or of a kernel that --kernel, --preset and --config name. FROM says where a value comes from: the architecture, a preset, a file, an option.',
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap config',
        'dmaheap config --preset debian --kernel 6.12',
        'dmaheap config --config /proc/config.gz --kernel 6.12',
        "dmaheap config --json | jq -r '.options[] | [.name, .value] | @tsv'",
      ),
    )
    .action(async (options: BoardOptions) => {
      const sh = shell(command);
      const { board, params, banner } = await askedFor(sh, options);
      const found = configInForce(board, params);
      const inForce: ConfigInForce = banner === undefined ? found : { ...found, profile: banner };
      await sh.warn(inForce.warnings);
      await sh.answer(
        () => configJson(inForce),
        (ink) => configText(inForce, ink),
      );
    });
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
