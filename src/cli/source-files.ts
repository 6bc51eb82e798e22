/**
 * The files that a device-tree source may read: beside it and below the include directories, nothing else
 * unless asked for. A source that somebody sent may name any path.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import type { BinaryFile, ReadFile, SourceFile } from '../devicetree/source.ts';
import { InvalidInput } from '../diagnostic.ts';

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

  function refuseOutside(path: string, asked: string): void {
    const real = realpathSync(path);
    if (options.allowOutside || roots.some((root) => real === root || real.startsWith(`${root}${sep}`)))
      return;
    throw new InvalidInput([
      {
        code: 'include-outside',
        severity: 'error',
        message: `"${asked}" lies outside the directories of the source and of -I`,
        hint: `add -I ${dirname(path)}, or --allow-outside if you trust the source`,
      },
    ]);
  }

  function find(asked: string, includedFrom: string | undefined, besideFirst: boolean): string | undefined {
    const beside = includedFrom === undefined ? options.directory : dirname(includedFrom);
    const places = isAbsolute(asked) ? [''] : [...(besideFirst ? [beside] : []), ...options.include];
    const path = places.map((place) => (place === '' ? asked : join(place, asked))).find(isFile);
    if (path === undefined) return undefined;
    refuseOutside(path, asked);
    if (statSync(path).size <= MAX_BYTES) return path;
    throw new InvalidInput([
      { code: 'file-too-large', severity: 'error', message: `"${asked}" is larger than 32 MiB` },
    ]);
  }

  function read(path: string, from: string | undefined, kind: 'quote' | 'angle'): SourceFile | undefined;
  function read(path: string, from: string | undefined, kind: 'binary'): BinaryFile | undefined;
  function read(
    path: string,
    from: string | undefined,
    kind: 'quote' | 'angle' | 'binary',
  ): SourceFile | BinaryFile | undefined {
    const found = find(path, from, kind !== 'angle');
    if (found === undefined) return undefined;
    const bytes = readFileSync(found);
    return kind === 'binary' ? { path: found, bytes } : { path: found, text: bytes.toString('utf8') };
  }
  return read;
}

/** The directory that a source's own includes start from: its own, or the current one for standard input. */
export const directoryOf = (file: string): string => (file === '-' ? resolve('.') : dirname(file));
