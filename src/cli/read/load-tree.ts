/**
 * A board's device tree from what a user names: a blob, source, YAML or a directory, told apart by what it
 * holds and not by its name; with overlays applied.
 */
import { type BoardFormat, detectFormat } from '../../board/detect-format.ts';
import type { YamlBoard } from '../../board/from-yaml.ts';
import { isCapture } from '../../board/input-kind.ts';
import type { NamedByFile } from '../../board/named-by-file.ts';
import { decodeDtb, encodeDtb } from '../../devicetree/dtb.ts';
import { decodeSource } from '../../devicetree/source-encoding.ts';
import type { DeviceTree } from '../../devicetree/tree.ts';
import { type Diagnostic, InvalidInput } from '../../diagnostic.ts';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import { UnreadableInput, UsageError } from '../failures.ts';
import type { Confinement } from './confinement.ts';
import { readDeviceTreeDirectory } from './device-tree-directory.ts';
import { compiledOrMended, isPastedSource, type MendingWishes, refusePaste } from './mended-source.ts';
import { inputName, readInput } from './read-input.ts';
import { directoryOf, isDirectory, modifiedText, outsideScenario, sourceFiles } from './source-files.ts';
import { refuseWrongInput } from './wrong-input.ts';

/** How source is compiled, and what is laid over the board. */
export interface SourceInputs extends MendingWishes {
  /** -I, in order. */
  readonly include?: readonly string[];
  /** -D. */
  readonly define?: readonly string[];
  /** Overlays in the order in which they are applied. */
  readonly overlay?: readonly string[];
  readonly allowOutside?: boolean;
  /** Where all files must lie: those of a scenario, which may come from anybody. */
  readonly within?: Confinement | undefined;
  /** dtc -@. */
  readonly symbols?: boolean;
  /** dtc -A, -L: of the board, which must be source then. */
  readonly autoAlias?: boolean;
  readonly localFixups?: boolean;
  /** What the board must be: a source, a blob or a directory. dtc -I */
  readonly format?: 'dts' | 'dtb' | 'fs' | undefined;
  /** Told of every file of source that is read. */
  readonly onRead?: (path: string) => void;
  /** What is made of a capture; absent: a capture is no board. */
  readonly onCapture?: (bytes: Uint8Array, name: string) => Promise<LoadedTree>;
  /** The file may be an overlay itself. */
  readonly overlayAsBoard?: boolean;
}

export interface LoadedTree extends NamedByFile {
  readonly tree: DeviceTree;
  readonly format: BoardFormat | 'directory';
  /** Whether any of it was compiled from source. */
  readonly isOfSource: boolean;
  /** What can be read again without any other file: the input itself, or the finished tree as a blob. */
  bytes(): Uint8Array;
  /** What is odd, and what was assumed of source that is not whole (`assumes`). */
  readonly warnings: readonly Diagnostic[];
  /** What else a capture says of its boot. */
  readonly params?: BootParams;
  /** Whether it is an overlay; source alone says so. */
  readonly isOverlay?: boolean;
}

/** Loads a board and lays its overlays over it. @throws UnreadableInput or InvalidInput */
export async function loadTree(file: string, inputs: SourceInputs = {}): Promise<LoadedTree> {
  const overlays = inputs.overlay ?? [];
  if ([file, ...overlays].filter((name) => name === '-').length > 1) {
    throw new UsageError('standard input (-) can be read only once');
  }
  // Overlays refer to labels, which only a tree with symbols has.
  const board = await loadPiece(file, { ...inputs, symbols: inputs.symbols === true || overlays.length > 0 });
  if (board.isOverlay === true && inputs.overlayAsBoard !== true) {
    throw new UnreadableInput(
      'is-an-overlay',
      inputName(file),
      `${inputName(file)}: is an overlay, not a board`,
      `Lay it over one: dmaheap boot BOARD --overlay ${file}`,
    );
  }
  if (overlays.length === 0) return board;
  if (board.heaps !== undefined) {
    throw new UsageError(
      `an overlay makes a blob of ${inputName(file)}, and a blob has no heaps: section`,
      'Give its heaps in a file of their own: --vendor FILE',
    );
  }
  let { tree } = board;
  let { isOfSource } = board;
  const warnings = [...board.warnings];
  const { applyOverlay } = await import('../../devicetree/overlay.ts');
  for (const name of overlays) {
    // Its labels too: the next overlay may refer to them.
    const overlay = await loadPiece(name, {
      ...inputs,
      symbols: true,
      autoAlias: false,
      localFixups: false,
      format: undefined,
      isOverlay: true,
    });
    const applied = applyOverlay(tree, overlay.tree);
    isOfSource ||= overlay.isOfSource;
    warnings.push(...overlay.warnings);
    const found = applied.diagnostics.map((diagnostic) => ({
      ...diagnostic,
      position: diagnostic.position ?? { file: inputName(name) },
    }));
    if (applied.tree === undefined) throw new InvalidInput(found);
    warnings.push(...found);
    tree = applied.tree;
  }
  return { ...board, tree, isOfSource, bytes: () => encodeDtb(tree), warnings };
}

