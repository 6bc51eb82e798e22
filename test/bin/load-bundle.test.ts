/** Whose cached code is run: V8 itself would run any that is as long as the source. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { wrap } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { COMMAND } from '../cli/built-command.ts';

const ID = '0123456789abcdef';
const BUNDLE = bundle('the source');
const OTHER = bundle('the cached');
const VERSION = `${process.versions.v8}-${process.arch}`;

/** As the build writes one: its name, and the function that Node would make of a module. */
function bundle(says: string): string {
  return `//${ID}\n${wrap(`process.stdout.write('${says}');\n`)}`;
}

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
  const versioned = join(caches, VERSION);
  const cache = join(versioned, `cli.cjs-${ID}`);
  for (const made of [dist, caches, versioned]) mkdirSync(made, { mode: 0o755 });
  writeFileSync(join(dist, 'cli.cjs'), BUNDLE, { mode: 0o644 });
  const script = new Script(OTHER, { filename: join(dist, 'cli.cjs') });
  writeFileSync(cache, script.createCachedData(), { mode: 0o644 });
  // Whatever the umask is.
  for (const made of [dist, caches, versioned]) chmodSync(made, 0o755);
  for (const made of [join(dist, 'cli.cjs'), cache]) chmodSync(made, 0o644);
  return { root, dist, caches, versioned, cache };
}

/** @param env what the user's directory of caches is found by; there is none unless given */
function ran(
  { root }: Package,
  env: Readonly<Record<string, string>> = {},
  words: readonly string[] = [],
): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, 'bin/dmaheap.cjs'), ...words], {
    encoding: 'utf8',
    env,
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

interface User {
  readonly home: string;
  readonly directory: string;
  readonly cache: string;
}

/** A package without caches, and a user who has one that says something else. */
function freshUser(): { readonly made: Package; readonly user: User } {
  const made = freshPackage();
  const home = join(made.root, 'home');
  const directory = join(home, '.cache', 'dmaheap');
  const cache = join(directory, `cli.cjs-${ID}-${VERSION}-others`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const path of [home, join(home, '.cache'), directory]) chmodSync(path, 0o700);
  renameSync(made.cache, cache);
  chmodSync(cache, 0o600);
  rmSync(made.caches, { recursive: true });
  return { made, user: { home, directory, cache } };
}

test('a cache of the user is run, where XDG_CACHE_HOME and HOME say', () => {
  const { made, user } = freshUser();
  expect(ran(made, { HOME: user.home })).toBe('the cached');
  expect(ran(made, { XDG_CACHE_HOME: join(user.home, '.cache') })).toBe('the cached');
  expect(ran(made, { HOME: made.root, XDG_CACHE_HOME: 'home/.cache' })).toBe('the source');
});

test.each<readonly [string, (user: User) => void]>([
  [
    'a symbolic link',
    ({ home, cache }) => {
      renameSync(cache, join(home, 'c'));
      symlinkSync(join(home, 'c'), cache);
    },
  ],
  [
    'in a directory that is a symbolic link',
    ({ home, directory }) => {
      renameSync(directory, join(home, 'd'));
      symlinkSync(join(home, 'd'), directory);
    },
  ],
  ['writable for the group', ({ cache }) => chmodSync(cache, 0o620)],
  ['in a directory that all may write', ({ directory }) => chmodSync(directory, 0o1777)],
])('a cache of the user is not run: %s', (_, change) => {
  const { made, user } = freshUser();
  change(user);
  expect(ran(made, { HOME: user.home })).toBe('the source');
});

test.runIf(asRoot).each<readonly [string, (user: User) => void]>([
  ["somebody else's", ({ cache }) => chownSync(cache, NOBODY, NOBODY)],
  ["in somebody else's directory", ({ directory }) => chownSync(directory, NOBODY, NOBODY)],
])('a cache of the user is not run: %s', (_, change) => {
  const { made, user } = freshUser();
  change(user);
  expect(ran(made, { HOME: user.home })).toBe('the source');
});

test('the first command keeps its code for the user alone, and for this build', () => {
  const { made, user } = freshUser();
  rmSync(join(user.home, '.cache'), { recursive: true });
  expect(ran(made, { HOME: user.home })).toBe('the source');
  expect(statSync(user.directory).mode & 0o777).toBe(0o700);
  expect(statSync(user.cache).mode & 0o777).toBe(0o600);
  const otherId = 'fedcba9876543210';
  writeFileSync(join(made.dist, 'cli.cjs'), OTHER.replace(ID, otherId));
  expect(ran(made, { HOME: user.home })).toBe('the cached');
  expect(readdirSync(user.directory).sort()).toEqual([
    `cli.cjs-${ID}-${VERSION}-others`,
    `cli.cjs-${otherId}-${VERSION}-others`,
  ]);
});

test.each<readonly [string, (user: User) => void]>([
  ['is another file', ({ home }) => writeFileSync(join(home, '.cache'), '')],
  [
    'is there for others',
    ({ home }) => {
      mkdirSync(join(home, '.cache'));
      chmodSync(join(home, '.cache'), 0o777);
    },
  ],
  ['cannot be made', ({ home }) => symlinkSync('/proc/1/nowhere', join(home, '.cache'))],
])('nothing is kept and nothing is said where the directory %s', (_, change) => {
  const { made, user } = freshUser();
  rmSync(join(user.home, '.cache'), { recursive: true });
  change(user);
  expect(ran(made, { HOME: user.home })).toBe('the source');
  expect(() => readdirSync(user.directory)).toThrow();
});

test('a code cache that could not be written is not tried again for a day; the oldest are removed', () => {
  const { made, user } = freshUser();
  renameSync(user.cache, `${user.cache}.new`);
  expect(ran(made, { HOME: user.home })).toBe('the source');
  expect(readdirSync(user.directory)).toEqual([basename(`${user.cache}.new`)]);
  const old = new Date(Date.now() - 2 * 86_400_000);
  utimesSync(`${user.cache}.new`, old, old);
  ran(made, { HOME: user.home });
  for (let i = 0; i < 70; i++) {
    writeFileSync(join(user.directory, `old-${i}`), '');
    utimesSync(join(user.directory, `old-${i}`), old, old);
  }
  ran(made, { HOME: user.home });
  expect(readdirSync(user.directory)).toHaveLength(64);
  expect(readdirSync(user.directory)).toContain(basename(user.cache));
});

test('what loops call has a cache of its own: each runs other functions', () => {
  const { made, user } = freshUser();
  rmSync(user.cache);
  expect(ran(made, { HOME: user.home }, ['--session', 'x', 'list'])).toBe('the source');
  expect(ran(made, { HOME: user.home }, ['dmesg'])).toBe('the source');
  expect(readdirSync(user.directory).sort()).toEqual([
    `cli.cjs-${ID}-${VERSION}-list`,
    `cli.cjs-${ID}-${VERSION}-others`,
  ]);
});
