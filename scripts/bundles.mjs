// Bundles the command as CommonJS files in dist/, so that a short command loads what it needs and no module is
// there twice.
//
// A module is in the first bundle that reaches it, and later ones are handed what they import of it
// (`held("src/units.ts#formatSize")`): one copy of each class, so `instanceof` works across bundles. esbuild's own
// splitting makes a file for each set of commands that share something: `list` would load 57 of them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';

/** Commands that every program calls in its loops: in the bundle that all commands load. */
const OFTEN = ['alloc', 'buffers', 'free', 'list', 'show', 'sync'];
/** Commands that read boards. */
const OF_BOARDS = [
  ...[
    'boards',
    'boot',
    'check',
    'config',
    'device',
    'diff',
    'dt',
    'export',
    'fit',
    'overlay',
    'reconstruct',
    'replay',
    'report',
    'run',
  ],
  'why',
];

const command = (name) => `src/cli/commands/${name}.ts`;

/** Small modules that commands of other bundles take, and would load seldom.cjs for. */
const SMALL = ['src/devicetree/value.ts', 'src/uapi/poll.ts', 'src/uapi/stat.ts'];

/** Calls that the commands of loops make, and what all calls are made with. */
const OFTEN_CALLS = [
  'cpu-access',
  'handler',
  'index',
  'ioctl',
  'open',
  'results',
  'vfs-ioctl',
  'virtual-calls',
];
/**
 * Modules that the bundle of all commands imports and seldom runs: it has stand-ins of their functions, which load
 * seldom.cjs when one is called. They export functions alone; what only they import goes with them.
 */
function seldomModules(root) {
  const calls = readdirSync(join(root, 'src/kernel/calls'))
    .filter((file) => !OFTEN_CALLS.includes(file.replace(/\.ts$/, '')))
    .map((file) => `kernel/calls/${file}`);
  const of = (folder, ...names) => names.map((name) => `${folder}/${name}.ts`);
  return [
    ...calls,
    ...of(
      'kernel',
      'overlays',
      'oom-kill',
      'unmap',
      'boot/modules',
      'virtual-files/sys',
      'virtual-files/proc',
    ),
    ...of('kernel/views', 'occupant', 'device-memory-view'),
    ...of('mm', 'dma/dma-access', 'dma/dma-mapping', 'dma/byte-marks', 'account/dmem'),
    ...of('profile', 'dot-config', 'named-kernel', 'unverified'),
    ...of('cli', 'explain/explain-failure', 'json/machine-json', 'read/config-file', 'read/read-input'),
    ...of('cli', 'render/diagnostic', 'terminal/unwritable-output'),
    ...of('session', 'create-store', 'left-log'),
    ...['board/option-meant.ts', 'check/explain-region.ts', 'devicetree/dts/concatenate.ts'],
    'program/find-device.ts',
  ].map((path) => `src/${path}`);
}

/**
 * The bundles in the order in which they are made; `from` are those that one takes modules of, and so loads, besides
 * the first three.
 */
