/**
 * The names that `as` gives, known before anything runs: so that a name that no step makes, or one of another
 * kind of thing, is told with its place and not found by a failing run.
 */
import { closest } from '../devicetree/closest.ts';
import { isTemplate, template, type Vars } from './template.ts';

/** What a name stands for. */
export type Kind = 'descriptor' | 'mapping' | 'attachment' | 'rule';

export type NameProblem =
  | { readonly problem: 'unknown'; readonly near?: string }
  | { readonly problem: 'other-kind'; readonly kinds: readonly Kind[] };

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export class BoundNames {
  /** Names as they are, and of each the kinds: the usual case, of which there may be 100,000. */
  readonly #plain = new Map<string, Set<Kind>>();
  /** Names with variables in them, and those that get a number, with what matches all of them. */
  readonly #patterns = new Map<string, { readonly kind: Kind; readonly pattern: RegExp }>();

  /** @param many the step makes several: `x` is `x0`, `x1`, … */
  add(name: string, kind: Kind, many: boolean): void {
    if (!many && !isTemplate(name)) {
      const kinds = this.#plain.get(name);
      if (kinds === undefined) this.#plain.set(name, new Set([kind]));
      else kinds.add(kind);
      return;
    }
    const key = `${kind} ${many} ${name}`;
    if (this.#patterns.has(key)) return;
    const parts = name.split(/\$\{[^}]*\}/).map(literal);
    const pattern = new RegExp(`^${parts.join('.+')}${many ? '\\d+' : ''}$`);
    this.#patterns.set(key, { kind, pattern });
  }

  /**
   * What is wrong with a use of a name, if anything.
   *
   * @param first the values that variables have the first time: where no step makes even that name, none does
   */
  check(name: string, kind: Kind, first: Vars | undefined): NameProblem | undefined {
    const text = template(name)(first);
    const kinds = new Set(this.#plain.get(text));
    if (kinds.has(kind)) return undefined;
    for (const { kind: made, pattern } of this.#patterns.values()) if (pattern.test(text)) kinds.add(made);
    if (kinds.has(kind)) return undefined;
    if (kinds.size > 0) return { problem: 'other-kind', kinds: [...kinds] };
    const same = [...this.#plain].filter(([, made]) => made.has(kind)).map(([other]) => other);
    const near = closest(name, same);
    return { problem: 'unknown', ...(near !== undefined && { near }) };
  }
}
