import type { KernelBoard } from '../../kernel/boot/asked-profile.ts';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import { type ConfigInForce, configInForce } from '../../program/config-in-force.ts';
import { bootParams, refuseTreeOptions } from '../read/boot-inputs.ts';
import { decodeTree, keptName, loadTreeAsGiven, type SourceInputs } from '../read/load-tree.ts';
import { loadedBoard } from '../read/loaded-board.ts';
import { inputName } from '../read/read-input.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { configJson, configText } from '../render/config.ts';
import type { Shell } from '../shell.ts';
import { type ConfigWords, configOption, presetOption } from '../words/config-option.ts';
import { kernelOption } from '../words/kernel-option.ts';
import { once } from '../words/once.ts';
import { archOption, readArch } from '../words/profile-options.ts';

/** What is asked about: a boot of a board, of no board, or the session's. */
interface Asked {
  readonly board: KernelBoard;
  readonly params: BootParams;
  /** The banner of the session, which knows its default CMA area. */
  readonly banner?: string;
}

interface ConfigOptions extends SourceInputs {
  readonly kernel?: string;
  readonly arch?: string;
  readonly preset?: string;
  readonly config?: ConfigWords;
}

async function askedFor(sh: Shell, options: ConfigOptions): Promise<Asked> {
  const { board: file } = sh.options;
  const { arch, preset, config } = options;
  const withKernel = (board: KernelBoard): Asked => {
    const kernel = options.kernel ?? board.kernel ?? sh.environmentKernel;
    const given = {
      ...(kernel !== undefined && { kernel }),
      ...(arch !== undefined && { arch }),
      ...(preset !== undefined && { preset }),
      ...(config !== undefined && { config }),
    };
    return { board, params: bootParams(given, undefined) };
  };
  if (file !== undefined) {
    sh.refuseSession('config --board');
    const loaded = await loadTreeAsGiven(file, options);
    await sh.warn(loaded.warnings);
    return withKernel(loadedBoard(loaded, inputName(file)));
  }
  refuseTreeOptions({ ...options }, 'the session');
  if ([options.kernel, arch, preset, config].some((one) => one !== undefined)) {
    sh.refuseSession('config of a named kernel');
    return withKernel({ source: 'config' });
  }
  const session = await sh.session('config');
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
      'Lists the options of the kernel configuration that answers depend on: of the session, of a boot with --board, or of a kernel that --kernel, --arch, --preset and --config name. FROM says where a value comes from: the architecture, a preset, a file, an option.',
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
    .action(async (options: ConfigOptions) => {
      const sh = shell(command);
      const { board, params, banner } = await askedFor(sh, options);
      const found = configInForce(board, params);
      const inForce: ConfigInForce = banner === undefined ? found : { ...found, profile: banner };
      await sh.warn(inForce.warnings);
      await sh.answer(
        () => configJson(inForce),
        (ink) => configText(inForce, ink, sh.page),
      );
    });
  command
    .addOption(once(kernelOption()))
    .addOption(once(archOption('its architecture: arm64 unless given', readArch)))
    .addOption(once(presetOption()))
    .addOption(configOption());
  addSourceInputs(command, 'Source of --board:');
}
