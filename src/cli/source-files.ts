/**
 * The files that a device-tree source may read: beside it and below the include directories, nothing else
 * unless asked for. A source that somebody sent may name any path.
 */
import { readdirSync, readFileSync, realpathSync as realpaths, statSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, resolve, sep } from 'node:path';
import type { BinaryFile, ReadFile, RefusedFile, SourceFile } from '../devicetree/source.ts';
import { decodeSource } from '../devicetree/source-encoding.ts';

export interface SourceFilesOptions {
  /** Where the source itself lies. */
  readonly directory: string;
  /** -I, in order. */
  readonly include: readonly string[];
  readonly allowOutside: boolean;
}

/** The other one asks for every directory above by itself. */
const realpathSync = realpaths.native;
const MAX_BYTES = 32 * 1024 * 1024;

const statOf = (path: string) => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // below a file, in a circle of links, a name too long: not there
  }
};
const isFile = (path: string): boolean => statOf(path)?.isFile() === true;
const isDirectory = (path: string): boolean => statOf(path)?.isDirectory() === true;

/** Whether a real path is another one or lies below it. */
const isBelow = (path: string, root: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

const refused = (code: string, message: string, hint?: string): RefusedFile => ({
  refused: { code, message, ...(hint === undefined ? {} : { hint }) },
});

/** A name in a directory. A `..` stays: behind a link to a directory it means that directory's parent. */
function placed(directory: string, asked: string): string {
  if (!asked.includes('..') || directory === '.') return join(directory, asked);
  return `${directory}${directory.endsWith(sep) ? '' : sep}${asked}`;
}

/** The real paths of directories below which files may be read. */
function permitted({ directory, include }: SourceFilesOptions): string[] {
  const real = (path: string) => (isDirectory(path) ? [realpathSync(path)] : []);
  // A kernel's scripts/dtc/include-prefixes holds links to the trees of other architectures: what an
  // include directory links to directly counts as given.
  const linked = include.filter(isDirectory).flatMap((path) =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink())
      .flatMap((entry) => real(join(path, entry.name))),
  );
  return [directory, ...include].flatMap(real).concat(linked);
}

/** Reads files for the compiler as cpp and dtc look for them. */
export function sourceFiles(options: SourceFilesOptions): ReadFile {
  const roots = permitted(options);

  function candidates(asked: string, includedFrom: string | undefined, besideFirst: boolean): string[] {
    if (isAbsolute(asked)) return [asked];
    const beside = includedFrom === undefined ? options.directory : dirname(includedFrom);
    const places = besideFirst ? [beside, ...options.include] : options.include;
    return places.map((place) => placed(place, asked));
  }

  function refusal(path: string, asked: string): RefusedFile | undefined {
    const real = realpathSync(path);
    if (!options.allowOutside && !roots.some((root) => isBelow(real, root))) {
      const directory = dirname(resolve(path) === real ? normalize(path) : real);
      return refused(
        'include-outside',
        `"${asked}" lies outside the directories of the source and of -I`,
        `add -I ${directory}, or --allow-outside if you trust the source`,
      );
    }
    if (statSync(path).size <= MAX_BYTES) return undefined;
    return refused('file-too-large', `"${asked}" is larger than 32 MiB`);
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
    const places = candidates(path, from, kind !== 'angle');
    const found = places.find(isFile);
    if (found === undefined) {
      // A pipe or a device could be waited for without end.
      const isThere = places.some((place) => statOf(place) !== undefined);
      return isThere ? refused('not-a-file', `"${path}" is a directory or a device, not a file`) : undefined;
    }
    const no = refusal(found, path);
    if (no !== undefined) return no;
    try {
      const bytes = readFileSync(found);
      return kind === 'binary' ? { path: found, bytes } : { path: found, text: decodeSource(bytes) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      return refused('file-unreadable', `"${path}" cannot be read (${code})`);
    }
  }
  return read;
}

/** The directory that a source's own includes start from: its own, or the current one for standard input. */
export const directoryOf = (file: string): string => (file === '-' ? resolve('.') : dirname(file));
