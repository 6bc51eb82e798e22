/**
 * Compiles files of a fixture directory, and asks the installed dtc for its tree.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { preprocess } from '../../../src/devicetree/cpp/preprocess.ts';
import { decodeDtb } from '../../../src/devicetree/dtb.ts';
import { type CompiledDts, compileDts } from '../../../src/devicetree/dts/compile.ts';
import { PlainSource } from '../../../src/devicetree/dts/plain-source.ts';
import type { ReadFile } from '../../../src/devicetree/source.ts';
import type { DeviceTree } from '../../../src/devicetree/tree.ts';

/** Reads files beside the includer, then in the directories. */
export function readerOf(folders: readonly string[]): ReadFile {
  const read = (path: string, from: string | undefined, kind: 'quote' | 'angle' | 'binary'): unknown => {
    for (const folder of from === undefined ? folders : [dirname(from), ...folders]) {
      const full = isAbsolute(path) ? path : join(folder, path);
      if (!existsSync(full)) continue;
      const bytes = readFileSync(full);
      return kind === 'binary' ? { path: full, bytes } : { path: full, text: bytes.toString() };
    }
    return undefined;
  };
  return read as ReadFile;
}

/** Without files. */
export const NO_FILES: ReadFile = () => undefined;

export const compileText = (text: string, symbols = false): CompiledDts =>
  compileDts(new PlainSource({ path: 'test.dts', text }), { readFile: NO_FILES, symbols });

export function compileFile(folder: string, name: string, symbols = false): CompiledDts {
  const readFile = readerOf([folder, join(folder, 'include'), join(folder, 'include/sub')]);
  const file = { path: join(folder, name), text: readFileSync(join(folder, name), 'utf8') };
  const source = name.startsWith('cpp-') ? preprocess(file, { readFile }).source : new PlainSource(file);
  return compileDts(source, { readFile, symbols });
}

export const hasDtc = spawnSync('dtc', ['--version']).status === 0;

if (!hasDtc) {
  if (process.env.CI !== undefined) throw new Error('dtc is not installed; CI must compare with it');
  console.warn('dtc is not installed: NOT comparing with it');
}

/** What dtc makes of a text: its tree, or what it says. */
export function dtcText(
  text: string | Uint8Array,
  symbols = false,
  folders: readonly string[] = [],
): DeviceTree | string {
  const flags = folders.flatMap((folder) => ['-i', folder]);
  const run = spawnSync('dtc', ['-q', '-I', 'dts', '-O', 'dtb', ...flags, ...(symbols ? ['-@'] : [])], {
    input: text,
  });
  return run.status === 0 ? decodeDtb(run.stdout, 'dtc') : run.stderr.toString();
}

export function dtcFile(folder: string, name: string, symbols = false): DeviceTree | string {
  let text: Uint8Array = readFileSync(join(folder, name));
  if (name.startsWith('cpp-')) {
    const flags = [
      '-nostdinc',
      '-undef',
      '-D__DTS__',
      '-x',
      'assembler-with-cpp',
      '-I',
      join(folder, 'include'),
    ];
    text = spawnSync('cpp', [...flags, join(folder, name)]).stdout;
  }
  return dtcText(text, symbols, [folder, join(folder, 'include'), join(folder, 'include/sub')]);
}
