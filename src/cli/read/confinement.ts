/**
 * Directories below which files may be read, links resolved. A source or a scenario that somebody sent may name any
 * path, and what it names ends in trees, messages and reports.
 */
import { lstatSync, realpathSync as realpaths, type Stats } from 'node:fs';
import { sep } from 'node:path';

/** The other one asks for every directory above by itself. */
const realpathSync = realpaths.native;

/** The path without links; `undefined` when there is nothing. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Whether a real path is another one or lies below it. */
const isBelow = (path: string, root: string): boolean =>
  path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

export class Confinement {
  /** Real paths. */
  readonly roots: readonly string[];

  /** @param directories those that are not there allow nothing */
  constructor(directories: readonly string[]) {
    this.roots = directories.flatMap((directory) => realPath(directory) ?? []);
  }

  /** Whether a path leads to something below one of the directories; true for what is not there. */
  allows(path: string): boolean {
    const real = realPath(path);
    return real === undefined || this.#holds(real);
  }

  /** Whether a file that was opened lies below them: the file itself, whatever the path leads to by now. */
  allowsOpened(path: string, opened: Stats): boolean {
    const real = realPath(path);
    if (real === undefined || !this.#holds(real)) return false;
    const there = lstatSync(real, { throwIfNoEntry: false });
    return there?.ino === opened.ino && there.dev === opened.dev;
  }

  #holds(real: string): boolean {
    return this.roots.some((root) => isBelow(real, root));
  }
}
