/**
 * The files that a device-tree source may read: beside it and below the include directories, nothing else
 * unless asked for. A source that somebody sent may name any path.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import type { BinaryFile, ReadFile, RefusedFile, SourceFile } from '../devicetree/source.ts';

export interface SourceFilesOptions {
  /** Where the source itself lies. */
  readonly directory: string;
  /** -I, in order. */
  readonly include: readonly string[];
  readonly allowOutside: boolean;
}

const MAX_BYTES = 32 * 1024 * 1024;

/** The real paths of directories below which files may be read. */
function permitted({ directory, include }: SourceFilesOptions): string[] {
  const real = (path: string) => (existsSync(path) ? [realpathSync(path)] : []);
  // A kernel's scripts/dtc/include-prefixes holds links to the trees of other architectures: what an
  // include directory links to directly counts as given.
  const linked = include.filter(existsSync).flatMap((path) =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink())
      .flatMap((entry) => real(join(path, entry.name)))
      .filter((target) => statSync(target).isDirectory()),
  );
  return [directory, ...include].flatMap(real).concat(linked);
}

/** Reads files for the compiler as cpp and dtc look for them. */
export function sourceFiles(options: SourceFilesOptions): ReadFile {
  const roots = permitted(options);
  const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

  const isOutside = (path: string): boolean => {
    const real = realpathSync(path);
    return !options.allowOutside && !roots.some((root) => real === root || real.startsWith(`${root}${sep}`));
  };

  function find(asked: string, includedFrom: string | undefined, besideFirst: boolean): string | undefined {
    if (isAbsolute(asked)) return isFile(asked) ? asked : undefined;
    const beside = includedFrom === undefined ? options.directory : dirname(includedFrom);
    const places = besideFirst ? [beside, ...options.include] : options.include;
    return places.map((place) => join(place, asked)).find(isFile);
  }

  function refusal(path: string, asked: string): RefusedFile | undefined {
    if (isOutside(path)) {
      const message = `"${asked}" lies outside the directories of the source and of -I`;
      const hint = `add -I ${dirname(path)}, or --allow-outside if you trust the source`;
      return { refused: { code: 'include-outside', message, hint } };
    }
    if (statSync(path).size <= MAX_BYTES) return undefined;
    return { refused: { code: 'file-too-large', message: `"${asked}" is larger than 32 MiB` } };
  }

  function read(
    path: string,
    from: string | undefined,
    kind: 'quote' | 'angle',
  ): SourceFile | RefusedFile | undefined;
  function read(path: string, from: string | undefined, kind: 'binary'): BinaryFile | RefusedFile | undefined;
  function read(
    path: string,
    from: string | undefined,
    kind: 'quote' | 'angle' | 'binary',
  ): SourceFile | BinaryFile | RefusedFile | undefined {
    const found = find(path, from, kind !== 'angle');
    if (found === undefined) return undefined;
    const refused = refusal(found, path);
    if (refused !== undefined) return refused;
    const bytes = readFileSync(found);
    return kind === 'binary' ? { path: found, bytes } : { path: found, text: bytes.toString('utf8') };
  }
  return read;
}

/** The directory that a source's own includes start from: its own, or the current one for standard input. */
export const directoryOf = (file: string): string => (file === '-' ? resolve('.') : dirname(file));
