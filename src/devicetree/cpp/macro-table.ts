/**
 * The macros by name.
 *
 * A board's headers define thousands and use dozens, so a plain constant is only a few numbers here
 * until somebody asks for it.
 */
import { Macro } from './macro.ts';
import type { Inclusion } from './origin-map.ts';

export class MacroTable {
  /** The macro, or for one not asked for yet its place in `#places`. */
  readonly #macros = new Map<string, Macro | number>();
  /** Four numbers each: inclusion, name, start and end of the body. */
  #places = new Int32Array(4096);
  #count = 0;
  readonly #inclusions: Inclusion[] = [];
  /** For each first character and length of a name (up to 63) whether there is a macro. */
  readonly #shapes = new Uint8Array(128 * 64);

  /** Whether there was ever a macro whose name does not start with a capital or an underscore. */
  hasSmallLetters = false;

  has(name: string): boolean {
    return this.#macros.has(name);
  }

  /** Whether a name counts as defined for #ifdef: the operators of #if do as well. */
  isDefined(name: string): boolean {
    return this.has(name) || name === '__has_include' || name === '__has_include_next';
  }

  /** Whether a name may be a macro's, told without looking at all of it. */
  mayHave(firstCharacter: number, length: number): boolean {
    return this.#shapes[(firstCharacter << 6) | Math.min(length, 63)] === 1;
  }

  get(name: string): Macro | undefined {
    const found = this.#macros.get(name);
    if (typeof found !== 'number') return found;
    const [inclusion = 0, offset = 0, start = 0, end = 0] = this.#places.subarray(found, found + 4);
    const macro = new Macro(name, this.#inclusions[inclusion] as Inclusion, offset, start, end);
    this.#macros.set(name, macro);
    return macro;
  }

  /** Adds or replaces a macro. */
  set(macro: Macro): void {
    this.#shape(macro.name);
    this.#macros.set(macro.name, macro);
  }

  /**
   * Adds a macro without parameters whose body needs no check.
   *
   * @returns false, and nothing is done, when there is one of this name
   */
  addConstant(name: string, inclusion: Inclusion, offset: number, start: number, end: number): boolean {
    if (this.#macros.has(name)) return false;
    this.#shape(name);
    const place = this.#count;
    this.#count += 4;
    if (this.#count > this.#places.length) {
      const larger = new Int32Array(this.#places.length * 2);
      larger.set(this.#places);
      this.#places = larger;
    }
    if (this.#inclusions[this.#inclusions.length - 1] !== inclusion) this.#inclusions.push(inclusion);
    this.#places[place] = this.#inclusions.length - 1;
    this.#places[place + 1] = offset;
    this.#places[place + 2] = start;
    this.#places[place + 3] = end;
    this.#macros.set(name, place);
    return true;
  }

  delete(name: string): void {
    this.#macros.delete(name);
  }

  #shape(name: string): void {
    const { length } = name;
    if (name.charCodeAt(0) >= 97) this.hasSmallLetters = true;
    this.#shapes[(name.charCodeAt(0) << 6) | Math.min(length, 63)] = 1;
  }
}
