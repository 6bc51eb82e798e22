/** Which step made a call of the kernel: who made a buffer that is alive at the end. */
import type { Leaf } from './program.ts';

/** Steps that are kept without looking whether anybody will ask for them. */
const ROOM = 1 << 20;

export class StepsByCall {
  /** Of every step that is kept the number of its first call, ascending; its own number; and what it is. */
  #calls: number[] = [];
  #numbers: number[] = [];
  #leaves: Leaf[] = [];
  #limit = ROOM;

  add(call: number, number: number, leaf: Leaf): void {
    this.#calls.push(call);
    this.#numbers.push(number);
    this.#leaves.push(leaf);
  }

  /** Whether it is time to say what is still of interest. */
  get isFull(): boolean {
    return this.#calls.length >= this.#limit;
  }

  /** Forgets the steps that made none of these calls: a run may have a thousand million. */
  keep(calls: Iterable<number>): void {
    const kept = [...new Set([...calls].map((call) => this.#indexOf(call)))].filter((i) => i >= 0);
    kept.sort((a, b) => a - b);
    this.#calls = kept.map((i) => this.#calls[i] ?? 0);
    this.#numbers = kept.map((i) => this.#numbers[i] ?? 0);
    this.#leaves = kept.flatMap((i) => this.#leaves[i] ?? []);
    this.#limit = 2 * kept.length + ROOM;
  }

  /** The step that made a call: the last one that began before it. */
  of(call: number): { readonly leaf: Leaf; readonly number: number } | undefined {
    const at = this.#indexOf(call);
    const [leaf, number] = [this.#leaves[at], this.#numbers[at]];
    return leaf === undefined || number === undefined ? undefined : { leaf, number };
  }

  #indexOf(call: number): number {
    let low = 0;
    let high = this.#calls.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#calls[middle] ?? 0) <= call) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
