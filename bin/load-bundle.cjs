'use strict';
/**
 * Loads the bundles of dist/ with the code that V8 made of them when they were built (scripts/code-cache.cjs):
 * compiling them again is most of what a short command does. V8 itself refuses a cache that is not its own, and
 * where there is none, for another version of Node say, the bundle is compiled as ever.
 */
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const { Script } = require('node:vm');

const dist = join(__dirname, '..', 'dist');

/** The directory of caches for this Node; the versions are in the name because they exclude each other. */
const cacheDirectory = join(dist, 'code-cache', `${process.versions.v8}-${process.arch}`);

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
  let cachedData;
  try {
    cachedData = readFileSync(join(cacheDirectory, name));
  } catch {
    // Nothing is lost but time.
  }
  return run(compile(name, cachedData), name, load);
}

module.exports = { load, compile, run, cacheDirectory };