/** The first option that is about source alone; `undefined` when there is none. */
export const givenForSource = ({ include, define, symbols, repair }: SourceInputs): string | undefined => {
  if (include?.length) return '--include';
  if (define !== undefined) return '--define';
  if (symbols === true) return '--symbols';
  return repair === true ? '--repair' : undefined;
};

/** The same for a user who gives the options: those about source are refused where there is none. @throws UsageError */
export async function loadTreeAsGiven(file: string, inputs: SourceInputs): Promise<LoadedTree> {
  const loaded = await loadTree(file, inputs);
  const given = loaded.isOfSource ? undefined : givenForSource(inputs);
  if (given === undefined) return loaded;
  throw new UsageError(
    `${given} goes with device-tree source, and ${inputName(file)} is none: it would be ignored`,
    'Leave it out, or give the source that the board was made of',
  );
}

/** What messages call the board that a session keeps: of anything but a blob or YAML it keeps what was made of it. */
export const keptName = ({ file, format }: { readonly file: string; readonly format: string }): string =>
  format === 'dts' || format === 'directory' ? `blob made of ${file}` : file;

/** Decodes bytes that stand for themselves: what `LoadedTree.bytes` holds. @throws InvalidInput */
export async function decodeTree(bytes: Uint8Array, name: string): Promise<YamlBoard> {
  if (detectFormat(bytes) !== 'yaml') return { tree: decodeDtb(bytes, name), warnings: [] };
  // The YAML and schema libraries take longer to load than all the rest: only for a YAML board.
  const { treeFromYaml } = await import('../../board/from-yaml.ts');
  return treeFromYaml(new TextDecoder().decode(bytes), name);
}

/**
 * Lets V8 optimize only what runs for 15 times longer than usual: a board is compiled once, and Node 20 would
 * spend half of that time on optimizing. A source of megabytes still gets it. Newer V8 waits by itself, and has
 * no such flag. To be called after the import, because V8 takes no cached code (bin/load-bundle.cjs) of other flags.
 */
async function optimizeLate(): Promise<void> {
  if (process.versions.v8.startsWith('11.')) {
    // Not loaded where it is not needed: with all that it loads in turn it takes 3 ms.
    const { setFlagsFromString } = await import('node:v8');
    setFlagsFromString('--interrupt-budget=1000000');
  }
}

interface FileRead {
  readonly bytes: Uint8Array;
  /** Of a file, not of standard input. */
  readonly modified?: string | undefined;
}

/** What a file holds; `undefined` for a directory. */
function fileRead(file: string, within: Confinement | undefined): FileRead | undefined {
  const name = inputName(file);
  const outside = (allowed: Confinement) => {
    const { code, message, hint } = outsideScenario(name, allowed);
    return new UnreadableInput(code, name, message, hint);
  };
  try {
    let modified: string | undefined;
    const bytes = readInput(file, ({ stats }) => {
      if (within?.allowsOpened(file, stats) === false) throw outside(within);
      modified = modifiedText(stats);
    });
    return { bytes, modified };
  } catch (error) {
    if (!(error instanceof UnreadableInput) || error.code !== 'is-a-directory') throw error;
    if (within?.allows(file) === false) throw outside(within);
    return undefined;
  }
}

