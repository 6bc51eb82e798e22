/**
 * From a path to a node. Models fs/namei.c: link_path_walk() (Linux 7.3) over files that are made when they are
 * looked at.
 */
import type { Errno } from '../../uapi/errno.ts';
import { type Credentials, findTask } from '../task.ts';
import { mayAccess } from './access.ts';
import type { VirtualContext } from './context.ts';
import type { VirtualDirectory, VirtualNode } from './node.ts';
import { rootDirectory } from './root.ts';

export { mayAccess };

const NAME_MAX = 255;
const PATH_MAX = 4096;
/** How many symbolic links one walk follows. */
const MAXSYMLINKS = 40;

export type Lookup =
  | {
      readonly node: VirtualNode;
      /** The path without links, `.` and `..`. */
      readonly path: string;
    }
  | { readonly errno: Errno };

export interface LookupOptions {
  /** Whether a link at the end of the path is followed; true unless given. */
  readonly followLast?: boolean;
  /** The way was allowed once, when the file was opened: no permission is asked for again. */
  readonly unchecked?: boolean;
}

const utf8 = new TextEncoder();

/**
 * Looks a path up. A magic link at its end whose file has no path is returned itself, followed or not.
 *
 * Deviation: a name of over 255 bytes is ENAMETOOLONG everywhere; sysfs and /proc, which do not measure, say
 * ENOENT.
 *
 * @param context the kernel, and the task that /proc/self is
 * @param credentials who looks: search permission counts, and some texts depend on who opened the file
 */
export function lookup(
  context: VirtualContext,
  path: string,
  credentials: Credentials,
  options: LookupOptions = {},
): Lookup {
  if (!path.startsWith('/')) {
    const cwd =
      path === '' || context.task === undefined ? undefined : findTask(context.records, context.task)?.cwd;
    return cwd === undefined ? { errno: 'ENOENT' } : lookup(context, `${cwd}/${path}`, credentials, options);
  }
  if (utf8.encode(path).length >= PATH_MAX) return { errno: 'ENAMETOOLONG' };
  const root = rootDirectory({ ...context, credentials });
  return new Walk(root, credentials).run(path, options);
}

interface Step {
  readonly name: string;
  readonly node: VirtualNode;
}

class Walk {
  readonly #root: VirtualDirectory;
  readonly #credentials: Credentials;
  #links = 0;
  /** The way from the root, without it; all but the last are directories. */
  #way: Step[] = [];

  constructor(root: VirtualDirectory, credentials: Credentials) {
    this.#root = root;
    this.#credentials = credentials;
  }

  run(path: string, { followLast = true, unchecked = false }: LookupOptions): Lookup {
    const errno = this.#walk(path, followLast, !unchecked);
    if (errno !== undefined) return { errno };
    return { node: this.#here, path: `/${this.#way.map(({ name }) => name).join('/')}` };
  }

  get #here(): VirtualNode {
    return this.#way.at(-1)?.node ?? this.#root;
  }

  /** @param checked whether search permission counts: not inside a magic link, which jumps */
  #walk(path: string, followLast: boolean, checked: boolean): Errno | undefined {
    if (path.startsWith('/')) this.#way = [];
    const names = path.split('/').filter((name) => name !== '');
    const mustBeDirectory = path.endsWith('/');
    for (const [index, name] of names.entries()) {
      const last = index === names.length - 1;
      const errno = this.#step(name, !last || followLast || mustBeDirectory, checked);
      if (errno !== undefined) return errno;
    }
    return mustBeDirectory && this.#here.kind !== 'directory' ? 'ENOTDIR' : undefined;
  }

  #step(name: string, follow: boolean, checked: boolean): Errno | undefined {
    const here = this.#here;
    if (here.kind !== 'directory') return 'ENOTDIR';
    if (checked && !mayAccess(here, this.#credentials, { search: true })) return 'EACCES';
    if (name === '.') return undefined;
    if (name === '..') {
      this.#way.pop();
      return undefined;
    }
    if (utf8.encode(name).length > NAME_MAX) return 'ENAMETOOLONG';
    const node = here.get(name);
    if (node === undefined) return 'ENOENT';
    if (node.kind !== 'symlink' || !follow) {
      this.#way.push({ name, node });
      return undefined;
    }
    if (++this.#links > MAXSYMLINKS) return 'ELOOP';
    if (node.magic !== true) return this.#walk(node.target, true, checked);
    // proc_pid_get_link(): whoever may not trace the task may not go through.
    if (checked && !mayAccess(node, this.#credentials, { read: true })) return 'EACCES';
    if (node.path !== undefined) return this.#walk(node.path, true, false);
    this.#way.push({ name, node });
    return undefined;
  }
}
