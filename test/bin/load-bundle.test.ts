/** Whose cached code is run: V8 itself would run any that is as long as the source. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { wrap } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { COMMAND } from '../cli/built-command.ts';

const BUNDLE = "process.stdout.write('the source');\n";
const OTHER = "process.stdout.write('the cached');\n";

interface Package {
  readonly root: string;
  readonly dist: string;
  readonly caches: string;
  readonly versioned: string;
  readonly cache: string;
}

/** A package whose bundle says one thing and whose cache another, of the same length. */
function freshPackage(): Package {
  const root = mkdtempSync(join(tmpdir(), 'dmaheap-cache-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  cpSync(dirname(COMMAND), join(root, 'bin'), { recursive: true });
  const dist = join(root, 'dist');
  const caches = join(dist, 'code-cache');
  const versioned = join(caches, `${process.versions.v8}-${process.arch}`);
  const cache = join(versioned, 'cli.cjs');
  for (const made of [dist, caches, versioned]) mkdirSync(made, { mode: 0o755 });
  writeFileSync(join(dist, 'cli.cjs'), BUNDLE, { mode: 0o644 });
  const script = new Script(wrap(OTHER), { filename: join(dist, 'cli.cjs') });
  writeFileSync(cache, script.createCachedData(), { mode: 0o644 });
  // Whatever the umask is.
  for (const made of [dist, caches, versioned]) chmodSync(made, 0o755);
  for (const made of [join(dist, 'cli.cjs'), cache]) chmodSync(made, 0o644);
  return { root, dist, caches, versioned, cache };
}

function ran({ root }: Package): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, 'bin/dmaheap.cjs')], {
    encoding: 'utf8',
  });
  expect([stderr, status]).toEqual(['', 0]);
  return stdout;
}

/** Moves it elsewhere in the package and leaves a symbolic link. */
function linked(path: string, { root }: Package): void {
  renameSync(path, join(root, 'moved'));
  symlinkSync(join(root, 'moved'), path);
}

const NOBODY = 65_534;

const TRUSTED: readonly (readonly [string, (made: Package) => void])[] = [
  ['as the build leaves it', () => {}],
  ['for nobody else to read', ({ cache }) => chmodSync(cache, 0o600)],
  [
    'as writable for the group as the bundle, as with umask 002',
    ({ dist, caches, versioned, cache }) => {
      for (const path of [dist, caches, versioned]) chmodSync(path, 0o775);
      for (const path of [join(dist, 'cli.cjs'), cache]) chmodSync(path, 0o664);
    },
  ],
];

const FOREIGN: readonly (readonly [string, (made: Package) => void])[] = [
  ['a symbolic link', (made) => linked(made.cache, made)],
  ['in a directory that is a symbolic link', (made) => linked(made.versioned, made)],
  ['below a directory that is a symbolic link', (made) => linked(made.caches, made)],
  ['writable for the group', ({ cache }) => chmodSync(cache, 0o664)],
  ['writable for all', ({ cache }) => chmodSync(cache, 0o646)],
  ['in a directory that the group may write', ({ versioned }) => chmodSync(versioned, 0o775)],
  ['below a directory that all may write', ({ caches }) => chmodSync(caches, 0o1777)],
  [
    'a pipe, which is not waited for',
    ({ cache }) => {
      rmSync(cache);
      expect(spawnSync('mkfifo', [cache]).status).toBe(0);
    },
  ],
  [
    'a directory',
    ({ cache }) => {
      rmSync(cache);
      mkdirSync(cache);
    },
  ],
];

const OTHERS: readonly (readonly [string, (made: Package) => void])[] = [
  ["somebody else's", ({ cache }) => chownSync(cache, NOBODY, 0)],
  ["in somebody else's directory", ({ versioned }) => chownSync(versioned, NOBODY, 0)],
  ["below somebody else's directory", ({ caches }) => chownSync(caches, NOBODY, 0)],
  [
    "writable for another group than the bundle's",
    ({ dist, cache }) => {
      for (const path of [join(dist, 'cli.cjs'), cache]) chmodSync(path, 0o664);
      chownSync(cache, 0, NOBODY);
    },
  ],
  [
    "a hard link to somebody else's file",
    ({ root, cache }) => {
      renameSync(cache, join(root, 'theirs'));
      chownSync(join(root, 'theirs'), NOBODY, 0);
      linkSync(join(root, 'theirs'), cache);
    },
  ],
];

test.each(TRUSTED)('a cache is run: %s', (_, change) => {
  const made = freshPackage();
  change(made);
  expect(ran(made)).toBe('the cached');
});

test.each(FOREIGN)('a cache is not run: %s', (_, change) => {
  const made = freshPackage();
  change(made);
  expect(ran(made)).toBe('the source');
});

const asRoot = process.getuid?.() === 0;

// Only root can make files that belong to others.
test.runIf(asRoot).each(OTHERS)('a cache is not run: %s', (_, change) => {
  const made = freshPackage();
  change(made);
  expect(ran(made)).toBe('the source');
});

test.runIf(asRoot)(
  'a cache of the package is run whoever its owner is, when the bundle is theirs too',
  () => {
    const made = freshPackage();
    for (const path of [made.dist, made.caches, made.versioned, made.cache, join(made.dist, 'cli.cjs')]) {
      chownSync(path, NOBODY, NOBODY);
    }
    expect(ran(made)).toBe('the cached');
  },
);
