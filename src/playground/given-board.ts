/** From what somebody pastes or drops to a board and the parameters of its boot, whatever it is: told apart by content. */
import type { Board } from '../board/board.ts';
import { detectFormat } from '../board/detect-format.ts';
import { boardFromTree } from '../board/from-tree.ts';
import { treeFromYaml } from '../board/from-yaml.ts';
import { inputKind } from '../board/input-kind.ts';
import { type NamedByFile, namedByFile } from '../board/named-by-file.ts';
import { type CompiledSource, compileSource } from '../devicetree/compile-source.ts';
import { decodeDtb, encodeDtb } from '../devicetree/dtb.ts';
import { looksPasted } from '../devicetree/repair/clean-paste.ts';
import { compilePasted } from '../devicetree/repair/compile-pasted.ts';
import type { ReadFile } from '../devicetree/source.ts';
import { decodeSource } from '../devicetree/source-encoding.ts';
import type { DeviceTree } from '../devicetree/tree.ts';
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import type { BootParams } from '../kernel/boot/boot-params.ts';
import { type Facts, type Finding, isEmpty, readFacts, reconstruct } from '../reconstruct/index.ts';
import type { PageInputs } from './page-inputs.ts';

export interface GivenBoard {
  /** With its article: `device-tree source`, `a kernel log`. */
  readonly what: string;
  readonly board: Board;
  /** All that boots it. */
  readonly params: BootParams;
  /** What is odd, and what was assumed of source that is not whole. */
  readonly warnings: readonly Diagnostic[];
  /** What was made of a log. */
  readonly reconstructed?: { readonly facts: Facts; readonly findings: readonly Finding[] };
  /** What a scenario can name as its board: the input itself, or the finished tree as a blob. */
  readonly kept: { readonly file: string; readonly bytes: Uint8Array };
}

/** A page has no files: what a source includes is not there. */
const noFile: ReadFile = () => undefined;

const invalid = (code: string, file: string, message: string, hint?: string): InvalidInput =>
  new InvalidInput([
    { code, severity: 'error', message, position: { file }, ...(hint !== undefined && { hint }) },
  ]);

type Compiled = CompiledSource & { readonly assumed: readonly Diagnostic[] };

/** What the compiler gives, else what mending gives; of a paste it is told what was assumed. */
function compiled(file: string, bytes: Uint8Array): Compiled {
  const source = { path: file, text: decodeSource(bytes) };
  const options = { readFile: noFile };
  try {
    return { ...compileSource(source, options), assumed: [] };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return compilePasted(source, { ...options, memory: true, otherwise: error });
  }
}

function isSource(file: string, bytes: Uint8Array, format: string): boolean {
  if (format !== 'yaml') return format === 'dts';
  if (/\.dts[io]?$/.test(file)) return true;
  // Of other texts, a log above all, no line ends as a statement does.
  const text = decodeSource(bytes);
  return text.includes('{') && /;[ \t\r]*$/m.test(text) && looksPasted(text);
}

/** A name without a directory, ending so. */
const named = (file: string, ending: string): string =>
  `${file.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '') || 'board'}${ending}`;

/** What the page's user says goes before what the input says. */
const asked = ({ kernel, cmdline, memory }: PageInputs, named: NamedByFile): BootParams => {
  const taken = kernel ?? named.kernel;
  return {
    ...(taken !== undefined && { kernel: taken }),
    ...(named.arch !== undefined && { arch: named.arch }),
    ...(cmdline !== undefined && { cmdline }),
    ...(memory !== undefined && { memory }),
  };
};

/**
 * Reads what was given.
 *
 * @throws InvalidInput with everything that is wrong with it
 */
export function givenBoard(inputs: PageInputs): GivenBoard {
  const { bytes, file } = inputs;
  if (bytes.length === 0) throw invalid('file-empty', file, `${file}: is empty`, EXPECTED);
  const format = detectFormat(bytes);
  const { kind, what } = inputKind(bytes);
  if (format === 'dtb') {
    const tree = decodeDtb(bytes, file);
    return ofTree(inputs, what, { tree, warnings: [] }, { file: named(file, '.dtb'), bytes });
  }
  if (isSource(file, bytes, format)) {
    const { tree, isPlugin, assumed, warnings } = compiled(file, bytes);
    if (isPlugin) {
      throw invalid(
        'is-an-overlay',
        file,
        `${file}: is an overlay, not a board`,
        'Paste the board: dmaheap boot BOARD --overlay FILE lays one over it',
      );
    }
    // A blob says the same as source that was mended, and needs nothing assumed again.
    const kept =
      assumed.length === 0
        ? { file: named(file, '.dts'), bytes }
        : { file: named(file, '.dtb'), bytes: encodeDtb(tree) };
    return ofTree(inputs, 'device-tree source', { tree, warnings: [...assumed, ...warnings] }, kept);
  }
  if (kind === 'board' || (kind === 'unknown' && /\.ya?ml$/.test(file))) {
    const loaded = treeFromYaml(new TextDecoder().decode(bytes), file);
    return ofTree(inputs, 'a YAML board', loaded, { file: named(file, '.yaml'), bytes });
  }
  if (kind === 'scenario') {
    throw invalid('other-format', file, `${file}: is a scenario`, 'Paste the board that it names');
  }
  if (kind === 'other binary' || kind === 'gzip') {
    throw invalid('other-format', file, `${file}: is ${what}`, EXPECTED);
  }
  return ofTexts(inputs, kind === 'unknown' ? 'texts of a target' : what);
}

const EXPECTED =
  'Expected device-tree source, a blob (DTB), a YAML board, a kernel log, files of /proc, or what dmaheap capture prints';

function ofTree(
  inputs: PageInputs,
  what: string,
  { tree, warnings, ...names }: NamedByFile & { tree: DeviceTree; warnings: readonly Diagnostic[] },
  kept: GivenBoard['kept'],
): GivenBoard {
  const board = namedByFile(boardFromTree(tree, inputs.file), names);
  return { what, board, params: asked(inputs, names), warnings: [...warnings, ...board.diagnostics], kept };
}

/** A board made of what a target printed. */
function ofTexts(inputs: PageInputs, what: string): GivenBoard {
  const { file, bytes } = inputs;
  const facts = readFacts([{ file, text: new TextDecoder().decode(bytes) }]);
  if (isEmpty(facts)) {
    throw invalid('nothing-to-reconstruct', file, `${file}: no line of it says anything here`, EXPECTED);
  }
  const rebuilt = reconstruct({ facts, files: [file], params: asked(inputs, {}) }, file);
  const board = boardFromTree(rebuilt.tree, file);
  return {
    what,
    board,
    params: rebuilt.params,
    warnings: board.diagnostics,
    reconstructed: { facts, findings: rebuilt.findings },
    kept: { file: named(file, '.dtb'), bytes: encodeDtb(rebuilt.tree) },
  };
}
