/**
 * SQLite: Node's own module where Node has it (22.13 on), else the package of the same interface.
 *
 * Both are used through `exec` and two functions of ours alone (sqlite-store.ts), never through prepared
 * statements: the package finalises those only when they are collected as garbage, and until then a
 * closed database keeps its descriptors and its locks.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SessionError } from './session-error.ts';

export type SqlValue = Uint8Array | number | string | null;

/** What is used of a database. */
export interface SqliteDatabase {
  exec(sql: string): void;
  function(name: string, options: { readonly varargs?: boolean }, body: SqlFunction): void;
  close(): void;
}

export type SqlFunction = (...values: never[]) => SqlValue;

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

let loaded: SqliteModule | undefined;

/** Loads SQLite when it is first needed. @throws SessionError when this Node has none and the package is missing */
export function loadSqlite(): SqliteModule {
  loaded ??= withoutWarning(() => builtin() ?? binary() ?? packaged());
  return loaded;
}

function builtin(): SqliteModule | undefined {
  // Missing from the types of Node 20, and in its first versions.
  const { getBuiltinModule } = process as { getBuiltinModule?: (id: string) => unknown };
  return getBuiltinModule?.('node:sqlite') as SqliteModule | undefined;
}

const PACKAGE = join('node_modules', '@photostructure', 'sqlite');
/** Of which the binary alone is known to be what is needed. */
const VERSION = /^1\.2\./;

/**
 * The package's binary, without its JavaScript, of which nothing is used: finding and loading that takes
 * 5 ms, a tenth of bare node. Whatever is unusual about an installation, another libc say, is left to the
 * package itself.
 */
function binary(): SqliteModule | undefined {
  const file = join('prebuilds', `${process.platform}-${process.arch}`, '@photostructure+sqlite.glibc.node');
  try {
    for (let at = dirname(here()); ; at = dirname(at)) {
      const home = join(at, PACKAGE);
      if (existsSync(join(home, file))) {
        const { version }: { version: string } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
        if (!VERSION.test(version)) return undefined;
        const module = { exports: {} };
        process.dlopen(module, join(home, file));
        return module.exports as SqliteModule;
      }
      if (dirname(at) === at) return undefined;
    }
  } catch {
    return undefined;
  }
}

/** This file; in a bundle its own name stands where a module has an address. */
const here = (): string =>
  import.meta.url.startsWith('file:') ? fileURLToPath(import.meta.url) : import.meta.url;

function packaged(): SqliteModule {
  try {
    return createRequire(import.meta.url)('@photostructure/sqlite') as SqliteModule;
  } catch (error) {
    throw new SessionError(
      'session-unreadable',
      `Node ${process.versions.node} has no SQLite of its own, and the package @photostructure/sqlite cannot be loaded: ${
        error instanceof Error ? error.message.split('\n')[0] : String(error)
      }`,
      'install it (npm install @photostructure/sqlite@1.2), or use Node 22.13 or newer',
      error,
    );
  }
}

/** Node says once a process that its module is experimental, which is no news to a user. */
function withoutWarning<T>(load: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
