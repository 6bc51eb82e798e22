/**
 * Where every piece of the output came from.
 *
 *     output  |aaaaaaaa|bb|cccccc|      one segment for each run copied from a file or
 *              |        |  |            made by one macro invocation; found by bisection
 *     file     12       40 12
 *
 * A position costs nothing until somebody asks for it.
 */
import type { SourcePosition } from '../../diagnostic.ts';
import type { OriginPosition, PreprocessedSource } from '../source.ts';
import { lastAtOrBelow, type SourceText } from './source-text.ts';

/** From here on in a file, another file and line are meant: #line, or `# 12 "file"`. */
interface Marker {
  /** The line of the file itself on which the marker stands. */
  readonly at: number;
  /** The line that the next one stands for. */
  readonly line: number;
  readonly file: string;
  readonly includedFrom: OriginPosition | undefined;
}

/** One reading of a file: the same file included twice gives two. */
export class Inclusion {
  readonly source: SourceText;
  readonly parent: Inclusion | undefined;
  /** Where in the parent the #include stands. */
  readonly parentOffset: number;
  readonly depth: number;
  readonly #markers: Marker[] = [];
  readonly #markerOffsets: number[] = [];
  #markerDepth = 0;
  #includedFrom: OriginPosition | undefined;

  constructor(source: SourceText, parent: Inclusion | undefined, parentOffset: number) {
    this.source = source;
    this.parent = parent;
    this.parentOffset = parentOffset;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /**
   * Notes a line marker.
   *
   * @param change 1 when the text after it was included from the text before it, 2 when an include ended
   * @returns how deep the markers say that includes are nested
   */
  mark(offset: number, line: number, file: string | undefined, change: 0 | 1 | 2): number {
    const before = this.position(offset);
    this.#markerDepth = Math.max(0, this.#markerDepth + (change === 1 ? 1 : change === 2 ? -1 : 0));
    let includedFrom = before.includedFrom;
    if (change === 1) includedFrom = before;
    else if (change === 2) includedFrom = includedFrom?.includedFrom;
    const at = this.source.position(offset).line;
    this.#markers.push({ at, line, file: file ?? before.file, includedFrom });
    this.#markerOffsets.push(offset);
    return this.#markerDepth;
  }

  /** The position of an offset, as #line and line markers have it. */
  position(offset: number): OriginPosition {
    const { line, column } = this.source.position(offset);
    const marker = this.#markers[lastAtOrBelow(this.#markerOffsets, offset)];
    if (marker !== undefined) {
      const { file, includedFrom } = marker;
      return {
        file,
        line: Math.max(marker.line + line - marker.at - 1, 0),
        column,
        ...(includedFrom && { includedFrom }),
      };
    }
    this.#includedFrom ??= this.parent?.position(this.parentOffset);
    const includedFrom = this.#includedFrom;
    return { file: this.source.path, line, column, ...(includedFrom && { includedFrom }) };
  }

  /** The line that a position stands for, if it is of this file. */
  lineText(file: string, line: number): string | undefined {
    if (file === this.source.path) {
      const first = this.#markers[0];
      if (first === undefined || line <= first.at) return this.source.line(line);
    }
    for (const [i, marker] of this.#markers.entries()) {
      if (marker.file !== file) continue;
      const at = line - marker.line + marker.at + 1;
      const next = this.#markers[i + 1];
      if (at > marker.at && (next === undefined || at < next.at)) return this.source.line(at);
    }
    return undefined;
  }
}

/** The macro whose expansion a piece of text is. */
interface Expanded {
  readonly name: string;
  definedAt(): SourcePosition;
}

/** The preprocessor's output while it is written. */
export class OriginMap {
  readonly #pieces: string[] = [];
  length = 0;
  readonly #inclusions: Inclusion[] = [];
  readonly #macros: (Expanded | undefined)[] = [undefined];
  #count = 0;
  /** Four numbers a segment: output offset, inclusion, source offset, macro. */
  #segments = new Int32Array(4096);

  /** Takes note of a file to be read; the number is for `add`. */
  open(inclusion: Inclusion): number {
    return this.#inclusions.push(inclusion) - 1;
  }

  /** Appends text that stands at `offset` of a file, or that a macro invoked there gave. */
  add(text: string, inclusion: number, offset: number, macro?: Expanded): void {
    let at = this.#count * 4;
    if (at === this.#segments.length) {
      const larger = new Int32Array(at * 2);
      larger.set(this.#segments);
      this.#segments = larger;
    }
    this.#segments[at++] = this.length;
    this.#segments[at++] = inclusion;
    this.#segments[at++] = offset;
    this.#segments[at] = macro === undefined ? 0 : this.#macros.push(macro) - 1;
    this.#count++;
    this.#pieces.push(text);
    this.length += text.length;
  }

  /** The whole output. */
  finish(): PreprocessedSource {
    return new MappedSource(
      this.#pieces.join(''),
      this.#segments.slice(0, this.#count * 4),
      this.#inclusions,
      this.#macros,
    );
  }
}

class MappedSource implements PreprocessedSource {
  readonly text: string;
  readonly #segments: Int32Array;
  readonly #inclusions: readonly Inclusion[];
  readonly #macros: readonly (Expanded | undefined)[];

  constructor(
    text: string,
    segments: Int32Array,
    inclusions: readonly Inclusion[],
    macros: readonly (Expanded | undefined)[],
  ) {
    this.text = text;
    this.#segments = segments;
    this.#inclusions = inclusions;
    this.#macros = macros;
  }

  originAt(offset: number): OriginPosition {
    const segments = this.#segments;
    let low = 0;
    let high = segments.length / 4;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((segments[middle * 4] as number) <= offset) low = middle + 1;
      else high = middle;
    }
    const at = Math.max(low - 1, 0) * 4;
    const inclusion = this.#inclusions[segments[at + 1] ?? 0];
    if (inclusion === undefined) return { file: '', line: 1, column: 1 };
    const macro = this.#macros[segments[at + 3] ?? 0];
    const start = segments[at + 2] ?? 0;
    if (macro !== undefined) {
      return { ...inclusion.position(start), macro: { name: macro.name, definedAt: macro.definedAt() } };
    }
    return inclusion.position(start + Math.max(offset - (segments[at] ?? 0), 0));
  }

  lineText(position: SourcePosition): string | undefined {
    const { file, line } = position;
    if (line === undefined) return undefined;
    for (const inclusion of this.#inclusions) {
      const text = inclusion.lineText(file, line);
      if (text !== undefined) return text;
    }
    return undefined;
  }
}
