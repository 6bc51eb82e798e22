/**
 * A board's device tree from what a user names: a blob, source, YAML or a directory, told apart by what it
 * holds and not by its name; with overlays applied.
 */
import { type BoardFormat, detectFormat } from '../../board/detect-format.ts';
import { decodeDtb, encodeDtb } from '../../devicetree/dtb.ts';
import { decodeSource } from '../../devicetree/source-encoding.ts';
import type { DeviceTree } from '../../devicetree/tree.ts';
import { type Diagnostic, InvalidInput } from '../../diagnostic.ts';
import { UnreadableInput, UsageError } from '../failures.ts';
import type { Confinement } from './confinement.ts';
import { readDeviceTreeDirectory } from './device-tree-directory.ts';
import { inputName, readInput } from './read-input.ts';
import { directoryOf, outsideScenario, sourceFiles } from './source-files.ts';

/** How source is compiled, and what is laid over the board. */
export interface SourceInputs {
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
  /** The file may be an overlay itself. */
  readonly overlayAsBoard?: boolean;
}

export interface LoadedTree {
  readonly tree: DeviceTree;
  readonly format: BoardFormat | 'directory';
  /** The kernel that a YAML board names. */
  readonly kernel?: string;
  /** What can be read again without any other file: the input itself, or the finished tree as a blob. */
  bytes(): Uint8Array;
  readonly warnings: readonly Diagnostic[];
}

interface Piece extends LoadedTree {
  /** Set when it is known: source says whether it is an overlay. */
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
  let { tree } = board;
  const warnings = [...board.warnings];
  const { applyOverlay } = await import('../../devicetree/overlay.ts');
  for (const name of overlays) {
    // Its labels too: the next overlay may refer to them.
    const overlay = await loadPiece(name, { ...inputs, symbols: true });
    const applied = applyOverlay(tree, overlay.tree);
    warnings.push(...overlay.warnings);
    const found = applied.diagnostics.map((diagnostic) => ({
      ...diagnostic,
      position: diagnostic.position ?? { file: inputName(name) },
    }));
    if (applied.tree === undefined) throw new InvalidInput(found);
    warnings.push(...found);
    tree = applied.tree;
  }
  return { ...board, tree, bytes: () => encodeDtb(tree), warnings };
}

/** What messages call the board that a session keeps: of anything but a blob or YAML it keeps what was made of it. */
export const keptName = ({ file, format }: { readonly file: string; readonly format: string }): string =>
  format === 'dts' || format === 'directory' ? `blob made of ${file}` : file;

/** Decodes bytes that stand for themselves: what `LoadedTree.bytes` holds. @throws InvalidInput */
export async function decodeTree(
  bytes: Uint8Array,
  name: string,
): Promise<Pick<LoadedTree, 'tree' | 'kernel' | 'warnings'>> {
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

/** What a file holds; `undefined` for a directory. */
function bytesOf(file: string, within: Confinement | undefined): Uint8Array | undefined {
  const name = inputName(file);
  const outside = (allowed: Confinement) => {
    const { code, message, hint } = outsideScenario(name, allowed);
    return new UnreadableInput(code, name, message, hint);
  };
  try {
    return readInput(file, ({ stats }) => {
      if (within?.allowsOpened(file, stats) === false) throw outside(within);
    });
  } catch (error) {
    if (!(error instanceof UnreadableInput) || error.code !== 'is-a-directory') throw error;
    if (within?.allows(file) === false) throw outside(within);
    return undefined;
  }
}

async function loadPiece(file: string, inputs: SourceInputs): Promise<Piece> {
  const name = inputName(file);
  const bytes = bytesOf(file, inputs.within);
  if (bytes === undefined) {
    const { tree, warnings } = readDeviceTreeDirectory(file);
    return { tree, format: 'directory', bytes: () => encodeDtb(tree), warnings };
  }
  if (bytes.length === 0) {
    throw new UnreadableInput(
      'file-empty',
      name,
      `${name}: is empty: expected device tree source, a blob or a YAML board`,
    );
  }
  const detected = detectFormat(bytes);
  // A source's name helps where its content says nothing.
  const format = detected !== 'dtb' && /\.dts[io]?$/.test(file) ? 'dts' : detected;
  if (format !== 'dts') return { ...(await decodeTree(bytes, name)), format, bytes: () => bytes };
  // As large as all the rest of the command: only for source.
  const { compileSource } = await import('../../devicetree/compile-source.ts');
  await optimizeLate();
  const { include = [], define = [], allowOutside = false, symbols = false, within } = inputs;
  const readFile = sourceFiles({ directory: directoryOf(file), include, allowOutside, within });
  const source = { path: file === '-' ? '<stdin>' : file, text: decodeSource(bytes) };
  const { tree, isPlugin, warnings } = compileSource(source, { readFile, defines: define, symbols });
  return { tree, format, bytes: () => encodeDtb(tree), warnings, isOverlay: isPlugin };
}
