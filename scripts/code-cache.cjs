'use strict';
// Writes dist/code-cache: what V8 made of the bundles, with every function that a few commands ran. Of the bundle that
// all commands load there is one more, with what those of loops run and nothing else.
//   node scripts/code-cache.cjs
// build.mjs runs it, with its output thrown away, in a process of its own.
const { execFileSync } = require('node:child_process');
const {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const v8 = require('node:v8');
const { buildId, builtName, cacheDirectory, compile, dist, loader } = require('../bin/load-bundle.cjs');

// A cache is only good for the flags under which it was written: those that a command starts with.
v8.setFlagsFromString = () => undefined;
// Commands end their process; here others follow.
process.exit = (code = process.exitCode) => {
  process.exitCode = code;
};

const boards = join(__dirname, '../fixtures/boards');
const sources = join(__dirname, '../fixtures/dts/ok');
const include = join(sources, 'include');
/** Together they hold what boards do. */
const SOURCES = [
  join(boards, 'camera-soc.dts'),
  ...['cpp-board', 'cpp-pins', 'comments', 'override-label', 'delete-node', 'expression-arithmetic'].map(
    (name) => join(sources, `${name}.dts`),
  ),
];
const work = mkdtempSync(join(tmpdir(), 'dmaheap-build-'));
const inSession = ['--session', join(work, 'session')];
const PREPARE = [...inSession, 'boot', join(boards, 'camera-soc.dtb')];
/** The session has no task before: the first descriptor is 4. */
const OFTEN = [
  ['list'],
  ['alloc', 'system', '64K'],
  ['buffers'],
  ['show', '4'],
  ['sync', '--start', '--write', '4'],
  ['free', '4'],
].map((words) => [...inSession, ...words]);
const COMMANDS = [
  ['dt', join(boards, 'video-box.yaml'), '-O', 'dtb', '--out', join(work, 'yaml.dtb')],
  ...SOURCES.map((file) => ['dt', file, '-I', include, '-O', 'dtb', '--out', join(work, 'board.dtb')]),
  // One that does not compile as it is, so that what mends it has been loaded.
  ['dt', join(work, 'pasted.dts'), '--repair', '-O', 'dtb', '--out', join(work, 'pasted.dtb')],
  ['run', join(__dirname, '../fixtures/scenarios/ci-gate.yaml')],
  [...inSession, 'export', '--output', join(work, 'history.yaml')],
  [
    '--session',
    join(work, 'report'),
    'reconstruct',
    join(__dirname, '../fixtures/reconstruct/dmesg-as-board.txt'),
  ],
  [...inSession, 'dmesg'],
];

/** Each bundle is compiled once, so that all commands add to the same code; each command runs it anew. */
const scripts = new Map();
function compiled(name) {
  if (!scripts.has(name)) scripts.set(name, compile(name));
  return scripts.get(name);
}

function keep(name, code, isOften = false) {
  const id = buildId(readFileSync(join(dist, name), 'latin1'));
  const file = join(cacheDirectory, builtName(name, id, isOften));
  writeFileSync(`${file}.new`, code);
  renameSync(`${file}.new`, file);
}

async function run(words) {
  process.argv = [process.execPath, 'dmaheap', ...words];
  loader(compiled)('cli.cjs');
  await new Promise((resolve) => process.once('beforeExit', () => setImmediate(resolve)));
  if (process.exitCode !== 0) throw new Error(`dmaheap ${words.join(' ')}: exit code ${process.exitCode}`);
}

async function main() {
  writeFileSync(join(work, 'pasted.dts'), '&{/reserved-memory} { ranges; };\n');
  execFileSync(process.execPath, [join(__dirname, '../bin/dmaheap.cjs'), ...PREPARE]);
  for (const words of OFTEN) await run(words);
  const often = compiled('cli.cjs').createCachedData();
  for (const words of COMMANDS) await run(words);
  // What none of them ran, a server say, is kept as V8 compiles it at first.
  for (const name of readdirSync(dist)) if (name.endsWith('.cjs')) compiled(name);
  mkdirSync(cacheDirectory, { recursive: true });
  for (const [name, script] of scripts) keep(name, script.createCachedData());
  keep('cli.cjs', often, true);
  rmSync(work, { recursive: true });
}

main();