/** What cpp passes over in silence: a directory of -I that is not there. */
const missingDirectories = (include: readonly string[]): readonly Diagnostic[] =>
  include
    .filter((directory) => !isDirectory(directory))
    .map((directory) => ({
      code: 'include-missing',
      severity: 'warning',
      message: `--include ${directory}: no such directory`,
    }));

const FORMAT_NAMES = {
  dts: 'source',
  dtb: 'a blob',
  yaml: 'YAML',
  unknown: 'neither',
  fs: 'a directory',
} as const;

const otherFormat = (name: string, is: string, asked: 'dts' | 'dtb' | 'fs') =>
  new UnreadableInput(
    'other-format',
    name,
    `${name}: is ${is}, and -I ${asked} expects ${FORMAT_NAMES[asked]}`,
    'Leave out -I: what a board is shows in what it holds',
  );

/** -A and -L work with the labels of source, which nothing else has. */
function refuseSourceOnly(name: string, is: string, { autoAlias, localFixups }: SourceInputs): void {
  const option = autoAlias === true ? '-A' : localFixups === true ? '-L' : undefined;
  if (option === undefined) return;
  throw new UsageError(
    `${option} needs source, and ${name} is ${is}`,
    'Its labels are gone; compile the source with it',
  );
}

async function loadPiece(
  file: string,
  inputs: SourceInputs & { readonly isOverlay?: boolean },
): Promise<LoadedTree> {
  const name = inputName(file);
  const read = fileRead(file, inputs.within);
  if (read === undefined) {
    if (inputs.format !== undefined && inputs.format !== 'fs')
      throw otherFormat(name, 'a directory', inputs.format);
    refuseSourceOnly(name, 'a directory', inputs);
    const { tree, warnings } = readDeviceTreeDirectory(file);
    return {
      tree,
      format: 'directory',
      isOfSource: false,
      bytes: () => encodeDtb(tree),
      warnings,
    };
  }
  const { bytes, modified } = read;
  if (bytes.length === 0) {
    throw new UnreadableInput(
      'file-empty',
      name,
      `${name}: is empty: expected device tree source, a blob or a YAML board`,
    );
  }
  const detected = detectFormat(bytes);
  // A source's name helps where its content says nothing.
  const isSource = inputs.format === 'dts' || /\.dts[io]?$/.test(file);
  const format =
    detected !== 'dtb' && (isSource || (await isPastedSource(bytes, detected, inputs))) ? 'dts' : detected;
  if (inputs.format !== undefined && inputs.format !== format) {
    throw otherFormat(name, FORMAT_NAMES[format], inputs.format);
  }
  if (format === 'yaml' && inputs.onCapture !== undefined && isCapture(bytes))
    return inputs.onCapture(bytes, name);
  if (format !== 'dts') await refusePaste(bytes, file, format);
  if (format !== 'dts') await refuseWrongInput(bytes, file, 'board');
  if (format !== 'dts') refuseSourceOnly(name, FORMAT_NAMES[format], inputs);
  if (format !== 'dts')
    return { ...(await decodeTree(bytes, name)), format, isOfSource: false, bytes: () => bytes };
  // As large as all the rest of the command: only for source.
  const { compileSource } = await import('../../devicetree/compile-source.ts');
  await optimizeLate();
  const { include = [], define = [], allowOutside = false, symbols = false, within, onRead } = inputs;
  const readFile = sourceFiles({ directory: directoryOf(file), include, allowOutside, within, onRead });
  const source = {
    path: file === '-' ? '<stdin>' : file,
    text: decodeSource(bytes),
    ...(modified === undefined ? {} : { modified }),
  };
  onRead?.(source.path);
  const options = {
    readFile,
    defines: define,
    symbols,
    aliases: inputs.autoAlias === true,
    fixups: inputs.localFixups === true,
  };
  const { tree, isPlugin, assumed, ...compiled } = await compiledOrMended(
    () => compileSource(source, options),
    source,
    options,
    inputs,
  );
  const warnings = [...missingDirectories(include), ...assumed, ...compiled.warnings];
  return {
    tree,
    format,
    isOfSource: true,
    bytes: () => encodeDtb(tree),
    warnings,
    isOverlay: isPlugin,
  };
}