function bundlesOf(root) {
  const seldom = seldomModules(root);
  const others = readdirSync(join(root, 'src/cli/commands'))
    .map((file) => file.replace(/\.ts$/, ''))
    .filter(
      (name) => !OFTEN.includes(name) && !OF_BOARDS.includes(name) && !['exec', 'memmap'].includes(name),
    )
    // Parts of others, which are no commands.
    .filter((name) => !/^(device|task)-/.test(name));
  const late = { file: 'seldom.cjs', modules: seldom };
  const first = [
    { file: 'cli.cjs', entries: ['src/cli/process.ts', ...OFTEN.map(command), ...SMALL], from: [], late },
    { file: 'seldom.cjs', entries: seldom, from: ['cli.cjs'] },
    { file: 'commands.cjs', entries: others.map(command), from: ['cli.cjs', 'seldom.cjs'], late },
  ];
  const further = [
    {
      file: 'board.cjs',
      entries: [
        'src/cli/read/prepare-boot.ts',
        'src/cli/read/load-tree.ts',
        // Scenarios and commands compare boots, which must not draw booting into the bundle of all commands.
        'src/program/boots/boot-differences.ts',
        'src/program/boots/booted.ts',
      ],
      from: [],
    },
    {
      file: 'device-tree-source.cjs',
      entries: ['src/devicetree/compile-source.ts', 'src/devicetree/overlay.ts'],
      from: ['board.cjs'],
    },
    // Only where a source does not compile.
    {
      file: 'pasted-source.cjs',
      entries: ['src/devicetree/repair/compile-pasted.ts', 'src/devicetree/repair/clean-paste.ts'],
      from: ['board.cjs', 'device-tree-source.cjs'],
    },
    // Only for calls that fail under --verbose.
    {
      file: 'told-context.cjs',
      entries: ['src/cli/explain/told-context.ts'],
      from: [],
    },
    // Draws: more than most commands load.
    { file: 'map.cjs', entries: [command('memmap')], from: [] },
    { file: 'archive.cjs', entries: ['src/cli/boards/archive.ts'], from: [] },
    {
      file: 'board-yaml.cjs',
      entries: ['src/board/from-yaml.ts', 'src/board/vendor-yaml.ts'],
      from: ['board.cjs'],
    },
    {
      file: 'scenario.cjs',
      entries: ['src/scenario/index.ts'],
      from: ['board.cjs', 'board-yaml.cjs'],
    },
    {
      file: 'scenario-export.cjs',
      entries: ['src/scenario/export/index.ts'],
      from: ['board.cjs', 'archive.cjs', 'board-yaml.cjs', 'scenario.cjs'],
    },
    {
      file: 'reconstruct.cjs',
      entries: ['src/cli/read/reconstruct-inputs.ts'],
      from: ['board.cjs'],
    },
    { file: 'board-threads.cjs', entries: ['src/cli/boards/worker.ts'], from: ['board.cjs'] },
    {
      file: 'board-commands.cjs',
      entries: OF_BOARDS.map(command),
      from: ['told-context.cjs', 'board.cjs', 'reconstruct.cjs', 'board-threads.cjs'],
    },
    {
      file: 'exec.cjs',
      entries: [command('exec')],
      from: ['board.cjs', 'scenario-export.cjs', 'board-commands.cjs'],
    },
    {
      file: 'exec-server.cjs',
      entries: ['src/cli/exec/serve-program.ts'],
      from: ['board.cjs', 'device-tree-source.cjs', 'scenario.cjs', 'board-commands.cjs', 'exec.cjs'],
    },
  ];
  const ofFirst = first.map(({ file }) => file);
  return [...first, ...further.map((bundle) => ({ ...bundle, from: [...ofFirst, ...bundle.from] }))];
}

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

/** What the modules of src export, by their paths. */
async function exportsOf(root) {
  const files = readdirSync(join(root, 'src'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join('src', name));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: files,
    outdir: 'unwritten',
    outbase: '.',
    format: 'esm',
    metafile: true,
    write: false,
  });
  return new Map(Object.values(metafile.outputs).map(({ entryPoint, exports }) => [entryPoint, exports]));
}

