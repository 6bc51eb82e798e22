/** #include <file>, #include "file", and with a macro in their place. */
import { directiveEnd, newlineAt, skipBlanks } from './characters.ts';
import type { DirectiveHost } from './directive-host.ts';
import { tokenize } from './lexer.ts';
import { MacroSyntaxError } from './macro.ts';
import type { OpenFile } from './open-file.ts';
import { STRING, type Token } from './token.ts';

interface Operand {
  readonly path: string;
  readonly kind: 'quote' | 'angle';
}

/**
 * Begins to read the file that an #include names.
 *
 * @param hash where the directive stands
 * @param after the position behind the directive's name
 * @param within whether it stands among a macro's arguments, where it cannot be
 */
export function include(
  cpp: DirectiveHost,
  file: OpenFile,
  directive: string,
  hash: number,
  after: number,
  within: boolean,
): void {
  const { text, end } = file;
  const start = skipBlanks(text, after, end);
  const lineEnd = newlineAt(text, start, end);
  const quote = text.charAt(start);
  let operand: Operand | undefined;
  let behind = start;
  if (start < lineEnd && (quote === '"' || quote === '<')) {
    const close = text.indexOf(quote === '"' ? '"' : '>', start + 1);
    if (close >= 0 && close < lineEnd) {
      operand = { path: text.slice(start + 1, close), kind: quote === '"' ? 'quote' : 'angle' };
      behind = close + 1;
    }
  }
  const stop = directiveEnd(text, behind, end);
  file.pos = Math.min(stop + 1, end);
  if (operand === undefined) operand = expandedOperand(cpp, hash, tokenize(text, start, stop));
  else if (skipBlanks(text, behind, stop) < stop) {
    cpp.warning(
      behind,
      'directive-extra',
      `text after #${directive} ${text.slice(start, behind)} is left out`,
    );
  }
  if (operand === undefined || operand.path === '') {
    cpp.problem(start, 'include-operand', `expected "file" or <file> after #${directive}`);
  } else if (within) {
    cpp.problem(
      start,
      'macro-arguments',
      `#${directive} cannot stand among the arguments of a macro`,
      'put it before the macro',
    );
  } else if (directive === 'include_next' && file.inclusion.parent !== undefined) {
    cpp.problem(start, 'include-next', '#include_next is not supported', 'name the file by its full path');
  } else {
    const source = cpp.find(operand.path, operand.kind, start);
    if (source !== undefined && 'refused' in source) {
      const { code, message, hint } = source.refused;
      cpp.problem(start, code, message, hint);
    } else if (source !== undefined) {
      if (directive === 'import') {
        if (source.once) return;
        cpp.include(source, start);
        source.once = true;
      } else cpp.include(source, start);
    } else {
      cpp.problem(
        start,
        'include-not-found',
        `${operand.path} was not found`,
        operand.kind === 'quote'
          ? 'it is looked for beside the including file and in the directories of -I'
          : 'it is looked for in the directories of -I',
      );
    }
  }
}

/** The operand that macros give: a string, or everything between < and >. */
function expandedOperand(cpp: DirectiveHost, at: number, tokens: readonly Token[]): Operand | undefined {
  let expanded: Token[];
  try {
    expanded = cpp.expander.expandAll(tokens, at);
  } catch (error) {
    if (!(error instanceof MacroSyntaxError)) throw error;
    cpp.problem(at, 'macro-definition', error.message);
    return undefined;
  }
  const [first] = expanded;
  if (first?.type === STRING) return { path: first.text.slice(1, -1), kind: 'quote' };
  if (first?.text !== '<') return undefined;
  let path = '';
  for (const token of expanded.slice(1)) {
    if (token.text === '>') return { path, kind: 'angle' };
    path += (token.white && path ? ' ' : '') + token.text;
  }
  return undefined;
}
