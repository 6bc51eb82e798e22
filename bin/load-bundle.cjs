'use strict';
/**
 * Loads the bundles of dist/ with the code that V8 made of them when they were built (scripts/code-cache.cjs):
 * compiling them again is most of what a short command does. V8 itself refuses a cache that is not its own, and
 * where there is none, for another version of Node say, the bundle is compiled as ever.
 *
 * V8 runs what a cache holds and compares it with the source by length alone, so a cache is a program. The threat
 * is another user of the machine who cannot write the bundle but can write, or put in place, a file where a cache
 * is looked for: whoever runs dmaheap next would run that user's code. So a cache is taken only where nobody can
 * have written it who could not as well have written the bundle beside it:
 *
 *   - its two directories and it are what they seem, not symbolic links;
 *   - each belongs to whom the bundle belongs to, to root, or to who runs the command;
 *   - its group or others may write none of them, unless they may write the bundle (for the directories: dist/),
 *     and those belong to the same group.
 *
 * The file is judged by its descriptor, so it cannot be exchanged in between; its directories cannot be, once they
 * are found so. Who can write the bundle or dist/, or is root, needs no cache to do harm and is not kept out. A
 * cache that is not trusted costs time and is not spoken of: the command does what it does.
 */
const { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, statSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const dist = join(__dirname, '..', 'dist');

/** Has a directory for each V8 and processor: the versions are in the name because they exclude each other. */
const caches = join(dist, 'code-cache');
const cacheDirectory = join(caches, `${process.versions.v8}-${process.arch}`);

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const uid = process.getuid?.();

/** Whether only those can have written `it` who may write `like`. */
function asGuarded(it, like) {
  if (it.uid !== like.uid && it.uid !== 0 && it.uid !== uid) return false;
  if ((it.mode & OTHERS_WRITE) !== 0 && (like.mode & OTHERS_WRITE) === 0) return false;
  return (it.mode & GROUP_WRITES) === 0 || ((like.mode & GROUP_WRITES) !== 0 && it.gid === like.gid);
}

let directoriesGuarded;
function areDirectoriesGuarded() {
  const like = statSync(dist);
  return [caches, cacheDirectory].every((path) => {
    const it = lstatSync(path);
    return it.isDirectory() && asGuarded(it, like);
  });
}

/** The cache of a bundle; `undefined` where there is none, or none that can be trusted. */
function readCache(name) {
  let fd;
  try {
    directoriesGuarded ??= areDirectoriesGuarded();
    if (!directoriesGuarded) return undefined;
    // Not to wait, should it be a pipe.
    fd = openSync(
      join(cacheDirectory, name),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
    const it = fstatSync(fd);
    return it.isFile() && asGuarded(it, statSync(join(dist, name))) ? readFileSync(fd) : undefined;
  } catch {
    // Nothing is lost but time.
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function compile(name, cachedData) {
  const filename = join(dist, name);
  const source = Module.wrap(readFileSync(filename, 'utf8'));
  // The wrapper stands on the first line and is not in the file.
  return new Script(source, { filename, columnOffset: -Module.wrapper[0].length, cachedData });
}

/** Runs a compiled bundle; `load` gets the other bundles that it asks for. Returns what it exports. */
function run(script, name, load) {
  const bundle = { exports: {} };
  const requireFrom = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id));
  script.runInThisContext()(bundle.exports, requireFrom, bundle, join(dist, name), dist);
  return bundle.exports;
}

function load(name) {
  return run(compile(name, readCache(name)), name, load);
}

module.exports = { load, compile, run, cacheDirectory };
