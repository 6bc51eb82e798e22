// Builds what is shipped: the command as CommonJS bundles (dist/*.cjs), the JSON Schemas (schema/*.json), the manual
// pages (man/) and the library as ES modules with types (dist/lib). `--bundle-only` leaves the last two out, which no
// test needs.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBundles } from './bundles.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The licence texts of every package that went into the bundles. */
function thirdParty(metafiles) {
  const packages = new Set();
  for (const { inputs } of metafiles) {
    for (const input of Object.keys(inputs)) {
      const match = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
      if (match) packages.add(match[1]);
    }
  }
  const parts = ['The bundles in this directory contain the following packages.\n'];
  for (const name of [...packages].sort()) {
    const home = join(root, 'node_modules', name);
    const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    const file = readdirSync(home).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    const text =
      file === undefined ? `Licence: ${manifest.license}` : readFileSync(join(home, file), 'utf8').trim();
    parts.push(`${'='.repeat(80)}\n${name} ${manifest.version} (${manifest.license})\n\n${text}\n`);
  }
  return parts.join('\n');
}

mkdirSync(dist, { recursive: true });
// Never beside a bundle that it was not made from.
rmSync(join(dist, 'code-cache'), { recursive: true, force: true });
writeFileSync(join(dist, 'THIRD-PARTY.txt'), thirdParty(await writeBundles({ root, dist, version })));
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
