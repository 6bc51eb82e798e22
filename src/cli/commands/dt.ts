import { type Command, Option } from 'commander';
import { applyBootLoaderFixups } from '../../board/boot-loader-fixups.ts';
import type { HeapDeclarations } from '../../board/declared-heaps.ts';
import { didYouMean } from '../../devicetree/did-you-mean.ts';
import { encodeDtb } from '../../devicetree/dtb.ts';
import { printDts } from '../../devicetree/dts/print.ts';
import { nodeAtPath } from '../../devicetree/node-lookup.ts';
import { sortTree } from '../../devicetree/sort-tree.ts';
import type { DeviceTree, DtNode } from '../../devicetree/tree.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { escapeText } from '../../escape-text.ts';
import type { PhysRange } from '../../units.ts';
import { completes } from '../completion/argument-kinds.ts';
import { UsageError } from '../failures.ts';
import { nodeJson } from '../json/json.ts';
import { changedTree } from '../read/board-node.ts';
import { readMemory, refuseTreeOptions } from '../read/boot-inputs.ts';
import {
  decodeTree,
  keptName,
  type LoadedTree,
  loadTreeAsGiven,
  type SourceInputs,
} from '../read/load-tree.ts';
import { inputName } from '../read/read-input.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { originComment, renderNode } from '../render/device-tree.ts';
import type { Shell } from '../shell.ts';
import { writeOutput } from '../terminal/output-file.ts';
import {
  addDtcOptions,
  DTC_OPTIONS,
  type DtcOptions,
  dependencyRule,
  encodeOptions,
  refuseUnsupported,
  splitInclude,
} from '../words/dtc-options.ts';

interface TreeOptions extends SourceInputs {
  readonly memory?: readonly PhysRange[];
  readonly bootargs?: string;
  readonly origin?: boolean;
}

interface PrintOptions extends TreeOptions, DtcOptions {
  readonly out?: string;
  readonly output?: 'dts' | 'dtb';
  readonly force?: boolean;
}

function addTreeOptions(command: Command): Command {
  addSourceInputs(command, 'Device tree source:');
  const include = command.options.find(({ long }) => long === '--include');
  if (include !== undefined) {
    include.description += "; dts, dtb and fs are dtc's input formats (a directory of that name is ./dts)";
  }
  const group = (option: Option) => command.addOption(option.helpGroup('Boot loader:'));
  group(
    new Option('--memory <base:size>', 'RAM, as the boot loader fills it in (repeatable)').argParser(
      readMemory,
    ),
  );
  group(new Option('--bootargs <text>', 'the command line, as the boot loader writes it into /chosen'));
  return command.option('--origin', 'say where everything came from, and what it was before');
}

/** What a YAML board declares, and no tree says. */
const heapsLost = ({ by, heaps }: HeapDeclarations): Diagnostic => ({
  code: 'board-heaps-left-out',
  severity: 'warning',
  message: `a device tree has no declared heaps: ${heaps.map(({ name }) => name).join(', ')} are left out`,
  position: { file: by },
  hint: 'write them into a file of their own, for --vendor FILE',
});

/** The board's tree with the fixups; warnings are printed. */
async function treeOf(
  shell: Shell,
  file: string,
  options: TreeOptions & Pick<DtcOptions, 'i' | 'quiet'>,
): Promise<Pick<LoadedTree, 'tree' | 'isOverlay'>> {
  shell.refuseSession('dt of a board');
  const { format, directories } = splitInclude(options.include);
  const { tree, isOverlay, heaps, warnings } = await loadTreeAsGiven(file, {
    ...options,
    include: [...directories, ...(options.i ?? [])],
    format,
    overlayAsBoard: true,
  });
  if (options.quiet !== true)
    await shell.warn([...warnings, ...(heaps === undefined ? [] : [heapsLost(heaps)])]);
  return { tree: applyBootLoaderFixups(tree, options), ...(isOverlay === undefined ? {} : { isOverlay }) };
}

/** Writes the result to a file or to standard output. */
async function deliver(
  shell: Shell,
  data: string | Uint8Array,
  { out, force, output }: PrintOptions,
): Promise<void> {
  if (out !== undefined && out !== '-') {
    await writeOutput(shell, out, data);
    const length = Buffer.byteLength(data);
    return shell.answer(
      () => ({ schema: 'dmaheap.dt-file/1', file: out, format: output, length }),
      () => '',
    );
  }
  if (shell.options.json === true) {
    throw new UsageError('a blob is not JSON', 'Name a file for it with --out, or leave out --json');
  }
  if (typeof data !== 'string' && shell.streams.outIsTerminal && force !== true) {
    throw new UsageError(
      'a blob is not for a terminal',
      'Redirect it, name a file with --out, or add --force',
    );
  }
  shell.streams.out(data);
}

/** dtc takes the format from the name of the output too. */
const outputOf = ({ output, out = '' }: PrintOptions) => output ?? (/\.dtbo?$/.test(out) ? 'dtb' : 'dts');

