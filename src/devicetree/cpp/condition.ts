/** #if and #elif: macros expanded, `defined` and `__has_include` answered, the rest computed. */
import { ExpressionError, evaluate } from './expression.ts';
import { tokenize } from './lexer.ts';
import { MacroSyntaxError } from './macro.ts';
import type { OpenFile } from './open-file.ts';
import type { Preprocessor } from './preprocessor.ts';
import { END, NAME, NUMBER, STRING, Token } from './token.ts';

type Next = (expand: boolean) => Token;

/** Whether the expression between two offsets holds; an erroneous one does not. */
export function condition(cpp: Preprocessor, file: OpenFile, pos: number, stop: number): boolean {
  const tokens = tokenize(file.text, pos, stop);
  const only = tokens.length === 1 ? tokens[0] : undefined;
  if (only?.text === '0') return false;
  if (only?.text === '1') return true;
  try {
    const expanded = cpp.expander.directive(tokens, (next) => answered(cpp, next));
    return evaluate(expanded, cpp.limits.expressionDepth);
  } catch (error) {
    const { at } = cpp;
    if (error instanceof ExpressionError) {
      if (error.token.offset >= pos && error.token.offset < stop) cpp.at = error.token.offset;
      cpp.problem(error.code, error.message);
    } else if (error instanceof MacroSyntaxError) cpp.problem('macro-definition', error.message);
    else throw error;
    cpp.at = at;
    return false;
  }
}

function answered(cpp: Preprocessor, next: Next): Token[] {
  const out: Token[] = [];
  for (;;) {
    const token = next(true);
    if (token.type === END) return out;
    if (token.type !== NAME) out.push(token);
    else if (token.text === 'defined') out.push(truth(token, defined(cpp, token, next)));
    else if (token.text === '__has_include') out.push(truth(token, hasInclude(cpp, token, next)));
    else if (token.text === '__has_include_next') {
      throw new ExpressionError('__has_include_next is not supported', token);
    } else out.push(token);
  }
}

const truth = (at: Token, yes: boolean): Token => new Token(NUMBER, yes ? '1' : '0', at.white, at.offset);

function defined(cpp: Preprocessor, operator: Token, next: Next): boolean {
  let token = next(false);
  const open = token.text === '(';
  if (open) token = next(false);
  if (token.type !== NAME) throw new ExpressionError("expected a macro's name after 'defined'", operator);
  if (open && next(false).text !== ')') {
    throw new ExpressionError("expected ')' after the name of 'defined'", operator);
  }
  return cpp.macros.isDefined(token.text);
}

function hasInclude(cpp: Preprocessor, operator: Token, next: Next): boolean {
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
  const found = cpp.find(path, kind);
  return found !== undefined && !('refused' in found);
}
