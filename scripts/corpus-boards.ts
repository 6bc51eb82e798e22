// Boots every device tree of a distribution's kernels under every kernel that is modelled:
//   npm run build && node scripts/run-ts.mjs scripts/corpus-boards.ts
//   [--suite NAME]     the suite to take packages from (else those that this machine uses), on this machine's mirror
//   [--arch LIST]      architectures as dpkg calls them, joined by commas (else arm64,armhf,riscv64)
//   [--kernel LIST]    releases, joined by commas (else all that dmaheap kernels lists)
//   [--jobs N]         threads (else what boards takes)
//   [--cache DIR]      where the trees are kept for the next run (else dmaheap/dtbs of the user's cache directory)
// Needs apt-get and dpkg-deb, and says so where they are missing: nothing is booted then, and that is no failure.
// Nothing is installed. Exit 1 when a tree ends in a bug of dmaheap, or boards does not answer.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { KERNELS } from '../src/profile/kernels.ts';
import type { BoardSummary } from '../src/program/boots/board-summary.ts';
import { PrivateApt } from './private-apt.ts';

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    arch: { type: 'string', default: 'arm64,armhf,riscv64' },
    kernel: { type: 'string', default: KERNELS.map(({ release }) => release).join(',') },
    jobs: { type: 'string' },
    cache: {
      type: 'string',
      default: join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'dmaheap', 'dtbs'),
    },
  },
});

/** The package that depends on the newest kernel of an architecture, and what that is called. */
const PACKAGES: Readonly<Record<string, readonly [meta: string, kernel: RegExp]>> = {
  arm64: ['linux-image-arm64', /^linux-image-\d\S*-arm64$/],
  armhf: ['linux-image-armmp', /^linux-image-\d\S*-armmp$/],
  riscv64: ['linux-image-riscv64', /^linux-image-\d\S*-riscv64$/],
};

/** Newer packages have their trees apart from the image. */
const PARTS = ['base', 'binary', 'modules'] as const;

/** A board as the answer in JSON has it. */
interface ToldBoard {
  readonly board: string;
  readonly outcome: BoardSummary['outcome'];
  readonly message: string | null;
  readonly heaps: readonly unknown[];
  readonly findings: readonly unknown[];
}

/** What is no failure of dmaheap. */
const EXPECTED = ['boots', 'no-memory', 'panics', 'invalid'] as const;

const isThere = (command: string): boolean => spawnSync(command, ['--version']).error === undefined;

const deviceTrees = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.dtb'));

/** The directory with an architecture's trees: of the cache, else fetched into it. @returns why there are none, else */
function treesOf(arch: string): { readonly dir: string } | { readonly none: string } {
  const dir = join(values.cache, `${values.suite ?? 'machine'}-${arch}`);
  if (existsSync(dir)) return { dir };
  const known = PACKAGES[arch];
  if (known === undefined) return { none: `architectures: ${Object.keys(PACKAGES).join(', ')}` };
  const temporary = mkdtempSync(join(tmpdir(), 'dmaheap-corpus-'));
  try {
    const apt = new PrivateApt(temporary, values.suite, arch);
    const [meta, pattern] = known;
    const kernel = apt.search(`^${meta}$`).includes(meta) ? apt.dependency(meta, pattern) : undefined;
    if (kernel === undefined) return { none: `${meta} is not in these sources` };
    const unpacked = join(temporary, 'unpacked');
    console.log(`${arch}: ${apt.unpack(kernel, unpacked)}`);
    for (const part of PARTS) {
      if (deviceTrees(unpacked).length > 0) break;
      const one = apt.dependency(kernel, new RegExp(`^linux-${part}-\\d\\S*$`));
      if (one !== undefined) console.log(`${arch}: ${apt.unpack(one, unpacked)}`);
    }
    const trees = deviceTrees(unpacked);
    if (trees.length === 0) return { none: `${kernel} has no device trees` };
    keep(unpacked, trees, dir);
    return { dir };
  } catch (error) {
    // A mirror that is being synced, no network: apt-get has said what.
    const { status } = error as { status?: number };
    if (typeof status !== 'number') throw error;
    return { none: `apt-get or dpkg-deb ended with ${status}; --suite NAME takes them from one suite alone` };
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Copies the trees alone; the directory appears when it is whole. */
function keep(from: string, trees: readonly string[], dir: string): void {
  const half = `${dir}.${process.pid}`;
  for (const tree of trees) {
    const to = join(half, tree.replace(/^.*\/(?=linux-image-|dtb)/, ''));
    mkdirSync(join(to, '..'), { recursive: true });
    cpSync(join(from, tree), to);
  }
  renameSync(half, dir);
}

/** Boots them under one kernel, as a user does. @returns whether nothing is wrong with dmaheap */
function bootAll(arch: string, dir: string, kernel: string): boolean {
  const start = performance.now();
  const jobs = values.jobs === undefined ? [] : ['--jobs', values.jobs];
  // Most trees leave memory to their boot loader; the option is for those.
  const words = ['boards', dir, '--kernel', kernel, '--memory', '0x80000000:2G', ...jobs, '--json'];
  const { stdout, stderr, status } = spawnSync(process.execPath, ['bin/dmaheap.cjs', ...words], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    timeout: 1_800_000,
  });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0 && status !== 1) {
    console.log(`${arch} ${kernel}: boards ended with ${status}\n${stderr.slice(0, 2000)}`);
    return false;
  }
  const { boards }: { boards: readonly ToldBoard[] } = JSON.parse(stdout);
  const counts = new Map<string, number>();
  for (const { outcome } of boards) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const told = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const odd = boards.filter(({ findings }) => findings.length > 0).length;
  const heaps = boards.reduce((sum, board) => sum + board.heaps.length, 0);
  console.log(
    `${arch.padEnd(8)} ${kernel.padEnd(6)} ${boards.length} boards in ${seconds.toFixed(1)} s: ${told}; ${heaps} heaps, ${odd} with findings`,
  );
  const others = boards.filter(({ outcome }) => outcome !== 'boots' && outcome !== 'no-memory');
  for (const { board, outcome, message } of others) {
    console.log(`  ${outcome}: ${basename(board)}: ${(message ?? '').slice(0, 200)}`);
  }
  return boards.every(({ outcome }) => EXPECTED.some((known) => known === outcome));
}

function main(): void {
  const missing = ['apt-get', 'dpkg-deb'].filter((command) => !isThere(command));
  if (missing.length > 0) {
    console.log(
      `${missing.join(' and ')}: not on this machine. No device trees were fetched, none were booted.`,
    );
    return;
  }
  let good = true;
  for (const arch of values.arch.split(',')) {
    const trees = treesOf(arch);
    if ('none' in trees) {
      console.log(`${arch}: no device trees: ${trees.none}`);
      continue;
    }
    for (const kernel of values.kernel.split(',')) good = bootAll(arch, trees.dir, kernel) && good;
  }
  process.exitCode = good ? 0 : 1;
}

main();
