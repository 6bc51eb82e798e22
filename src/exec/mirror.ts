/**
 * The mirror: a directory of the host in which the emulated directories stand, so that a program lists, changes to and walks through
 * them with the host's own calls. Its files are empty; a node that a program has open is the file of that name.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Kernel } from '../kernel/kernel.ts';
import type { VirtualDirectory, VirtualNode } from '../kernel/virtual-files/node.ts';
import { closeHost, createOwn, makeDirectory, removeTree, unlinkHost } from '../session/host-files.ts';

/** Directories of which the host shows the rest: nothing below the first that is not among them is the host's. */
const SHARED: ReadonlySet<string> = new Set([
  '/',
  '/dev',
  '/proc',
  '/sys',
  '/sys/class',
  '/sys/devices',
  '/sys/devices/virtual',
  '/sys/firmware',
  '/sys/fs',
  '/sys/kernel',
  '/sys/kernel/debug',
  '/sys/kernel/mm',
]);

/** Emulated also where the board has none of it: the host's own must not be seen. */
const ALWAYS = ['/dev/dma_heap', '/dev/dri', '/sys/kernel/debug/dma_buf', '/sys/class/dma_heap'];

/** What stands for a process is told by PROC: the host knows the rest of it. */
const isProcess = (path: string): boolean => /^\/proc\/(self|thread-self|[0-9]+)(\/|$)/.test(path);

export class Mirror {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Makes what programs find without asking. */
  begin(kernel: Kernel): void {
    removeTree(this.directory);
    makeDirectory(join(this.directory, 'dev'), true);
    this.refresh(kernel);
  }

  /** Brings the nodes in step with the kernel's, after modules came or went: what of them stands in a directory of the host is listed there. */
  refresh(kernel: Kernel): void {
    // Somebody has removed the session meanwhile: it does not come back.
    if (!existsSync(this.directory)) return;
    for (const path of ALWAYS) {
      const found = kernel.lookup(path);
      if ('node' in found && found.node.kind === 'directory') this.#fill(path, found.node);
      else removeTree(this.#hostPath(path));
    }
  }

  /** The prefixes of the paths that are emulated. */
  prefixes(kernel: Kernel): readonly string[] {
    const found = new Set(ALWAYS);
    const visit = (path: string): void => {
      const looked = kernel.lookup(path === '' ? '/' : path);
      if (!('node' in looked) || looked.node.kind !== 'directory') return;
      for (const name of looked.node.list()) {
        const child = `${path}/${name}`;
        if (SHARED.has(child)) visit(child);
        else if (!isProcess(child)) found.add(child);
      }
    };
    visit('');
    return [...found].sort();
  }

  /** Whether the path is one that the model answers. */
  static isEmulated(path: string): boolean {
    return !SHARED.has(path) && !isProcess(path);
  }

  /** The emulated path of a path in the mirror; `undefined` for any other. */
  emulatedPath(hostPath: string): string | undefined {
    if (hostPath === this.directory) return '/';
    return hostPath.startsWith(`${this.directory}/`) ? hostPath.slice(this.directory.length) : undefined;
  }

  /** Where a node or a file stands in the mirror; its directory is made where it was not there yet. */
  nodeAt(path: string): string {
    const host = this.#hostPath(path);
    if (!existsSync(host)) {
      makeDirectory(dirname(host), true);
      closeHost(createOwn(host));
    }
    return host;
  }

  /** The mirror of an emulated directory as it is now. */
  directoryAt(path: string, node: VirtualDirectory): string {
    this.#fill(path, node);
    return this.#hostPath(path);
  }

  #hostPath(path: string): string {
    return path === '/' ? this.directory : `${this.directory}${path}`;
  }

  /** One level: the entries of a directory that is entered later are made then. */
  #fill(path: string, node: VirtualDirectory): void {
    const host = this.#hostPath(path);
    makeDirectory(host, true);
    const wanted = new Set(node.list());
    for (const name of readdirSync(host)) {
      if (wanted.has(name)) continue;
      const stale = join(host, name);
      if (statSync(stale, { throwIfNoEntry: false })?.isDirectory() === true) removeTree(stale);
      else unlinkHost(stale);
    }
    for (const name of wanted) {
      const child = node.get(name);
      const at = join(host, name);
      if (child !== undefined && !existsSync(at)) makeEntry(child, at);
    }
  }
}

function makeEntry(node: VirtualNode, at: string): void {
  if (node.kind === 'directory') makeDirectory(at, false);
  else closeHost(createOwn(at));
}
