/**
 * Where each cell, string and byte string of every value stands, in one table of numbers.
 */

/** How a part of a value was written: `"text"`, `[bytes]`, cells of so many bits, or a file. */
export type ValueForm = 'text' | 'bytes' | 'cells16' | 'cells32' | 'cells64' | 'file';

const FORMS: readonly (ValueForm | undefined)[] = [
  undefined,
  'text',
  'bytes',
  'cells16',
  'cells32',
  'cells64',
  'file',
];
/** The bits of an entry that are the offset; those above are the form, 0 for a piece that goes on in one. */
const OFFSET = 0x0fff_ffff;
const FORM_SHIFT = 28;

export class Pieces {
  #table = new Uint32Array(1024);
  #length = 0;

  /** How many pieces there are. */
  get count(): number {
    return this.#length / 2;
  }

  /**
   * Adds the piece that starts at a byte of a value and stands at a position of the source map.
   *
   * @param form what begins with it: `"`, `[` or `<`; of the further cells in the same brackets none
   */
  add(offset: number, at: number, form?: ValueForm): void {
    if (this.#length === this.#table.length) {
      const grown = new Uint32Array(this.#table.length * 2);
      grown.set(this.#table);
      this.#table = grown;
    }
    this.#table[this.#length++] = offset + FORMS.indexOf(form) * (OFFSET + 1);
    this.#table[this.#length++] = at;
  }

  offset(piece: number): number {
    return (this.#table[piece * 2] ?? 0) & OFFSET;
  }

  form(piece: number): ValueForm | undefined {
    return FORMS[(this.#table[piece * 2] ?? 0) >>> FORM_SHIFT];
  }

  position(piece: number): number {
    return this.#table[piece * 2 + 1] ?? 0;
  }

  /** Moves a piece by the bytes that were put in before it. */
  move(piece: number, by: number): void {
    if (by > 0) this.#table[piece * 2] = (this.#table[piece * 2] ?? 0) + by;
  }
}
