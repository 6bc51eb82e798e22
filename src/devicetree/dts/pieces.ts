/**
 * Where each cell, string and byte string of every value stands, in one table of numbers.
 */
export class Pieces {
  #table = new Uint32Array(1024);
  #length = 0;

  /** How many pieces there are. */
  get count(): number {
    return this.#length / 2;
  }

  /** Adds the piece that starts at a byte of a value and stands at a position of the source map. */
  add(offset: number, at: number): void {
    if (this.#length === this.#table.length) {
      const grown = new Uint32Array(this.#table.length * 2);
      grown.set(this.#table);
      this.#table = grown;
    }
    this.#table[this.#length++] = offset;
    this.#table[this.#length++] = at;
  }

  offset(piece: number): number {
    return this.#table[piece * 2] ?? 0;
  }

  position(piece: number): number {
    return this.#table[piece * 2 + 1] ?? 0;
  }

  /** Moves a piece by the bytes that were put in before it. */
  move(piece: number, by: number): void {
    if (by > 0) this.#table[piece * 2] = this.offset(piece) + by;
  }
}
