// Runs a TypeScript file: node scripts/run-ts.mjs path/to/entry.ts [argument …]
//
// Node 20 does not strip types, so esbuild bundles the entry first (packages stay imports). The bundle lies in
// node_modules/.cache, where those imports resolve, and goes away at exit.
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [entry, ...rest] = process.argv.slice(2);
if (entry === undefined) {
  console.error('usage: node scripts/run-ts.mjs ENTRY.ts [ARGUMENT …]');
  process.exit(2);
}
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cache = join(root, 'node_modules', '.cache', 'run-ts');
mkdirSync(cache, { recursive: true });
const outfile = join(cache, `${process.pid}-${Date.now()}.mjs`);
// What killed runs left behind; a bundle that is still running was read long ago.
for (const name of readdirSync(cache)) {
  const old = statSync(join(cache, name), { throwIfNoEntry: false });
  if (old !== undefined && Date.now() - old.mtimeMs > 60_000) rmSync(join(cache, name), { force: true });
}
process.on('exit', () => rmSync(outfile, { force: true }));
await build({
  entryPoints: [resolve(entry)],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.setSourceMapsEnabled(true);
process.argv.splice(1, process.argv.length - 1, resolve(entry), ...rest);
await import(pathToFileURL(outfile).href);
