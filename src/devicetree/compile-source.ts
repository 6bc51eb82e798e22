/**
 * Device-tree source as people have it, includes and macros and all, to a tree: `cpp | dtc`.
 */
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import { preprocess } from './cpp/preprocess.ts';
import { type CompileDtsOptions, compileDts } from './dts/compile.ts';
import type { SourceFile } from './source.ts';
import type { DeviceTree } from './tree.ts';

/** For #include too, not only for /include/ and /incbin/, is `readFile`. */
export interface CompileSourceOptions extends CompileDtsOptions {
  /** As after -D: `NAME` or `NAME=VALUE`. */
  readonly defines?: readonly string[];
}

export interface CompiledSource {
  readonly tree: DeviceTree;
  /** The source is an overlay: it has `/plugin/;`. */
  readonly isPlugin: boolean;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Compiles a source. Every node and property of the tree knows where it came from.
 *
 * @throws InvalidInput with everything that is wrong, each with its line for a caret
 */
export function compileSource(file: SourceFile, options: CompileSourceOptions): CompiledSource {
  const { source, diagnostics: early } = preprocess(file, options);
  const failed = early.some(({ severity }) => severity === 'error');
  const withLine = (diagnostic: Diagnostic, lineText: typeof source.lineText): Diagnostic => {
    const excerpt = diagnostic.position === undefined ? undefined : lineText(diagnostic.position);
    return excerpt === undefined ? diagnostic : { ...diagnostic, excerpt };
  };
  const preprocessed = early.map((diagnostic) => withLine(diagnostic, (at) => source.lineText(at)));
  // A text with holes gives errors that are not the author's.
  if (failed) throw new InvalidInput(preprocessed);
  const { tree, isPlugin, diagnostics, lineText } = compileDts(source, options);
  const all = [...preprocessed, ...diagnostics.map((diagnostic) => withLine(diagnostic, lineText))];
  if (tree === undefined) throw new InvalidInput(all);
  return { tree, isPlugin, warnings: all };
}
