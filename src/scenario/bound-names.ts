/**
 * The names that `as` gives, known before anything runs: so that a name that no step makes, or one of another
 * kind of thing, is told with its place and not found by a failing run.
 */
import { closest } from '../devicetree/closest.ts';
import { isTemplate, template, type Vars } from './template.ts';

/** What a name stands for. */
export type Kind = 'descriptor' | 'mapping' | 'attachment' | 'rule';

interface Binding {
  readonly name: string;
  /** Matches every name that the step may make. */
  readonly pattern: RegExp;
  readonly kind: Kind;
}

export type NameProblem =
  | { readonly problem: 'unknown'; readonly near?: string }
  | { readonly problem: 'other-kind'; readonly kinds: readonly Kind[] };

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export class BoundNames {
  readonly #bindings: Binding[] = [];
  readonly #known = new Set<string>();

  /** @param many the step makes several: `x` is `x0`, `x1`, … */
  add(name: string, kind: Kind, many: boolean): void {
    const key = `${kind} ${many} ${name}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    const parts = name.split(/\$\{[^}]*\}/).map(literal);
    this.#bindings.push({ name, kind, pattern: new RegExp(`^${parts.join('.+')}${many ? '\\d+' : ''}$`) });
  }

  /**
   * What is wrong with a use of a name, if anything.
   *
   * @param first the values that variables have the first time: where no step makes even that name, none does
   */
  check(name: string, kind: Kind, first: Vars | undefined): NameProblem | undefined {
    if (this.#known.has(`${kind} false ${name}`)) return undefined;
    const text = isTemplate(name) ? template(name)(first) : name;
    const found = this.#bindings.filter(({ pattern }) => pattern.test(text));
    if (found.some((binding) => binding.kind === kind)) return undefined;
    if (found.length > 0) {
      return { problem: 'other-kind', kinds: [...new Set(found.map((binding) => binding.kind))] };
    }
    const near = closest(
      name,
      this.#bindings.filter((binding) => binding.kind === kind).map((one) => one.name),
    );
    return { problem: 'unknown', ...(near !== undefined && { near }) };
  }
}