/** An export of a module of src that is not a function, or not seen to be one; types are none. */
const NO_FUNCTION =
  /^export (?!async function|function|type |interface |const \w+(?:: [^=]+)? = (?:async )?(?:<.*>)?\(|(?:type )?\{ type)(.*)$/m;

/**
 * The text of a module of functions that load another bundle when they are called.
 *
 * @throws Error when the module exports something else
 */
function standIns(root, id, names, file) {
  const [, other] = NO_FUNCTION.exec(readFileSync(join(root, id), 'utf8')) ?? [];
  if (other !== undefined) throw new Error(`${id} cannot be loaded late: it exports ${other}`);
  const functions = names.map(
    (name, at) =>
      `const late${at} = (...args) => of(${JSON.stringify(`${id}#${name}`)})(...args);
export { late${at} as ${name} };`,
  );
  return `const of = (key) => require('./${file}').held(key);\n${functions.join('\n')}`;
}

/** What a package exports by name; some Nodes add `module.exports`. */
async function namesOf(id) {
  return Object.keys(await import(id)).filter((name) => name !== 'default' && /^\w+$/.test(name));
}

/**
 * Hands a bundle what others hold, and leaves modules that are loaded later to theirs.
 *
 * @param holders the bundle of each module that can be taken
 * @param entries the bundle of each module that is loaded by import()
 */
function sharing({ root, bundle, holders, entries, exported }) {
  return {
    name: 'sharing',
    setup(builder) {
      builder.onResolve({ filter: /^\.|^(commander|tar-stream|yaml|zod)$/ }, (args) => {
        if (args.importer.includes('node_modules')) return undefined;
        const id = args.path.startsWith('.')
          ? relative(root, resolve(args.namespace === 'file' ? dirname(args.importer) : root, args.path))
          : args.path;
        const loaded = args.kind === 'dynamic-import' ? entries.get(id) : undefined;
        if (loaded !== undefined) return { path: `./${loaded}`, external: true };
        if (bundle.late?.modules.includes(id)) return { path: id, namespace: 'late' };
        const holder = holders.get(id);
        return bundle.from.includes(holder) ? { path: id, namespace: 'held', pluginData: holder } : undefined;
      });
      builder.onLoad({ filter: /.*/, namespace: 'late' }, ({ path: id }) => ({
        contents: standIns(root, id, exported.get(id), bundle.late.file),
        resolveDir: root,
      }));
      builder.onLoad({ filter: /.*/, namespace: 'held' }, async ({ path: id, pluginData: holder }) => {
        const names = exported.get(id) ?? (await namesOf(id));
        const taken = names.map(
          // Not by its own name, which may be a word of the language.
          (name, at) =>
            `const held${at} = /* @__PURE__ */ held(${JSON.stringify(`${id}#${name}`)}); export { held${at} as ${name} };`,
        );
        // By its name: of a namespace esbuild copies all that the bundle exports, for each module anew.
        return { contents: `import { held } from './${holder}';\n${taken.join('\n')}`, resolveDir: root };
      });
      builder.onResolve({ filter: /\.cjs$/ }, (args) =>
        args.namespace === 'held' || args.namespace === 'late'
          ? { path: args.path, external: true, sideEffects: false }
          : undefined,
      );
    },
  };
}

/** The text of a bundle's first module. @param wanted what others take of its modules: `src/units.ts#formatSize` */
function entryText({ entries }, wanted) {
  const lines = entries.map((path) => `export * from './${path}';`);
  const table = wanted.map((key, at) => {
    const [module, name] = key.split('#');
    lines.push(`import { ${name} as held${at} } from '${module.includes('/') ? './' : ''}${module}';`);
    return `${JSON.stringify(key)}: held${at}`;
  });
  // A function, which is compiled when the first bundle asks.
  if (wanted.length > 0) {
    lines.push(`let table; export function held(key) { return (table ??= { ${table.join(',\n')} })[key]; }`);
  }
  return lines.join('\n');
}

const HELD = /\bheld\)?\("([^"]+)"\)/g;

/**
 * Finds the bundle of each module: the first that reaches it. What two reach that do not load each other goes to
 * seldom.cjs, which both load.
 */
async function assign({ bundles, holders, exported, one }) {
  const [{ late }] = bundles;
  const shared = new Set();
  for (let isStable = false; !isStable; ) {
    isStable = true;
    holders.clear();
    for (const bundle of bundles) {
      const keys =
        bundle.file === late.file
          ? [...shared].flatMap((id) => exported.get(id).map((name) => `${id}#${name}`))
          : [];
      const { metafile } = await one(bundle, keys);
      for (const [path, { bytesInOutput }] of Object.entries(Object.values(metafile.outputs)[0].inputs)) {
        const id = /^node_modules\/(commander|tar-stream|yaml|zod)\//.exec(path)?.[1] ?? path;
        if (bytesInOutput === 0 || path === bundle.file || /^[a-z-]+:/.test(path)) continue;
        const other = holders.get(id);
        if (other === undefined || other === bundle.file) holders.set(id, bundle.file);
        else {
          shared.add(id);
          isStable = false;
        }
      }
    }
  }
}

/**
 * Writes the bundles.
 *
 * @returns what esbuild tells of each
 */
export async function writeBundles({ root, dist, version }) {
  const bundles = bundlesOf(root);
  const exported = await exportsOf(root);
  const entries = new Map(bundles.flatMap(({ file, entries }) => entries.map((path) => [path, file])));
  const holders = new Map();
  const one = async (bundle, wanted) => {
    const { outputFiles, metafile } = await build({
      absWorkingDir: root,
      stdin: { contents: entryText(bundle, wanted), resolveDir: root, sourcefile: bundle.file },
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
      plugins: [sharing({ root, bundle, holders, entries, exported }), noChildProcess],
      metafile: true,
      write: false,
      logLevel: 'warning',
    });
    return { text: outputFiles[0].text, metafile };
  };
  await assign({ bundles, holders, exported, one });
  const wanted = new Map(bundles.map(({ file }) => [file, new Set()]));
  const { late } = bundles[0];
  for (const id of late.modules) {
    for (const name of exported.get(id)) wanted.get(late.file).add(`${id}#${name}`);
  }
  const metafiles = [];
  for (const bundle of bundles.toReversed()) {
    const { text: module, metafile } = await one(bundle, [...wanted.get(bundle.file)].sort());
    // As a function, which Node would make of it when it is loaded: that copies it, and half a megabyte is half of
    // what V8 allocates before it first collects garbage.
    const text = Module.wrap(module);
    for (const [, key] of text.matchAll(HELD)) wanted.get(holders.get(key.split('#')[0])).add(key);
    const id = createHash('sha256').update(text).digest('hex').slice(0, 16);
    writeFileSync(join(dist, bundle.file), `//${id}\n${text}`);
    metafiles.push(metafile);
  }
  return metafiles;
}
