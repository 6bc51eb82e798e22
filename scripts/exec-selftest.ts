/**
 * npm run exec:selftest [-- --source DEB]...
 *
 * Compiles the kernel's own selftest of dma-buf heaps as a distribution's source package has it, unmodified, and runs it under
 * `dmaheap exec` on several kernels: every heap must pass every test, with nothing skipped. The package is fetched with apt and
 * nothing of it is kept. Needs Linux, apt, a C compiler. Exit codes: 0 all pass; 1 not; 2 wrong usage.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const SELFTEST = 'tools/testing/selftests/dmabuf-heaps';
/** Which Debian packages: the one speaks TAP, the other is older and does not. */
const PACKAGES = ['linux-source-6.12', 'linux-source-6.1'];

/** Heaps of 40 MiB and more, which is what 32 buffers of a MiB and one more need. */
const BOARD = `model: selftest
memory:
  reg: [0x40000000, 1G]
reserved-memory:
  linux,cma:
    compatible: shared-dma-pool
    reusable: true
    size: 64M
    linux,cma-default: true
  video-pool@50000000:
    compatible: shared-dma-pool
    no-map: true
    reg: [0x50000000, 64M]
`;

/** The kernels, and what is given beside the board. */
const KERNELS: readonly (readonly string[])[] = [
  ['7.3', '--coherent', 'v3'],
  ['6.18', '--coherent', 'v3'],
  ['6.12', '--coherent', 'v3'],
  ['6.1'],
  ['5.10'],
];

/** How the selftest was built, and the carrier that it needs. */
const BUILDS = [
  { name: 'dynamic', flags: [] },
  { name: 'static', flags: ['-static'] },
] as const;

interface Result {
  readonly ok: number;
  readonly notOk: number;
  readonly skipped: number;
  readonly exit: number | null;
}

const { values } = parseArgs({ options: { source: { type: 'string', multiple: true, default: [] } } });
const work = mkdtempSync(join(tmpdir(), 'dmaheap-selftest-'));
let failed = 0;
let passed = 0;
try {
  const board = join(work, 'board.yaml');
  writeFileSync(board, BOARD);
  for (const deb of values.source.length > 0 ? values.source.map((path) => resolve(path)) : fetched(work)) {
    for (const build of BUILDS) {
      const program = compiled(deb, build.name, build.flags);
      for (const kernel of KERNELS) report(deb, build.name, kernel, run(program, board, kernel));
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`${passed} passed, ${failed} failed, 0 skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;

function fetched(dir: string): string[] {
  execFileSync('apt-get', ['download', ...PACKAGES], { cwd: dir, stdio: ['ignore', 'ignore', 'inherit'] });
  return readdirSync(dir)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(dir, name));
}

/** Unpacks the selftest and nothing else, and compiles it. */
function compiled(deb: string, name: string, flags: readonly string[]): string {
  const dir = mkdtempSync(join(work, `${name}-`));
  const wanted = [`*/${SELFTEST}/*.c`, '*/tools/testing/selftests/kselftest.h', '*/include/uapi/drm/drm*.h'];
  execFileSync(
    'sh',
    [
      '-c',
      'dpkg-deb --fsys-tarfile "$1" | tar -xOf - --wildcards "./usr/src/linux-source-*.tar.xz" | tar -xJf - -C "$2" --strip-components=1 --wildcards "$3" "$4" "$5"',
      'sh',
      deb,
      dir,
      ...wanted,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const program = join(dir, 'dmabuf-heap');
  const source = join(dir, SELFTEST, 'dmabuf-heap.c');
  // Only these headers: the others are the C library's own. __user is a note to the kernel's checker.
  mkdirSync(join(dir, 'headers'));
  renameSync(join(dir, 'include/uapi/drm'), join(dir, 'headers/drm'));
  const headers = ['-D__user=', '-I', join(dir, 'headers'), '-I', join(dir, 'tools/testing/selftests')];
  execFileSync('cc', ['-O3', '-w', ...flags, ...headers, '-o', program, source]);
  return program;
}

function run(program: string, board: string, [kernel = '', ...more]: readonly string[]): Result {
  const words = [
    'exec',
    '--board',
    board,
    '--kernel',
    kernel,
    '--config',
    'DRM_VGEM=y',
    ...more,
    '--',
    program,
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('bin/dmaheap.cjs'), ...words], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status !== 0) process.stdout.write(`${stdout}${stderr}`);
  const count = (pattern: RegExp): number => [...stdout.matchAll(pattern)].length;
  return {
    ok: count(/^ok \d+(?!.*# SKIP)|\bOK$/gm),
    notOk: count(/^not ok|FAIL/gm),
    skipped: count(/# SKIP|skipping/gi),
    exit: status,
  };
}

function report(deb: string, build: string, kernel: readonly string[], result: Result): void {
  const { ok, notOk, skipped, exit } = result;
  const good = exit === 0 && ok > 0 && notOk === 0 && skipped === 0;
  if (good) passed++;
  else failed++;
  const source = /linux-source-[0-9.]+/.exec(deb)?.[0] ?? deb;
  process.stdout.write(
    `${source}, ${build}, on ${kernel.join(' ')}: ${ok} ok, ${notOk} not ok, ${skipped} skipped, exit ${exit}\n`,
  );
}
