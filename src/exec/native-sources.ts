/** The C sources of `native/`, and which of them make which file. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** What is built of the sources. */
export type NativePart = 'carrier' | 'supervisor';

export interface NativeSources {
  /** The directory, against which `#include` is resolved. */
  readonly root: string;
  /** Paths below `root` of the `.c` files of each part. */
  readonly parts: Readonly<Record<NativePart, readonly string[]>>;
  /** Of all names and texts, headers too: another one, another build. */
  readonly hash: string;
}

/** A part has the files that are named after it, or lie in a directory that is; what is named otherwise is in both. */
function belongsTo(path: string, part: NativePart): boolean {
  const other: NativePart = part === 'carrier' ? 'supervisor' : 'carrier';
  return !path.startsWith(other);
}

/** Reads the sources. @throws the system's error when they are not there */
export function nativeSources(root: string): NativeSources {
  const files = readdirSync(root, { recursive: true })
    .map((name) => String(name).split(sep).join('/'))
    .filter((name) => /\.[ch]$/.test(name))
    .sort();
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  const of = (part: NativePart) => files.filter((file) => file.endsWith('.c') && belongsTo(file, part));
  return {
    root,
    parts: { carrier: of('carrier'), supervisor: of('supervisor') },
    hash: hash.digest('hex'),
  };
}
