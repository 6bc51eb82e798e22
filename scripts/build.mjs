// Builds what is shipped: the command as CommonJS bundles (dist/*.cjs) and the library as ES modules with
// types (dist/lib). `--bundle-only` leaves the library out, which the end-to-end tests do not need.
//
// The command is one file because loading many costs more than running it. What a cold `dmaheap alloc`
// never needs and is slow to load (YAML and the schema library) is a bundle of its own beside it.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Modules that get a bundle of their own: a pattern of the import, and the file that it becomes. */
const APART = [
  { filter: /\/from-yaml\.ts$/, entry: 'src/board/from-yaml.ts', file: 'board-yaml.cjs' },
  {
    filter: /\/compile-source\.ts$/,
    entry: 'src/devicetree/compile-source.ts',
    file: 'device-tree-source.cjs',
  },
  { filter: /\/scenario\/index\.ts$/, entry: 'src/scenario/index.ts', file: 'scenario.cjs' },
  {
    filter: /\/scenario\/export\/index\.ts$/,
    entry: 'src/scenario/export/index.ts',
    file: 'scenario-export.cjs',
  },
];

const apart = {
  name: 'apart',
  setup(builder) {
    for (const { filter, file } of APART) {
      builder.onResolve({ filter }, (args) =>
        args.kind === 'dynamic-import' ? { path: `./${file}`, external: true } : undefined,
      );
    }
  },
};

// commander loads it for subcommands that are programs of their own, which we have none of: 2 ms for nothing.
const noChildProcess = {
  name: 'no-child-process',
  setup(builder) {
    builder.onResolve({ filter: /^node:child_process$/ }, (args) =>
      /[\\/]commander[\\/]/.test(args.importer) ? { path: args.path, namespace: 'unused' } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'unused' }, () => ({ contents: 'module.exports = {};' }));
  },
};

const bundle = (entry, file) =>
  build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join(dist, file),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    treeShaking: true,
    legalComments: 'inline',
    // import() of a bundle becomes require(): Node's loader of ES modules takes 10 ms to set up.
    supported: { 'dynamic-import': false },
    // Names stay readable: a stack trace in a bug report is worth the bytes.
    minifyWhitespace: true,
    minifySyntax: true,
    // A bundle's own place, from which what is not bundled is required.
    define: { DMAHEAP_VERSION: JSON.stringify(version), 'import.meta.url': '__filename' },
    external: ['@photostructure/sqlite'],
    plugins: [apart, noChildProcess],
    metafile: true,
    logLevel: 'warning',
  });

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
const jobs = [bundle('src/cli/process.ts', 'cli.cjs')];
for (const { entry, file } of APART) if (existsSync(join(root, entry))) jobs.push(bundle(entry, file));
const results = await Promise.all(jobs);
writeFileSync(join(dist, 'THIRD-PARTY.txt'), thirdParty(results.map((result) => result.metafile)));
// The package is `type: module`; a *.cjs needs no marker, and the shim must stay executable.
chmodSync(join(root, 'bin', 'dmaheap.cjs'), 0o755);

const cached = spawnSync(process.execPath, [join(root, 'scripts/code-cache.cjs')], { encoding: 'utf8' });
if (cached.status !== 0) console.error(`no code cache was written: ${cached.stderr}`);

if (!process.argv.includes('--bundle-only')) {
  rmSync(join(dist, 'lib'), { recursive: true, force: true });
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  const done = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exit(done.status ?? 1);
}
