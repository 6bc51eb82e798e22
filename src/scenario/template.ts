/** Texts with `${name}` of an enclosing loop in them. */
import { MAX_TEXT } from './limits.ts';

/** The variables of the loops that a step is in, the innermost first. */
export interface Vars {
  readonly name: string;
  readonly value: string;
  readonly outer: Vars | undefined;
}

export const isTemplate = (text: string): boolean => text.includes('${');

/** The value of a variable, or `undefined` when no loop has it. */
export function lookUp(vars: Vars | undefined, name: string): string | undefined {
  for (let at = vars; at !== undefined; at = at.outer) if (at.name === name) return at.value;
  return undefined;
}

/** The pieces of a text: those at odd places are names of variables. */
const split = (text: string): string[] => text.split(/\$\{([^}]*)\}/);

/** The names of the variables in a text. */
export const variablesOf = (text: string): string[] => split(text).filter((_, i) => i % 2 === 1);

/** A text that became longer than any may be: of variables within variables. */
export class TextTooLong extends Error {
  constructor() {
    super(`the text is longer than ${MAX_TEXT} characters with its variables`);
    this.name = 'TextTooLong';
  }
}

/** A text as a function of the variables, which throws `TextTooLong`; parsed once. */
export function template(text: string): (vars: Vars | undefined) => string {
  if (!isTemplate(text)) return () => text;
  const pieces = split(text);
  return (vars) => {
    let made = '';
    for (const [i, piece] of pieces.entries()) {
      made += i % 2 === 0 ? piece : (lookUp(vars, piece) ?? `\${${piece}}`);
      if (made.length > MAX_TEXT) throw new TextTooLong();
    }
    return made;
  };
}
