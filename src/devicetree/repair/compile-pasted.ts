/**
 * Compiles what people paste: sources that are not whole, with marks of mail, consoles and patches in them.
 *
 * The characters of the text stay where they are (`cleanPaste`), and what the compiler misses is mended while it reads
 * (`Mender`), so that messages name the lines of the paste.
 */
import { type Diagnostic, InvalidInput, type SourcePosition } from '../../diagnostic.ts';
import { type CompiledSource, type CompileSourceOptions, compileSource } from '../compile-source.ts';
import type { BinaryFile, ReadFile, RefusedFile, SourceFile } from '../source.ts';
import { type Assumption, assumedDiagnostic, refusedDiagnostic } from './assumption.ts';
import { cleanPaste } from './clean-paste.ts';
import { Mender } from './mender.ts';

export interface CompilePastedOptions extends CompileSourceOptions {
  /** Makes assumptions, too, that memory depends on: `--repair`. Off unless given: such a source is refused. */
  readonly memory?: boolean;
  /** The source is laid over a board. */
  readonly isOverlay?: boolean;
  /** What is thrown where nothing can be mended: that of the compiler alone. */
  readonly otherwise?: InvalidInput;
}

export interface CompiledPaste extends CompiledSource {
  /** What was assumed, in the order of the lines: diagnostics that have `assumes`. */
  readonly assumed: readonly Diagnostic[];
}

/** What the compiler alone calls them. */
const MISSING_FILES: readonly string[] = ['include-not-found', 'dts-no-such-file'];

/** Files that are not there are empty; each is noted. */
class Includes {
  readonly missing: Assumption[] = [];
  readonly #readFile: ReadFile;
  readonly #texts = new Map<string, string>();

  constructor(readFile: ReadFile, { path, text }: SourceFile) {
    this.#readFile = readFile;
    this.#texts.set(path, text);
  }

  read(path: string, from: string | undefined, kind: string): SourceFile | BinaryFile | RefusedFile {
    if (kind === 'binary') return this.#readFile(path, from, kind) ?? this.#without(path, from, kind);
    const found = this.#readFile(path, from, kind === 'quote' ? 'quote' : 'angle');
    if (found === undefined) return this.#without(path, from, kind);
    if (!('refused' in found)) this.#texts.set(found.path, found.text);
    return found;
  }

  #without(path: string, file: string | undefined, kind: string): SourceFile & BinaryFile {
    const position = file === undefined ? undefined : { file, ...this.#lineOf(path, file) };
    const message =
      kind === 'binary'
        ? `"${path}", which no given file is, taken as empty`
        : `"${path}" left out, which no given file is: what it defines is not in this answer`;
    if (!this.missing.some((one) => one.message === message && one.position?.file === file)) {
      this.missing.push({ code: 'assumed-include', message, ...(position && { position }) });
    }
    return { path, text: '', bytes: new Uint8Array(0) };
  }

  #lineOf(path: string, file: string): { readonly line: number } | undefined {
    const lines = this.#texts.get(file)?.split('\n') ?? [];
    const index = lines.findIndex((line) => /include|incbin/.test(line) && line.includes(path));
    return index < 0 ? undefined : { line: index + 1 };
  }
}

const byPlace = (a: Assumption, b: Assumption): number => {
  const [one, other] = [a.position, b.position];
  if (one?.file !== other?.file) return 0;
  return (one?.line ?? 0) - (other?.line ?? 0) || (one?.column ?? 0) - (other?.column ?? 0);
};

/** Shows the lines of the paste, not those that were cleaned. */
function withPastedLines({ path, text }: SourceFile, diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const lines = text.split('\n');
  return diagnostics.map((diagnostic) => {
    const { position, excerpt } = diagnostic;
    const line = position?.file === path ? lines[(position.line ?? 0) - 1] : undefined;
    return excerpt === undefined || line === undefined ? diagnostic : { ...diagnostic, excerpt: line };
  });
}

/**
 * Compiles a source that `compileSource` has refused, mending its form.
 *
 * @throws InvalidInput with what cannot be mended; else, unless `memory` is set, with what would have to be assumed of
 *   memory, each with the option that does it
 */
export function compilePasted(file: SourceFile, options: CompilePastedOptions): CompiledPaste {
  const { memory = false, isOverlay = false, otherwise, ...compiling } = options;
  const { text, remarks, isDiff, isListing } = cleanPaste(file.text);
  const includes = new Includes(options.readFile, { ...file, text });
  const mender = new Mender({ isOverlay, isDiff, isListing });
  const readFile: ReadFile = (path: string, from: string | undefined, kind: string): never => {
    const found = includes.read(path, from, kind);
    if (includes.missing.length > 0) mender.lacksFile();
    // What is read is of the kind that was asked for.
    return found as never;
  };
  const position = (line: number): SourcePosition => ({ file: file.path, line });
  const assumptions = (): Assumption[] =>
    [
      ...remarks.map(({ line, ...remark }) => ({ ...remark, position: position(line) })),
      ...includes.missing,
      ...mender.assumptions,
    ].sort(byPlace);
  let compiled: CompiledSource;
  try {
    compiled = compileSource({ ...file, text }, { ...compiling, readFile, mending: mender });
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    if (otherwise !== undefined && assumptions().length === 0) throw otherwise;
    throw new InvalidInput(withPastedLines(file, error.diagnostics));
  }
  const made = assumptions();
  const refused = memory ? [] : made.filter(({ lacks }) => lacks !== undefined);
  if (refused.length > 0) {
    // What is not known may stand in the files that are not there.
    const missing = otherwise?.diagnostics.filter(({ code }) => MISSING_FILES.includes(code)) ?? [];
    throw new InvalidInput([...missing, ...refused.map(refusedDiagnostic)]);
  }
  return {
    ...compiled,
    warnings: withPastedLines(file, compiled.warnings),
    assumed: made.map(assumedDiagnostic),
  };
}
