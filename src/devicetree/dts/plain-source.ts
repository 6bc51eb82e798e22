/**
 * A source that no preprocessor has seen: every character stands where it is.
 */
import type { SourcePosition } from '../../diagnostic.ts';
import type { OriginPosition, PreprocessedSource, SourceFile } from '../source.ts';

export class PlainSource implements PreprocessedSource {
  readonly text: string;
  readonly #file: string;
  readonly #includedFrom: OriginPosition | undefined;
  #lines: number[] | undefined;

  /** @param includedFrom where the /include/ stands */
  constructor(file: SourceFile, includedFrom?: OriginPosition) {
    this.text = file.text;
    this.#file = file.path;
    this.#includedFrom = includedFrom;
  }

  originAt(offset: number): OriginPosition {
    const lines = this.#lineStarts();
    let low = 0;
    let high = lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((lines[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const position = { file: this.#file, line: low + 1, column: offset - (lines[low] ?? 0) + 1 };
    return this.#includedFrom === undefined ? position : { ...position, includedFrom: this.#includedFrom };
  }

  lineText(position: SourcePosition): string | undefined {
    if (position.file !== this.#file || position.line === undefined) return undefined;
    const start = this.#lineStarts()[position.line - 1];
    if (start === undefined) return undefined;
    const end = this.text.indexOf('\n', start);
    return this.text.slice(start, end < 0 ? undefined : end);
  }

  #lineStarts(): number[] {
    if (this.#lines !== undefined) return this.#lines;
    const lines = [0];
    for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) lines.push(at + 1);
    this.#lines = lines;
    return lines;
  }
}
