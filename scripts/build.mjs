// Builds what is shipped: the command as CommonJS bundles (dist/*.cjs), the playground (dist/playground.html), the JSON
// Schemas (schema/*.json), the manual pages (man/) and the library as ES modules with types (dist/lib). `--bundle-only`
// leaves the last two out, which no test needs.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBundles } from './bundles.mjs';
import { licencesOf } from './licences.mjs';
import { playgroundPage } from './playground.mjs';
import { writeReportPage } from './report-page.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

mkdirSync(dist, { recursive: true });
// Never beside a bundle that it was not made from.
rmSync(join(dist, 'code-cache'), { recursive: true, force: true });
const licences = licencesOf(root, await writeBundles({ root, dist, version }));
writeFileSync(
  join(dist, 'THIRD-PARTY.txt'),
  `The bundles in this directory contain the following packages.\n\n${licences}`,
);
writeFileSync(join(dist, 'playground.html'), (await playgroundPage({ root, version })).text);
await writeReportPage({ root, dist });
// The package is `type: module`; a *.cjs needs no marker, and the shim must stay executable.
chmodSync(join(root, 'bin', 'dmaheap.cjs'), 0o755);

const cached = spawnSync(process.execPath, [join(root, 'scripts/code-cache.cjs')], { encoding: 'utf8' });
if (cached.status !== 0) console.error(`no code cache was written: ${cached.stderr}`);

/** Runs a script that writes what is shipped. */
function write(script) {
  const { status } = spawnSync(process.execPath, ['scripts/run-ts.mjs', script], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

write('scripts/schemas.ts');

if (!process.argv.includes('--bundle-only')) {
  write('scripts/man-pages.ts');
  rmSync(join(dist, 'lib'), { recursive: true, force: true });
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const done = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exit(done.status ?? 1);
}
