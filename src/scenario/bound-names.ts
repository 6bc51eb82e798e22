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

/**
 * A name with gaps: each is something, and the pieces follow one another. The first place where a piece is found is as
 * good as any other, so that a name of many gaps takes no longer than it is.
 */
interface Gapped {
  readonly kind: Kind;
  /** What stands around the gaps; at least one. */
  readonly pieces: readonly string[];
  /** A number follows. */
  readonly many: boolean;
}

function fits({ pieces, many }: Gapped, name: string): boolean {
  const text = many ? name.replace(/[0-9]+$/, '') : name;
  if (many && text === name) return false;
  // The number's own digits may be the end of a gap.
  return many
    ? ends(pieces, name, text.length, name.length - 1)
    : ends(pieces, name, name.length, name.length);
}

/** Whether the pieces take the text up to some place from `least` to `most`. */
function ends(pieces: readonly string[], text: string, least: number, most: number): boolean {
  const [first = '', ...others] = pieces;
  if (!text.startsWith(first)) return false;
  if (others.length === 0) return first.length >= least && first.length <= most;
  const last = others.pop() ?? '';
  let at = first.length;
  for (const piece of others) {
    const found = text.indexOf(piece, at + 1);
    if (found < 0) return false;
    at = found + piece.length;
  }
  for (let end = most; end >= least; end--) {
    if (end - last.length > at && text.endsWith(last, end)) return true;
  }
  return false;
}

export class BoundNames {
  /** Names as they are, and of each the kinds: the usual case, of which there may be 100,000. */
  readonly #plain = new Map<string, Set<Kind>>();
  /** Names with variables in them, and those that get a number, with what matches all of them. */
  readonly #patterns = new Map<string, Gapped>();

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
    this.#patterns.set(key, { kind, pieces: name.split(/\$\{[^}]*\}/), many });
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
    for (const made of this.#patterns.values()) if (fits(made, text)) kinds.add(made.kind);
    if (kinds.has(kind)) return undefined;
    if (kinds.size > 0) return { problem: 'other-kind', kinds: [...kinds] };
    const same = [...this.#plain].filter(([, made]) => made.has(kind)).map(([other]) => other);
    const near = closest(name, same);
    return { problem: 'unknown', ...(near !== undefined && { near }) };
  }
}
