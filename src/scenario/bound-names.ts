/**
 * The names that `as` gives, known before anything runs: so that a name that no step makes, or one of another
 * kind of thing, is told with its place and not found by a failing run.
 */
import { closest } from '../devicetree/closest.ts';
import { MAX_TEMPLATE_NAMES } from './limits.ts';
import { isTemplate, template, type Vars } from './template.ts';

/** What a name stands for. */
export type Kind = 'descriptor' | 'mapping' | 'attachment' | 'rule' | 'memory';

export type NameProblem =
  | { readonly problem: 'unknown'; readonly near?: string }
  | { readonly problem: 'other-kind'; readonly kinds: readonly Kind[] };

/** What stands around the variables of a name, each of which is something; at least one piece. */
interface Gapped {
  readonly kind: Kind;
  readonly pieces: readonly string[];
  /** A number follows. */
  readonly many: boolean;
}

/**
 * Whether a name may be one of these. The first place where a piece is found is as good as any other, so that a name
 * of many variables takes no longer than it is.
 */
function fits({ pieces: [first = '', ...others], many }: Gapped, name: string): boolean {
  const digits = many ? (/[0-9]*$/.exec(name)?.[0].length ?? 0) : 0;
  if (!name.startsWith(first) || (many && digits === 0)) return false;
  const last = others.pop() ?? '';
  let at = first.length;
  for (const piece of others) {
    const found = name.indexOf(piece, at + 1);
    if (found < 0) return false;
    at = found + piece.length;
  }
  // Digits before the number may be the end of a variable.
  const most = many ? name.length - 1 : name.length;
  for (let end = most; end >= name.length - digits; end--) {
    if (end - last.length > at && name.endsWith(last, end)) return true;
  }
  return false;
}

export class BoundNames {
  /** Names as they are, and of each the kinds: the usual case, of which there may be 100,000. */
  readonly #plain = new Map<string, Set<Kind>>();
  /** Names that get a number, without it. */
  readonly #numbered = new Map<string, Set<Kind>>();
  /** Names with variables in them, as what stands around these. */
  readonly #patterns = new Map<string, Gapped>();

  /** @param many the step makes several: `x` is `x0`, `x1`, … @returns whether there is room for one more */
  add(name: string, kind: Kind, many: boolean): boolean {
    if (!isTemplate(name)) {
      const names = many ? this.#numbered : this.#plain;
      const kinds = names.get(name);
      if (kinds === undefined) names.set(name, new Set([kind]));
      else kinds.add(kind);
      return true;
    }
    const key = `${kind} ${many} ${name}`;
    if (this.#patterns.has(key)) return true;
    if (this.#patterns.size >= MAX_TEMPLATE_NAMES) return false;
    this.#patterns.set(key, { kind, pieces: name.split(/\$\{[^}]*\}/), many });
    return true;
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
    for (let end = text.length - 1; end > 0 && /[0-9]/.test(text[end] ?? ''); end--) {
      for (const made of this.#numbered.get(text.slice(0, end)) ?? []) kinds.add(made);
    }
    for (const made of this.#patterns.values()) if (fits(made, text)) kinds.add(made.kind);
    if (kinds.has(kind)) return undefined;
    if (kinds.size > 0) return { problem: 'other-kind', kinds: [...kinds] };
    const same = [...this.#plain].filter(([, made]) => made.has(kind)).map(([other]) => other);
    const near = closest(name, same);
    return { problem: 'unknown', ...(near !== undefined && { near }) };
  }
}
