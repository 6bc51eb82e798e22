'use strict';
/**
 * Keeps the code that V8 made of bundles in the user's directory of caches, for the next command. Its rules:
 *
 *   - nobody else can write it: the directory is made with mode 0700, and only below one that is the user's own;
 *   - a command neither fails nor is slowed by it: what takes time is done only when there is a file to write to. A
 *     file that could not be written, on a full disk say, stays behind empty, and for a day nobody tries again;
 *   - a file is whole or not there: it is written beside its place and renamed;
 *   - there are at most 64 files, about 20 MB: the oldest go.
 */
const {
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} = require('node:fs');
const { dirname, join } = require('node:path');

const MAX_FILES = 64;
const DAY_MS = 86_400_000;

/** Makes the directory where there is none, if what it would stand in is the user's. @throws the system's error */
function makeDirectory(directory, isOwn) {
  const missing = [directory];
  let home = dirname(directory);
  for (;;) {
    try {
      if (!isOwn(statSync(home))) return;
      break;
    } catch (error) {
      if (error.code !== 'ENOENT' || dirname(home) === home) throw error;
      missing.unshift(home);
      home = dirname(home);
    }
  }
  // Node's own recursion never ends in /proc.
  for (const path of missing) mkdirSync(path, { mode: 0o700 });
}

function keepOne(path, script) {
  const fresh = `${path}.new`;
  let fd;
  try {
    fd = openSync(fresh, 'wx', 0o600);
  } catch (error) {
    // Somebody is at it, or it failed.
    if (error.code === 'EEXIST' && Date.now() - lstatSync(fresh).mtimeMs > DAY_MS) rmSync(fresh);
    return;
  }
  try {
    const code = script.createCachedData();
    for (let done = 0; done < code.length; ) done += writeSync(fd, code, done);
    renameSync(fresh, path);
  } catch {
    ftruncateSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes the oldest files until there are no more than there may be. */
function prune(directory) {
  const names = readdirSync(directory);
  if (names.length <= MAX_FILES) return;
  const aged = names.map((name) => ({
    path: join(directory, name),
    at: lstatSync(join(directory, name)).mtimeMs,
  }));
  aged.sort((a, b) => b.at - a.at);
  for (const { path } of aged.slice(MAX_FILES)) rmSync(path, { force: true });
}

/**
 * Keeps code.
 *
 * @param directory where
 * @param isOwn whether a file's status says that it is the user's alone
 * @param scripts by the names of their files
 * @throws the system's error: nothing depends on it
 */
function keepCode(directory, isOwn, scripts) {
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) makeDirectory(directory, isOwn);
  const it = lstatSync(directory);
  if (!it.isDirectory() || !isOwn(it)) return;
  for (const [name, script] of scripts) keepOne(join(directory, name), script);
  prune(directory);
}

module.exports = { keepCode };
