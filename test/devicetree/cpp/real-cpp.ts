/** The preprocessor of the system, to compare with. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preprocess } from '../../../src/devicetree/cpp/preprocess.ts';
import type { PreprocessedSource, ReadFile } from '../../../src/devicetree/source.ts';
import type { Diagnostic } from '../../../src/diagnostic.ts';

/** Sources by name; `main.dts` is the one to preprocess. */
export type Files = Readonly<Record<string, string>>;

/** Whether there is a cpp of gcc. Where tests must not be skipped, its absence is a failure. */
export function haveCpp(): boolean {
  const { status, stdout } = spawnSync('cpp', ['--version'], { encoding: 'utf8' });
  if (status === 0 && /free software foundation/i.test(stdout)) return true;
  if (process.env.CI) throw new Error('cpp of gcc is needed to run these tests, and is not installed');
  console.warn('NOT COMPARED with gcc: cpp is not installed');
  return false;
}

/** What gcc makes of the sources, as Linux's build calls it. */
export function realCpp(files: Files, defines: readonly string[] = []): { text: string; failed: boolean } {
  const directory = mkdtempSync(join(tmpdir(), 'cpp-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    const { stdout, status } = spawnSync(
      'cpp',
      ['-P', '-w', '-nostdinc', '-undef', '-D__DTS__', '-x', 'assembler-with-cpp', '-I', '.'].concat(
        defines.map((define) => `-D${define}`),
        'main.dts',
      ),
      { cwd: directory, encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    return { text: stdout, failed: status !== 0 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A `ReadFile` over sources in memory, by their plain names. */
export function reader(files: Files): ReadFile {
  function read(
    path: string,
    from: string | undefined,
    kind: 'quote' | 'angle',
  ): { path: string; text: string } | undefined;
  function read(path: string, from: string | undefined, kind: 'binary'): undefined;
  function read(path: string): { path: string; text: string } | undefined {
    const text = files[path];
    return text === undefined ? undefined : { path, text };
  }
  return read;
}

/** What we make of the sources. */
export function ourCpp(
  files: Files,
  defines: readonly string[] = [],
): { source: PreprocessedSource; diagnostics: Diagnostic[]; errors: Diagnostic[] } {
  const main = { path: 'main.dts', text: files['main.dts'] ?? '' };
  const result = preprocess(main, { readFile: reader(files), defines });
  return { ...result, errors: result.diagnostics.filter((d) => d.severity === 'error') };
}

/**
 * Runs of white space as one space, so that what is left is what dtc sees: where there is white space
 * and where there is none. Literals stay as they are; line markers go.
 */
export function normalise(text: string): string {
  return text
    .replace(/^# \d+ ".*$/gm, '')
    .replace(/"(?:[^"\\\n]|\\.)*"|\s+/g, (match) => (match.startsWith('"') ? match : ' '))
    .trim();
}
