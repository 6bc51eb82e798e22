/**
 * The output of a C preprocessor with its linemarkers, `# 12 "file" 1`, as a source for the compiler.
 */

import type { OriginPosition, PreprocessedSource } from '../../../src/devicetree/source.ts';
import type { SourcePosition } from '../../../src/diagnostic.ts';

interface Run {
  readonly start: number;
  readonly file: string;
  readonly line: number;
  readonly includedFrom: OriginPosition | undefined;
}

export function linemarkerSource(text: string, file: string): PreprocessedSource {
  const runs: Run[] = [{ start: 0, file, line: 1, includedFrom: undefined }];
  const stack: Run[] = [];
  for (const match of text.matchAll(/^#(?:line)? (\d+) "((?:[^"\\]|\\.)*)"((?: \d)*).*\n?/gm)) {
    const start = match.index + match[0].length;
    const flags = match[3] ?? '';
    const last = runs.at(-1);
    if (last === undefined) throw new Error('no run');
    let includedFrom = last.includedFrom;
    if (flags.includes('1')) {
      stack.push(last);
      const lines = text.slice(last.start, match.index).split('\n').length - 1;
      includedFrom = {
        file: last.file,
        line: last.line + lines,
        column: 1,
        ...(last.includedFrom === undefined ? {} : { includedFrom: last.includedFrom }),
      };
    } else if (flags.includes('2')) {
      includedFrom = stack.pop()?.includedFrom;
    }
    runs.push({ start, file: match[2] ?? '', line: Number(match[1]), includedFrom });
  }
  return {
    text,
    originAt(offset) {
      let low = 0;
      let high = runs.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (runs[middle]!.start <= offset) low = middle;
        else high = middle - 1;
      }
      const run = runs[low]!;
      const before = text.slice(run.start, offset);
      const newline = before.lastIndexOf('\n');
      return {
        file: run.file,
        line: run.line + before.split('\n').length - 1,
        column: before.length - newline,
        ...(run.includedFrom === undefined ? {} : { includedFrom: run.includedFrom }),
      };
    },
    lineText(position: SourcePosition) {
      const run = runs.findLast((r) => r.file === position.file && r.line <= (position.line ?? 0));
      return run === undefined
        ? undefined
        : text.slice(run.start).split('\n')[(position.line ?? 0) - run.line];
    },
  };
}
