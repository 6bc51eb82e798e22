// Compiles every board source of a Linux kernel with ours and with `cpp | dtc`, and compares the trees:
//   npm run corpus -- [--suite NAME] [--package linux-source-6.1] [--dir DIR] [--dtc PROGRAM]
//                     [--only TEXT] [--arch NAME …] [--show N]
// The package (else the newest linux-source) is fetched from the distribution at run time, from the suite named or
// those that this machine uses, and unpacked to DIR; nothing of it is kept here. A dtc that is older than a source
// refuses it: such sources are counted apart.
// Exit 1 when a source that dtc accepts gives another tree.
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { preprocess } from '../src/devicetree/cpp/preprocess.ts';
import { decodeDtb } from '../src/devicetree/dtb.ts';
import { compileDts } from '../src/devicetree/dts/compile.ts';
import type { ReadFile } from '../src/devicetree/source.ts';
import { firstDifference } from '../test/devicetree/dts/compare.ts';
import { fetchKernelSource, sourcesBelow } from './kernel-source.ts';

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    package: { type: 'string' },
    dir: { type: 'string', default: join(tmpdir(), 'linux-src') },
    dtc: { type: 'string', default: 'dtc' },
    only: { type: 'string' },
    arch: { type: 'string', multiple: true, default: ['arm64', 'arm', 'riscv'] },
    show: { type: 'string', default: '20' },
  },
});

const run = (program: string, args: string[], input?: Uint8Array): Promise<{ out: Buffer; error: string }> =>
  new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    let error = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      error += chunk.toString();
    });
    child.stdin.on('error', () => undefined);
    child.on('close', (code) =>
      resolve({ out: Buffer.concat(out), error: code === 0 ? '' : error || 'failed' }),
    );
    child.stdin.end(input);
  });

const PREFIXES = join(values.dir, 'scripts/dtc/include-prefixes');

/** Reads as cpp and dtc do: beside the includer, then where the kernel's build looks. */
function readerFor(source: string): ReadFile {
  const read = (path: string, from: string | undefined, kind: string): unknown => {
    const beside = from === undefined || kind === 'angle' ? [] : [dirname(from)];
    for (const folder of [...beside, PREFIXES, dirname(source)]) {
      const full = isAbsolute(path) ? path : join(folder, path);
      if (!existsSync(full)) continue;
      const bytes = readFileSync(full);
      return kind === 'binary' ? { path: full, bytes } : { path: full, text: bytes.toString() };
    }
    return undefined;
  };
  return read as ReadFile;
}

const causes = new Map<string, string[]>();
const figures = { equal: 0, refusedByBoth: 0, dtcTooOld: 0, different: 0, ourMilliseconds: 0, compiled: 0 };

function note(cause: string, detail: string): void {
  const list = causes.get(cause) ?? [];
  list.push(detail);
  causes.set(cause, list);
}

async function compare(source: string): Promise<void> {
  const flags = ['-nostdinc', '-I', PREFIXES, '-undef', '-D__DTS__', '-x', 'assembler-with-cpp', source];
  const name = relative(values.dir, source);
  const cpp = await run('cpp', flags);
  if (cpp.error !== '') {
    figures.refusedByBoth++;
    note('cpp refuses', `${name}: ${cpp.error.split('\n')[0]}`);
    return;
  }
  for (const symbols of [false, true]) {
    const dtcFlags = ['-q', '-I', 'dts', '-O', 'dtb', '-i', dirname(source), ...(symbols ? ['-@'] : [])];
    const dtc = await run(values.dtc, dtcFlags, cpp.out);
    const started = performance.now();
    const readFile = readerFor(source);
    const text = readFileSync(source, 'utf8');
    const preprocessed = preprocess({ path: source, text }, { readFile });
    const ours = compileDts(preprocessed.source, { readFile, symbols });
    figures.ourMilliseconds += performance.now() - started;
    figures.compiled++;
    const label = `${name}${symbols ? ' -@' : ''}`;
    const problem = [...preprocessed.diagnostics, ...ours.diagnostics].find(
      ({ severity }) => severity === 'error',
    );
    if (dtc.error !== '') {
      if (ours.tree === undefined) {
        figures.refusedByBoth++;
        note('both refuse', `${label}: ${problem?.code}`);
      } else {
        figures.dtcTooOld++;
        note('only dtc refuses', `${label}: ${dtc.error.split('\n')[0]}`);
      }
      continue;
    }
    if (ours.tree === undefined) {
      figures.different++;
      const at = problem?.position;
      note(`we refuse: ${problem?.code}`, `${label}: ${at?.file}:${at?.line}: ${problem?.message}`);
      continue;
    }
    const difference = firstDifference(ours.tree, decodeDtb(dtc.out, name));
    if (difference === undefined) {
      figures.equal++;
    } else {
      figures.different++;
      note(`another tree: ${difference.split(' ')[0]}`, `${label}: ${difference.slice(0, 300)}`);
    }
  }
}

fetchKernelSource(values.dir, values);
const files = values.arch
  .flatMap((arch) => sourcesBelow(join(values.dir, 'arch', arch, 'boot/dts')))
  .filter((file) => values.only === undefined || file.includes(values.only));
const version = await new Promise<string>((resolve) => {
  execFile(values.dtc, ['--version'], (_, out) => resolve(out.trim()));
});
console.log(`${files.length} sources, each without and with -@; ${version}`);
const queue = [...files];
await Promise.all(
  [0, 1].map(async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) await compare(file);
  }),
);
for (const [cause, details] of [...causes].sort((a, b) => b[1].length - a[1].length)) {
  console.log(`${details.length} × ${cause}`);
  for (const detail of details.slice(0, Number(values.show))) console.log(`    ${detail}`);
}
const { equal, different, refusedByBoth, dtcTooOld, ourMilliseconds, compiled } = figures;
console.log(
  `equal ${equal}, different ${different}, refused by both ${refusedByBoth}, refused by this dtc only ${dtcTooOld}; ` +
    `ours took ${(ourMilliseconds / Math.max(1, compiled)).toFixed(2)} ms a source`,
);
process.exitCode = different === 0 ? 0 : 1;
