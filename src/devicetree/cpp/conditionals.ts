/** #if, #ifdef, #else and their like: which lines count. */
import { classAt, directiveEnd, IDENT, identifierEnd, skipBlanks } from './characters.ts';
import { condition } from './condition.ts';
import type { DirectiveHost } from './directive-host.ts';
import type { OpenFile } from './open-file.ts';

export const CONDITIONALS: ReadonlySet<string> = new Set([
  'if',
  'ifdef',
  'ifndef',
  'elif',
  'elifdef',
  'elifndef',
  'else',
  'endif',
]);

/**
 * The name after #undef, #ifdef and their like.
 *
 * @param at where the directive stands
 */
export function macroName(
  cpp: DirectiveHost,
  file: OpenFile,
  directive: string,
  at: number,
  after: number,
  stop: number,
): string | undefined {
  const { text } = file;
  const start = skipBlanks(text, after, stop);
  if (start < stop && classAt(text, start) === IDENT) {
    const end = identifierEnd(text, start, stop);
    if (skipBlanks(text, end, stop) < stop) {
      cpp.warning(end, 'directive-extra', `text after #${directive} ${text.slice(start, end)} is left out`);
    }
    return text.slice(start, end);
  }
  cpp.problem(at, 'macro-name', `expected a macro's name after #${directive}`);
  return undefined;
}

/** Begins, switches or ends a group. */
export function obeyConditional(
  cpp: DirectiveHost,
  file: OpenFile,
  name: string,
  start: number,
  after: number,
  stop: number,
): void {
  const { conditionals } = file;
  if (name.startsWith('if')) {
    const skippedAround = file.skipping;
    const first = conditionals.length === 0 && !file.unguarded && file.guard === undefined;
    if (!first) file.sawText();
    let taken = false;
    let guard: string | undefined;
    if (!skippedAround) {
      const text = file.text.slice(after, stop);
      if (name === 'if') {
        taken = condition(cpp, file, start, after, stop);
        guard = /^[ \t]*![ \t]*defined[ \t]*(?:\([ \t]*(\w+)[ \t]*\)|(\w+))[ \t\r]*$/
          .exec(text)
          ?.slice(1)
          .find((word) => word !== undefined);
      } else {
        const macro = macroName(cpp, file, name, start, after, stop);
        taken = macro !== undefined && cpp.macros.isDefined(macro) === (name === 'ifdef');
        if (name === 'ifndef') guard = macro;
      }
    }
    if (first && guard === undefined) file.unguarded = true;
    if (conditionals.length >= cpp.limits.conditionalDepth) {
      cpp.stop(
        start,
        'conditional-depth',
        `#if groups are nested more than ${cpp.limits.conditionalDepth} deep`,
      );
    }
    conditionals.push({
      offset: start,
      done: taken || skippedAround,
      skippedAround,
      sawElse: false,
      guard: first ? guard : undefined,
    });
    file.skipping = !taken;
    return;
  }
  const open = conditionals.at(-1);
  if (open === undefined) {
    cpp.problem(start, 'conditional-unbalanced', `#${name} without an #if before it in its file`);
    file.unguarded = true;
    return;
  }
  if (name === 'endif') {
    conditionals.pop();
    file.skipping = open.skippedAround;
    if (conditionals.length === 0) file.guard = open.guard;
    return;
  }
  if (conditionals.length === 1) file.unguarded = true;
  if (open.sawElse) {
    const { line } = file.inclusion.position(open.offset);
    cpp.problem(start, 'conditional-unbalanced', `#${name} after the #else of the #if in line ${line}`);
  }
  if (name === 'else') {
    open.sawElse = true;
    file.skipping = open.done;
    open.done = true;
    return;
  }
  if (open.done) {
    file.skipping = true;
    return;
  }
  if (name === 'elif') open.done = condition(cpp, file, start, after, stop);
  else {
    const macro = macroName(cpp, file, name, start, after, stop);
    open.done = macro !== undefined && cpp.macros.isDefined(macro) === (name === 'elifdef');
  }
  file.skipping = !open.done;
}

/** Goes over the groups that are not taken, up to the line from which text counts again. */
export function skipGroups(cpp: DirectiveHost, file: OpenFile): void {
  const { text, end } = file;
  let pos = file.pos;
  while (file.skipping && pos < end) {
    // At the start of a line.
    pos = skipBlanks(text, pos, end);
    if (pos >= end) break;
    if (text.charCodeAt(pos) !== 35) {
      pos = directiveEnd(text, pos, end) + 1;
      continue;
    }
    const at = skipBlanks(text, pos + 1, end);
    const after = identifierEnd(text, at, end);
    const name = text.slice(at, after);
    if (!CONDITIONALS.has(name)) {
      pos = directiveEnd(text, at, end) + 1;
      continue;
    }
    const stop = directiveEnd(text, after, end);
    file.pos = Math.min(stop + 1, end);
    obeyConditional(cpp, file, name, pos, after, stop);
    pos = file.pos;
  }
  file.pos = Math.min(pos, end);
}