async function print(shell: Shell, file: string, given: PrintOptions): Promise<void> {
  const options = { ...given, output: outputOf(given) };
  if (options.origin === true && options.output === 'dtb') {
    throw new UsageError('a blob has no comments: --origin would be ignored', 'Leave out -O dtb');
  }
  refuseUnsupported(options);
  const encode = encodeOptions(options, options.output);
  const files: string[] = [];
  const read = await treeOf(shell, file, { ...options, onRead: (path) => void files.push(path) });
  const numbered = options.bootCpu === undefined ? read.tree : { ...read.tree, bootCpuid: options.bootCpu };
  const tree = options.sort === true ? sortTree(numbered) : numbered;
  if (options.outDependency !== undefined) {
    const rule = dependencyRule(options.out ?? '-', files.length > 0 ? files : [file]);
    await writeOutput(shell, options.outDependency, rule);
  }
  if (options.output === 'dtb') return deliver(shell, encodeDtb(tree, encode), options);
  const comment = (entry: Parameters<typeof originComment>[0]) =>
    options.origin === true || entry.origin?.made?.startsWith('boot loader') === true
      ? escapeText(originComment(entry))
      : undefined;
  const text = () => printDts(tree, { comment, plugin: read.isOverlay });
  if (options.out !== undefined && options.out !== '-') return deliver(shell, text(), options);
  await shell.answer(
    () => ({ schema: 'dmaheap.dt/1', source: inputName(file), root: nodeJson(tree.root, true) }),
    text,
  );
}

/** A node and its full path: asked for by path, or by label as source or `__symbols__` know it. */
function findNode(root: DtNode, asked: string): { readonly node: DtNode; readonly path: string } {
  const pathOf = new Map<DtNode, string>();
  const labels = new Map<string, string>();
  const walk = (node: DtNode, path: string): void => {
    pathOf.set(node, path);
    for (const label of node.origin?.labels ?? []) labels.set(label, path);
    for (const child of node.children) walk(child, `${path === '/' ? '' : path}/${child.name}`);
  };
  walk(root, '/');
  for (const { name, value } of root.children.find(({ name }) => name === '__symbols__')?.properties ?? []) {
    if (!labels.has(name)) labels.set(name, new TextDecoder().decode(value.subarray(0, -1)));
  }
  const label = asked.replace(/^&/, '');
  const path = asked.startsWith('/') ? asked : (labels.get(label) ?? asked);
  const node = path.startsWith('/') ? nodeAtPath(root, path) : undefined;
  if (node !== undefined) return { node, path: pathOf.get(node) ?? path };
  const paths = [...pathOf.values()].filter((one) => one !== '/');
  const near = didYouMean(asked.startsWith('/') ? asked : label, [...paths, ...labels.keys()]);
  throw new UsageError(
    `there is no node ${asked}`,
    near === undefined
      ? 'Name a node by its path (/soc/video@1000), or by its label with --board and the source'
      : `Did you mean ${near}?`,
  );
}

async function show(shell: Shell, asked: string, options: TreeOptions): Promise<void> {
  const { board } = shell.options;
  for (const [name, option] of DTC_OPTIONS) {
    if (name in options) throw new UsageError(`dt show takes no ${option}`, 'It is for dt BOARD');
  }
  let tree: DeviceTree;
  let warnings: readonly Diagnostic[] = [];
  if (board === undefined) {
    refuseTreeOptions({ ...options }, 'the session’s own tree');
    const session = await shell.session('dt show');
    const { inputs } = session.info();
    const changed = changedTree(session);
    if (changed !== undefined) tree = changed;
    else ({ tree, warnings } = await decodeTree(inputs.board, keptName(inputs)));
    await shell.warn(warnings);
  } else {
    ({ tree } = await treeOf(shell, board, options));
  }
  const { node, path } = findNode(tree.root, asked);
  await shell.answer(
    () => ({ schema: 'dmaheap.dt-node/1', path, node: nodeJson(node, false) }),
    (ink) => renderNode(node, path, options.origin === true, ink),
  );
}

/** `dmaheap dt BOARD` and `dmaheap dt show NODE`: device trees, without a boot. */
export function dtCommand({ program, shell }: Registry): void {
  const command = completes(program.command('dt'), 'file')
    .summary('a device tree: source, blob, where it came from')
    .description(
      'Prints a board as device tree source, or writes it as a blob: compiles source, decompiles blobs, applies overlays.',
    )
    .usage('[options] <board>\n       dmaheap dt show [options] <node>')
    .argument(
      '<board>',
      'source, a blob, YAML, a directory such as /proc/device-tree; - reads standard input',
    )
    .addOption(
      new Option(
        '-O, --output <format>',
        'what to write; unless given dtb for an --out of that name, else dts',
      ).choices(['dts', 'dtb']),
    )
    .option('-o, --out <file>', 'write to a file')
    .option('-@, --symbols', 'add __symbols__, which overlays need')
    .option('--force', 'write a blob to a terminal')
    .addHelpText(
      'after',
      examples(
        'dmaheap dt board.dts -I include -O dtb -o board.dtb',
        'dmaheap dt board.dtb --overlay camera.dtbo',
        'dmaheap dt board.dts --origin | less',
        'dmaheap dt show /reserved-memory --board board.dts --origin',
        'dmaheap dt /proc/device-tree',
      ),
    )
    .action((file: string, options: PrintOptions) => print(shell(command), file, options));
  addTreeOptions(command);
  addDtcOptions(command);
  const showCommand = command
    .command('show')
    .summary('one node')
    .description(
      'Shows one node of the session’s tree, or of the source given with --board; with --origin where each property was set, by which include and macro, and what it was before.',
    )
    .argument('<node>', 'a path (/reserved-memory) or a label (&video)')
    .addHelpText(
      'after',
      examples(
        'dmaheap dt show /reserved-memory',
        'dmaheap dt show "&video_cma" --board board.dts -I include --origin',
      ),
    )
    // Its options are dt's own, which commander takes wherever they stand.
    .action((node: string) => show(shell(showCommand), node, showCommand.optsWithGlobals<TreeOptions>()));
}
