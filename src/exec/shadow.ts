/**
 * A copy of a buffer's bytes as they were when it was last looked at, and what has changed since. Costs memory for what
 * is not zero, and a read of the whole file each time.
 */

/** Bytes that changed: `[from, to)` of the buffer. */
export interface Changed {
  readonly from: number;
  readonly to: number;
}

/** Bytes compared at a time. */
const CHUNK = 1 << 16;
const WORD = 4;
/** Equal bytes between two runs that are told apart. */
const NEAR = 16;
/** Runs of a chunk that are told apart. */
const MANY = 64;

export class Shadow {
  readonly #size: number;
  readonly #read: (at: number, into: Uint8Array) => void;
  /** By number; those that are missing are zeros. */
  readonly #chunks = new Map<number, Uint8Array>();
  readonly #now = new Uint8Array(CHUNK);

  /**
   * Remembers the bytes as they are.
   *
   * @param size bytes of the buffer, whole pages
   * @param read reads its file
   */
  constructor(size: number, read: (at: number, into: Uint8Array) => void) {
    this.#size = size;
    this.#read = read;
    this.look(() => undefined);
  }

  /**
   * Finds what has changed since the last time, and remembers it.
   *
   * @param onChange called for each run of bytes, ascending; they are good until it returns
   */
  look(onChange: (changed: Changed, bytes: Uint8Array) => void): void {
    for (let at = 0; at < this.#size; at += CHUNK) {
      const now = this.#now.subarray(0, Math.min(CHUNK, this.#size - at));
      this.#read(at, now);
      const number = at / CHUNK;
      const before = this.#chunks.get(number) ?? ZEROS;
      if (Buffer.compare(now, before.subarray(0, now.length)) === 0) continue;
      for (const { from, to } of changedRuns(before, now)) {
        onChange({ from: at + from, to: at + to }, now.subarray(from, to));
      }
      if (before === ZEROS) this.#chunks.set(number, now.slice());
      else before.set(now);
    }
  }
}

const ZEROS = new Uint8Array(CHUNK);

/**
 * The runs of bytes that differ, ascending. What was written may be equal by chance: runs with few equal bytes between them
 * are one, and so are many.
 *
 * @param before as long as `now` at least; both are aligned to a word, and so is the length of `now`
 */
export function changedRuns(before: Uint8Array, now: Uint8Array): Changed[] {
  const words = now.length / WORD;
  const old = new Uint32Array(before.buffer, before.byteOffset, words);
  const fresh = new Uint32Array(now.buffer, now.byteOffset, words);
  const runs: { from: number; to: number }[] = [];
  for (let word = 0; word < words; word++) {
    if (old[word] === fresh[word]) continue;
    let from = word * WORD;
    while (word + 1 < words && old[word + 1] !== fresh[word + 1]) word++;
    while (before[from] === now[from]) from++;
    let to = (word + 1) * WORD;
    while (before[to - 1] === now[to - 1]) to--;
    const last = runs.at(-1);
    if (last !== undefined && from - last.to < NEAR) last.to = to;
    else runs.push({ from, to });
  }
  const [first] = runs;
  return first === undefined || runs.length <= MANY ? runs : [{ from: first.from, to: runs.at(-1)?.to ?? 0 }];
}
