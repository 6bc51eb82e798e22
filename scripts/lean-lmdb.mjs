// An esbuild plugin: puts the parts of lmdb's JavaScript that sessions use into the bundle.
//
// Requiring the package as it is costs a cold command 20 ms, a third of bare node: 30 files, msgpackr with
// a native part of its own, and a search for the right binary that loads child_process. The binary itself
// takes 1 ms. Bundled, with what we never call left out, all of it takes 6 ms.
//
// The installed package is still what runs: its binary is loaded from where npm put it. When another
// version is installed than was bundled, or its binary is in an unusual place (built from source), the
// package is required as a whole.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** What lmdb imports and sessions never call: keys and values are bytes, nothing is cached. */
const missing = (name) => `() => { throw new Error('${name} is not in the bundle'); }`;
const UNUSED = {
  msgpackr: `export const Encoder = ${missing('msgpackr')};`,
  'weak-lru-cache': `export const WeakLRUCache = ${missing('weak-lru-cache')};`,
  'ordered-binary': ['writeKey', 'readKey', 'toBufferKey', 'fromBufferKey', 'compareKeys']
    .map((name) => `export const ${name} = ${missing(`ordered-binary ${name}`)};`)
    .concat('export const enableNullTermination = () => {};')
    .join('\n'),
};

// Packages are looked for by hand, as require() would: its own search reads export maps and takes 6 ms.
const search = `
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
export function home(name, from) {
  for (let at = from; ; at = dirname(at)) {
    const found = join(at, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return realpathSync.native(found);
    if (dirname(at) === at) throw new Error('not installed: ' + name);
  }
}
`;

const entry = (version) => `
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { home } from 'lean-lmdb:search';
let lmdb;
function load() {
  try {
    const { version } = JSON.parse(readFileSync(join(home('lmdb', __dirname), 'package.json'), 'utf8'));
    if (version === ${JSON.stringify(version)}) return require('lean-lmdb:index');
  } catch {}
  return require('lmdb');
}
export const open = (...args) => (lmdb ??= load()).open(...args);
`;

// Instead of node-gyp-build-optional-packages, for the binaries that lmdb publishes:
// node.<abi115 or napi>[.<glibc or musl>].node in @lmdb/lmdb-<platform>-<arch>.
const loader = `
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { home } from 'lean-lmdb:search';
function libc() {
  // The loader that node itself was linked with stands near the start of its file.
  const fd = openSync(process.execPath, 'r');
  const head = Buffer.alloc(4096);
  const length = readSync(fd, head, 0, head.length, 0);
  closeSync(fd);
  const text = head.toString('latin1', 0, length);
  return text.includes('/ld-musl-') ? 'musl' : text.includes('/ld-linux') ? 'glibc' : undefined;
}
export default function load() {
  const directory = home('@lmdb/lmdb-' + process.platform + '-' + process.arch, home('lmdb', __dirname));
  const files = readdirSync(directory);
  const system = process.platform === 'linux' ? '.' + libc() : '';
  for (const abi of ['abi' + process.versions.modules, 'napi']) {
    const file = 'node.' + abi + system + '.node';
    if (!files.includes(file)) continue;
    const binary = { exports: {} };
    process.dlopen(binary, join(directory, file));
    return binary.exports;
  }
  throw new Error('no binary of lmdb for ' + process.platform + ' ' + process.arch);
}
`;

export function leanLmdb() {
  const home = dirname(dirname(require.resolve('lmdb')));
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const inLmdb = (args) => args.importer.startsWith(`${home}/`) || args.importer.startsWith(`${home}\\`);
  const contents = {
    lmdb: entry(version),
    'lean-lmdb:search': search,
    'node-gyp-build-optional-packages': loader,
    ...UNUSED,
  };
  return {
    name: 'lean-lmdb',
    setup(build) {
      const virtual = { namespace: 'lean-lmdb' };
      build.onResolve({ filter: /^lmdb$/ }, (args) =>
        args.namespace === 'lean-lmdb'
          ? { path: 'lmdb', external: true }
          : { path: 'lmdb', sideEffects: false, ...virtual },
      );
      build.onResolve({ filter: /^lean-lmdb:search$/ }, (args) => ({ path: args.path, ...virtual }));
      build.onResolve({ filter: /^lean-lmdb:index$/ }, () => ({ path: join(home, 'node-index.js') }));
      build.onResolve({ filter: /^node-gyp-build-optional-packages$/ }, (args) =>
        inLmdb(args) ? { path: args.path, ...virtual } : undefined,
      );
      build.onResolve({ filter: /^(msgpackr|weak-lru-cache|ordered-binary)$/ }, (args) =>
        inLmdb(args) ? { path: args.path, ...virtual } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: 'lean-lmdb' }, (args) => ({
        contents: contents[args.path],
        resolveDir: home,
        loader: 'js',
      }));
      // The modules ask where they are, for a dictionary and for packages that we do not use.
      build.onLoad({ filter: /[\\/]lmdb[\\/](node-index|native|open)\.js$/ }, (args) => ({
        contents: `import { pathToFileURL as toUrl } from 'node:url';\n${readFileSync(
          args.path,
          'utf8',
        ).replaceAll('import.meta.url', 'toUrl(__filename).href')}`,
        loader: 'js',
      }));
    },
  };
}
