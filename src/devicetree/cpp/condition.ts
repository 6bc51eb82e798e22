/** #if and #elif: macros expanded, `defined` and `__has_include` answered, the rest computed. */
import type { DirectiveHost } from './directive-host.ts';
import { ExpressionError, evaluate } from './expression.ts';
import { tokenize } from './lexer.ts';
import { MacroSyntaxError } from './macro.ts';
import type { OpenFile } from './open-file.ts';
import { END, NAME, NUMBER, STRING, Token } from './token.ts';

type Next = (expand: boolean) => Token;

/**
 * Whether the expression between two offsets holds; an erroneous one does not.
 *
 * @param at where the directive stands
 */
export function condition(
  cpp: DirectiveHost,
  file: OpenFile,
  at: number,
  pos: number,
  stop: number,
): boolean {
  const tokens = tokenize(file.text, pos, stop);
  const only = tokens.length === 1 ? tokens[0] : undefined;
  if (only?.text === '0') return false;
  if (only?.text === '1') return true;
  try {
    const expanded = cpp.expander.directive(tokens, at, (next) => answered(cpp, at, next));
    return evaluate(expanded, cpp.limits.expressionDepth);
  } catch (error) {
    if (error instanceof ExpressionError) {
      const { offset } = error.token;
      cpp.problem(offset >= pos && offset < stop ? offset : at, error.code, error.message);
    } else if (error instanceof MacroSyntaxError) cpp.problem(at, 'macro-definition', error.message);
    else throw error;
    return false;
  }
}

function answered(cpp: DirectiveHost, at: number, next: Next): Token[] {
  const out: Token[] = [];
  for (;;) {
    const token = next(true);
    if (token.type === END) return out;
    if (token.type !== NAME) out.push(token);
    else if (token.text === 'defined') out.push(truth(token, defined(cpp, token, next)));
    else if (token.text === '__has_include') out.push(truth(token, hasInclude(cpp, at, token, next)));
    else if (token.text === '__has_include_next') {
      throw new ExpressionError('__has_include_next is not supported', token);
    } else out.push(token);
  }
}

const truth = (at: Token, yes: boolean): Token => new Token(NUMBER, yes ? '1' : '0', at.white, at.offset);

function defined(cpp: DirectiveHost, operator: Token, next: Next): boolean {
  let token = next(false);
  const open = token.text === '(';
  if (open) token = next(false);
  if (token.type !== NAME) throw new ExpressionError("expected a macro's name after 'defined'", operator);
  if (open && next(false).text !== ')') {
    throw new ExpressionError("expected ')' after the name of 'defined'", operator);
  }
  return cpp.macros.isDefined(token.text);
}

function hasInclude(cpp: DirectiveHost, at: number, operator: Token, next: Next): boolean {
  if (next(false).text !== '(') throw new ExpressionError("expected '(' after __has_include", operator);
  const first = next(true);
  let path: string;
  let kind: 'quote' | 'angle';
  if (first.type === STRING) {
    kind = 'quote';
    path = first.text.slice(1, -1);
  } else {
    if (first.text !== '<') throw new ExpressionError('expected <file> or "file"', operator);
    kind = 'angle';
    path = '';
    for (let token = next(false); token.text !== '>'; token = next(false)) {
      if (token.type === END) throw new ExpressionError("expected '>' after the file's name", operator);
      path += (token.white && path ? ' ' : '') + token.text;
    }
  }
  if (next(false).text !== ')') throw new ExpressionError("expected ')' after __has_include(…", operator);
  const found = cpp.find(path, kind, at);
  return found !== undefined && !('refused' in found);
}
