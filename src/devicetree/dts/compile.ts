/**
 * Device-tree source to a device tree: what `cpp | dtc` gives, with positions.
 */
import type { Diagnostic, SourcePosition } from '../../diagnostic.ts';
import type { PreprocessedSource, ReadFile } from '../source.ts';
import type { DeviceTree } from '../tree.ts';
import { cellAt } from '../value.ts';
import { runChecks } from './checks.ts';
import { compiledTree } from './compiled-tree.ts';
import { ExpressionReader } from './expression.ts';
import { addAliases, addFixups, addSymbols } from './fixups.ts';
import { LabelIndex, nodeByPath } from './label-index.ts';
import type { LiveNode } from './live-tree.ts';
import type { Mending } from './mending.ts';
import { Parser } from './parser.ts';
import { Pieces } from './pieces.ts';
import { CheckContext } from './references.ts';
import { CompilationFailed, Report } from './report.ts';
import { Scanner } from './scanner.ts';
import { SourceMap } from './source-map.ts';
import { ValueReader } from './value-reader.ts';

export interface CompileDtsOptions {
  /** For /include/ and /incbin/. */
  readonly readFile: ReadFile;
  /** Adds `__symbols__`, and keeps every labelled node: dtc -@. Off unless given. */
  readonly symbols?: boolean;
  /** Adds the labels to `/aliases`: dtc -A. Off unless given. */
  readonly aliases?: boolean;
  /** Adds `__fixups__` and `__local_fixups__` to a tree that is no plugin: dtc -L. Off unless given. */
  readonly fixups?: boolean;
  /** The boot processor's number: dtc -b. Unless given, the `reg` of the first node in /cpus. */
  readonly bootCpuid?: number;
  /** Mends what is not as dtc wants it. Unless given, that is an error. */
  readonly mending?: Mending;
}

export interface CompiledDts {
  /** The tree, when there is no error. */
  readonly tree: DeviceTree | undefined;
  /** Whether the source is an overlay: it has `/plugin/;`. */
  readonly isPlugin: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** The line that a message about `position` shows, also of files that /include/ read. */
  lineText(position: SourcePosition): string | undefined;
}

/**
 * Compiles a source as dtc does: the same properties, phandles and order.
 *
 * @param source the text after preprocessing
 * @returns the tree, or why there is none; never throws for what a source holds
 */
export function compileDts(source: PreprocessedSource, options: CompileDtsOptions): CompiledDts {
  const sources = new SourceMap(source);
  const { mending } = options;
  const report = new Report(sources, mending);
  mending?.begin(sources);
  let tree: DeviceTree | undefined;
  let isPlugin = false;
  try {
    const pieces = new Pieces();
    const labels = new LabelIndex();
    const scanner = new Scanner(source, sources, report, options.readFile);
    const expressions = new ExpressionReader(scanner, report);
    const values = new ValueReader(scanner, expressions, pieces, report);
    const parsed = new Parser({ scanner, expressions, values, labels, report }).parse();
    const { root, memReserves } = parsed;
    isPlugin = parsed.isPlugin;
    if (root !== undefined && !report.failed) {
      const bootCpuid = options.bootCpuid ?? guessBootCpuid(root);
      const symbols = options.symbols ?? false;
      const context = new CheckContext({ root, isPlugin, symbols, labels, pieces, report, sources });
      runChecks(context);
      if (!report.failed) {
        if (options.aliases === true) addAliases(context);
        if (symbols) addSymbols(context);
        if (isPlugin || options.fixups === true) addFixups(context);
      }
      if (!report.failed) {
        tree = { root: compiledTree(root, { sources, pieces }), memReserves, bootCpuid };
      }
    }
  } catch (error) {
    if (!(error instanceof CompilationFailed)) throw error;
  }
  return {
    tree,
    isPlugin,
    diagnostics: report.diagnostics,
    lineText: (position) => sources.lineText(position),
  };
}

/** livetree.c: guess_boot_cpuid(). The first node of /cpus counts, deleted or not. */
function guessBootCpuid(root: LiveNode): number {
  const first = nodeByPath(root, '/cpus')?.children[0];
  const value = first?.liveProperty('reg')?.value;
  return value?.length === 4 ? (cellAt(value, 0) ?? 0) : 0;
}
