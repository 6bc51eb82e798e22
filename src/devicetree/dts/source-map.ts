/**
 * One numbering for every character that a compilation reads: the main source first, each /include/d file
 * after it. A position is then a number until somebody wants to see it.
 */
import type { SourcePosition } from '../../diagnostic.ts';
import type { OriginPosition, PreprocessedSource } from '../source.ts';

export class SourceMap {
  readonly #sources: { readonly base: number; readonly source: PreprocessedSource }[] = [];
  #length = 0;

  constructor(main: PreprocessedSource) {
    this.add(main);
  }

  /** Characters of all sources so far. */
  get length(): number {
    return this.#length;
  }

  /** Gives a source its range of positions and returns where that starts. */
  add(source: PreprocessedSource): number {
    const base = this.#length;
    this.#sources.push({ base, source });
    // One more, so that the end of a source is no position of the next.
    this.#length += source.text.length + 1;
    return base;
  }

  originAt(at: number): OriginPosition {
    const { base, source } = this.#sourceOf(at);
    return source.originAt(at - base);
  }

  /** The line that a message about `position` shows. */
  lineText(position: SourcePosition): string | undefined {
    for (const { source } of this.#sources) {
      const line = source.lineText(position);
      if (line !== undefined) return line;
    }
    return undefined;
  }

  #sourceOf(at: number): { readonly base: number; readonly source: PreprocessedSource } {
    let low = 0;
    let high = this.#sources.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#sources[middle]?.base ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    const found = this.#sources[low];
    if (found === undefined) throw new Error('a source map without sources');
    return found;
  }
}
