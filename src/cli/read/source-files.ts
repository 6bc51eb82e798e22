/**
 * The files that a device-tree source may read: beside it and below the include directories, nothing else
 * unless asked for. A source that somebody sent may name any path.
 */
import { readdirSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, resolve, sep } from 'node:path';
import type { BinaryFile, ReadFile, RefusedFile, SourceFile } from '../../devicetree/source.ts';
import { decodeSource } from '../../devicetree/source-encoding.ts';
import { Confinement, realPath } from './confinement.ts';
import { hasNul, type OpenedFile, readRegular, UnusableFile } from './input-file.ts';

export interface SourceFilesOptions {
  /** Where the source itself lies. */
  readonly directory: string;
  /** -I, in order. */
  readonly include: readonly string[];
  readonly allowOutside: boolean;
  /** Beyond which nothing is read, whatever an include directory links to: that of a scenario. */
  readonly within?: Confinement | undefined;
  /** Told of every file that is read. */
  readonly onRead?: ((path: string) => void) | undefined;
}

const MAX_BYTES = 32 * 1024 * 1024;

const statOf = (path: string) => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // below a file, in a circle of links, a name too long: not there
  }
};
const isFile = (path: string): boolean => statOf(path)?.isFile() === true;
/** Whether a path leads to a directory. */
export const isDirectory = (path: string): boolean => statOf(path)?.isDirectory() === true;

const refused = (code: string, message: string): RefusedFile => ({ refused: { code, message } });

/** A file's date as the preprocessor writes it, in local time: `Sun Nov  1 08:00:00 2026`. */
export function modifiedText({ mtime }: Stats): string {
  const [weekday = '', month = '', day = '', year = ''] = mtime.toDateString().split(' ');
  return `${weekday} ${month} ${day.replace(/^0/, ' ')} ${mtime.toTimeString().slice(0, 8)} ${year}`;
}

class Outside extends Error {
  readonly refused: RefusedFile['refused'];

  constructor(why: RefusedFile['refused']) {
    super(why.message);
    this.refused = why;
  }
}

/** What is said of a file that a scenario leads to and that lies elsewhere. */
export const outsideScenario = (name: string, within: Confinement) => ({
  code: 'file-outside',
  message: `${name} lies outside the scenario's directory, ${within.roots.join(', ')}`,
  hint: 'add --allow-outside if you trust the scenario',
});

/** A name in a directory. A `..` stays: behind a link to a directory it means that directory's parent. */
function placed(directory: string, asked: string): string {
  if (!asked.includes('..') || directory === '.') return join(directory, asked);
  return `${directory}${directory.endsWith(sep) ? '' : sep}${asked}`;
}

/** The directories below which files may be read. */
function permitted({ directory, include }: SourceFilesOptions): Confinement {
  // A kernel's scripts/dtc/include-prefixes holds links to the trees of other architectures: what an
  // include directory links to directly counts as given.
  const linked = include.filter(isDirectory).flatMap((path) =>
    readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink())
      .map((entry) => join(path, entry.name)),
  );
  return new Confinement([directory, ...include, ...linked].filter(isDirectory));
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

  /** Thrown in the middle of a read, to be the answer. */
  function check(path: string, asked: string, { stats }: OpenedFile): void {
    if (options.within?.allowsOpened(path, stats) === false) {
      throw new Outside(outsideScenario(`"${asked}"`, options.within));
    }
    if (options.allowOutside || roots.allowsOpened(path, stats)) return;
    const real = realPath(path) ?? path;
    const directory = dirname(resolve(path) === real ? normalize(path) : real);
    throw new Outside({
      code: 'include-outside',
      message: `"${asked}" lies outside the directories of the source and of -I`,
      hint: `add -I ${directory}, or --allow-outside if you trust the source`,
    });
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
    if (hasNul(path)) return refused('nul-in-path', 'a path cannot have a NUL character in it');
    const places = candidates(path, from, kind !== 'angle');
    const found = places.find(isFile);
    if (found === undefined) {
      const isThere = places.some((place) => statOf(place) !== undefined);
      return isThere
        ? refused('not-a-file', `"${path}" is a directory, a FIFO or a device: only regular files are read`)
        : undefined;
    }
    try {
      options.onRead?.(found);
      let modified = '';
      const bytes = readRegular(found, MAX_BYTES, (opened) => {
        check(found, path, opened);
        modified = modifiedText(opened.stats);
      });
      return kind === 'binary'
        ? { path: found, bytes }
        : { path: found, text: decodeSource(bytes), modified };
    } catch (error) {
      if (error instanceof Outside) return { refused: error.refused };
      if (error instanceof UnusableFile) return refused(error.code, `"${path}": ${error.message}`);
      throw error;
    }
  }
  return read;
}

/** The directory that a source's own includes start from: its own, or the current one for standard input. */
export const directoryOf = (file: string): string => (file === '-' ? resolve('.') : dirname(file));
