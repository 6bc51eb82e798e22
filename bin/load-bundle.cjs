'use strict';
/**
 * Loads the bundles of dist/ with the code that V8 made of them before: compiling them again is most of what a short
 * command does. V8 itself refuses code that is not its own; where there is none, the bundle is compiled as ever.
 *
 * There are two places for it. The build keeps in dist/code-cache what the Node that built made
 * (scripts/code-cache.cjs). For every other Node the first command keeps it (keep-code.cjs) in a directory of the
 * user: $XDG_CACHE_HOME/dmaheap, else ~/.cache/dmaheap. A cache has the functions that ran before it was made. So of the
 * bundle that all load, the build makes one of what commands run that loops call, and one of what others run; and each of
 * those has its own among the user's.
 *
 * V8 runs what a cache holds and compares it with the source by length alone, so a cache is a program. It is found by
 * the bundle's build id, a hash of its text in its first line. The threat is another user of the machine who cannot
 * write the bundle but can write, or put in place, a file where a cache is looked for: whoever runs dmaheap next would
 * run that user's code. So a cache of the build is taken only where nobody can have written it who could not as well
 * have written the bundle beside it:
 *
 *   - its two directories and it are what they seem, not symbolic links;
 *   - each belongs to whom the bundle belongs to, to root, or to who runs the command;
 *   - its group or others may write none of them, unless they may write the bundle (for the directories: dist/),
 *     and those belong to the same group.
 *
 * And one of the user only where its directory and it belong to who runs the command, and nobody else may write them:
 * root takes none of a user's, nor a user of another's.
 *
 * The file is judged by its descriptor, so it cannot be exchanged in between; its directories cannot be, once they
 * are found so. Who can write the bundle or dist/, or is root, needs no cache to do harm and is not kept out. A
 * cache that is not trusted costs time and is not spoken of: the command does what it does.
 */
const { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, statSync } = require('node:fs');
const { isAbsolute, join } = require('node:path');
const { Script } = require('node:vm');

const dist = join(__dirname, '..', 'dist');

/** What loops call; the other commands share a cache. A word that only looks like one costs a little time. */
const OFTEN = /^(alloc|buffers|free|list|show|sync)$/;
const kind = process.argv.slice(2).find((word) => OFTEN.test(word)) ?? 'others';

/** Has a directory for each V8 and processor: the versions are in the name because they exclude each other. */
const caches = join(dist, 'code-cache');
const version = `${process.versions.v8}-${process.arch}`;
const cacheDirectory = join(caches, version);

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const uid = process.getuid?.();

/** Whether only those can have written `it` who may write `like`. */
function asGuarded(it, like) {
  if (it.uid !== like.uid && it.uid !== 0 && it.uid !== uid) return false;
  if ((it.mode & OTHERS_WRITE) !== 0 && (like.mode & OTHERS_WRITE) === 0) return false;
  return (it.mode & GROUP_WRITES) === 0 || ((like.mode & GROUP_WRITES) !== 0 && it.gid === like.gid);
}

/** Whether only the user can have written `it`. */
const isOwn = (it) => it.uid === uid && (it.mode & (GROUP_WRITES | OTHERS_WRITE)) === 0;

/** A file that `isTrusted`; `undefined` where there is none. */
function readGuarded(path, isTrusted) {
  let fd;
  try {
    // Not to wait, should it be a pipe.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const it = fstatSync(fd);
    return it.isFile() && isTrusted(it) ? readFileSync(fd) : undefined;
  } catch {
    // Nothing is lost but time.
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** What `look` finds, once; `undefined` where it throws. */
function once(look) {
  let found;
  return () => {
    try {
      found ??= { value: look() };
    } catch {
      found = { value: undefined };
    }
    return found.value;
  };
}

const isBuildGuarded = once(() => {
  const like = statSync(dist);
  return [caches, cacheDirectory].every((path) => {
    const it = lstatSync(path);
    return it.isDirectory() && asGuarded(it, like);
  });
});

/** Where the user's caches are; `undefined` where the system does not say, or has no users by number. */
function userDirectory() {
  const { XDG_CACHE_HOME: cache, HOME: home } = process.env;
  if (uid === undefined) return undefined;
  // The specification says to ignore relative ones.
  if (cache !== undefined && isAbsolute(cache)) return join(cache, 'dmaheap');
  return home !== undefined && isAbsolute(home) ? join(home, '.cache', 'dmaheap') : undefined;
}

const ownDirectory = once(() => {
  const directory = userDirectory();
  const it = directory === undefined ? undefined : lstatSync(directory);
  return it?.isDirectory() && isOwn(it) ? directory : undefined;
});

/** The build id that a bundle begins with; `undefined` for one that has none, and can have no cache. */
const buildId = (text) => /^\/\/([0-9a-f]{16})\n/.exec(text)?.[1];

/** Which of the build's caches of a bundle: the first has one more, for what is called often. */
const builtName = (name, id, isOften) => `${name}-${id}${name === 'cli.cjs' && isOften ? '-often' : ''}`;
/** Which of the user's. */
const ownName = (name, id) => `${name}-${id}-${version}${name === 'cli.cjs' ? `-${kind}` : ''}`;

function readCache(name, id) {
  const built = isBuildGuarded()
    ? readGuarded(join(cacheDirectory, builtName(name, id, kind !== 'others')), (it) =>
        asGuarded(it, statSync(join(dist, name))),
      )
    : undefined;
  if (built !== undefined) return built;
  const own = ownDirectory();
  return own === undefined ? undefined : readGuarded(join(own, ownName(name, id)), isOwn);
}

/** What was compiled without a cache: by its name among the caches of the user. */
const uncached = new Map();

function compile(name, { isCached = false } = {}) {
  const filename = join(dist, name);
  const text = readFileSync(filename, 'latin1');
  const id = buildId(text);
  const cachedData = isCached && id !== undefined ? readCache(name, id) : undefined;
  // The function that Node makes of a module, made by the build.
  const script = new Script(text, { filename, cachedData });
  if (isCached && id !== undefined && (cachedData === undefined || script.cachedDataRejected)) {
    if (uncached.size === 0) process.once('exit', keep);
    uncached.set(ownName(name, id), script);
  }
  return script;
}

/** Code that is made under other flags of V8 would only replace the ordinary one, in turns. */
const hasOwnFlags = () => process.execArgv.length > 0 || (process.env.NODE_OPTIONS ?? '') !== '';

/** Keeps for the next command what this one had to compile. */
function keep() {
  const directory = userDirectory();
  if (directory === undefined || hasOwnFlags()) return;
  try {
    require('./keep-code.cjs').keepCode(directory, isOwn, uncached);
  } catch {
    // As above.
  }
}

/** Makes a loader, which runs each bundle once. @param compiled gives the script of a bundle by its name */
function loader(compiled) {
  const bundles = new Map();
  const load = (name) => {
    const known = bundles.get(name);
    if (known !== undefined) return known.exports;
    const bundle = { exports: {} };
    bundles.set(name, bundle);
    const requireFrom = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id));
    compiled(name).runInThisContext()(bundle.exports, requireFrom, bundle, join(dist, name), dist);
    return bundle.exports;
  };
  return load;
}

const load = loader((name) => compile(name, { isCached: true }));

module.exports = { load, loader, compile, buildId, builtName, dist, cacheDirectory };
