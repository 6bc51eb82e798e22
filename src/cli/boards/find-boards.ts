/** The blobs that a user's words mean: files, directories and patterns, and tar archives with what is in them. */
import { closeSync, type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UnreadableInput } from '../failures.ts';
import { headOf, isGzip, openRegular } from '../read/input-file.ts';
import { naming } from '../read/read-input.ts';
import type { FoundBoard } from './found-board.ts';

const BLOB = /\.dtb$/;
const TAR_MAGIC = 'ustar';
const TAR_MAGIC_AT = 257;

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : 1);

/** The blobs below a directory, by name. Links to directories are not followed. */
function below(directory: string): FoundBoard[] {
  return readdirSync(directory, { withFileTypes: true })
    .sort(byName)
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return below(path);
      return BLOB.test(entry.name) ? [{ name: path }] : [];
    });
}

const isPattern = (word: string): boolean => /[*?]/.test(word);

/** A part of a path with `*` and `?`, as shells match it: neither stands for a dot at its beginning. */
function matches(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false;
  // By hand, not as a regular expression: a pattern of many stars takes no longer.
  let [p, n, star, mark] = [0, 0, -1, 0];
  while (n < name.length) {
    if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n]) && pattern[p] !== '*') {
      p++;
      n++;
    } else if (pattern[p] === '*') {
      star = p++;
      mark = n;
    } else if (star >= 0) {
      p = star + 1;
      n = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** The paths that a pattern means, by name; `**` is any directories. */
function expand(pattern: string): readonly string[] {
  const [first = '', ...rest] = pattern.split('/');
  let paths = [isPattern(first) ? '' : first === '' ? '/' : first];
  for (const part of isPattern(first) ? [first, ...rest] : rest) {
    if (part === '') continue;
    paths = paths.flatMap((path) => stepsTo(path, part));
  }
  return paths;
}

function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path === '' ? '.' : path, { withFileTypes: true }).sort(byName);
  } catch {
    // A file, or none: it has no entries.
    return [];
  }
}

function stepsTo(path: string, part: string): string[] {
  if (part === '**') {
    const deeper = entriesOf(path).filter((entry) => entry.isDirectory());
    return [path, ...deeper.flatMap(({ name }) => stepsTo(join(path, name), part))];
  }
  if (!isPattern(part)) return [join(path, part)];
  return entriesOf(path).flatMap(({ name }) => (matches(part, name) ? [join(path, name)] : []));
}

/** Whether a file is a tar archive, compressed by gzip or not at all. @throws UnreadableInput */
function isArchive(file: string): boolean {
  const opened = naming(file, () => openRegular(file));
  try {
    if (naming(file, () => isGzip(opened))) return true;
    const head = naming(file, () => headOf(opened, TAR_MAGIC_AT + TAR_MAGIC.length));
    return Buffer.from(head.subarray(TAR_MAGIC_AT)).toString('latin1') === TAR_MAGIC;
  } finally {
    closeSync(opened.fd);
  }
}

async function found(path: string): Promise<readonly FoundBoard[]> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    const blobs = below(path);
    if (blobs.length > 0) return blobs;
    throw new UnreadableInput('no-boards', path, `${path}: there is no *.dtb below it`);
  }
  if (!isArchive(path)) return [{ name: path }];
  const { blobsOfArchive } = await import('./archive.ts');
  return blobsOfArchive(path, BLOB);
}

/** Finds the blobs, in the order of the words. @throws UnreadableInput where a word means none */
export async function findBoards(words: readonly string[]): Promise<readonly FoundBoard[]> {
  const boards: FoundBoard[] = [];
  for (const word of words) {
    const isThere = statSync(word, { throwIfNoEntry: false }) !== undefined;
    const paths =
      isThere || !isPattern(word)
        ? [word]
        : expand(word).filter((path) => statSync(path, { throwIfNoEntry: false }));
    if (paths.length === 0) throw new UnreadableInput('no-boards', word, `${word}: matches nothing`);
    for (const path of paths) boards.push(...(await found(path)));
  }
  return boards;
}
