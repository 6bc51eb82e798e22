/** Compares two runs of bytes that come in pieces of any length. */

export type ByteSource = AsyncIterator<Uint8Array, unknown, undefined>;

export type Comparison =
  | { readonly equal: true; readonly length: bigint }
  /** The first byte that differs. */
  | { readonly at: bigint; readonly values: readonly [a: number, b: number] }
  /** One of them ends after so many equal bytes. */
  | { readonly eof: 'a' | 'b'; readonly after: bigint };

/** What is left of a source's last piece. */
class Rest {
  readonly #source: ByteSource;
  bytes: Uint8Array = new Uint8Array(0);

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** @returns false at the end */
  async fill(): Promise<boolean> {
    while (this.bytes.length === 0) {
      const { done, value } = await this.#source.next();
      if (done === true) return false;
      this.bytes = value;
    }
    return true;
  }

  skip(count: number): void {
    this.bytes = this.bytes.subarray(count);
  }
}

/** @param progress told how many bytes were equal so far */
export async function compareBytes(
  a: ByteSource,
  b: ByteSource,
  progress: (done: bigint) => Promise<void>,
): Promise<Comparison> {
  const [left, right] = [new Rest(a), new Rest(b)];
  for (let done = 0n; ; ) {
    const [hasLeft, hasRight] = [await left.fill(), await right.fill()];
    if (!hasLeft && !hasRight) return { equal: true, length: done };
    if (!hasLeft || !hasRight) return { eof: hasLeft ? 'b' : 'a', after: done };
    const count = Math.min(left.bytes.length, right.bytes.length);
    const [x, y] = [left.bytes.subarray(0, count), right.bytes.subarray(0, count)];
    if (Buffer.compare(x, y) !== 0) {
      const index = x.findIndex((byte, i) => byte !== y[i]);
      return { at: done + BigInt(index), values: [x[index] ?? 0, y[index] ?? 0] };
    }
    left.skip(count);
    right.skip(count);
    done += BigInt(count);
    await progress(done);
  }
}
