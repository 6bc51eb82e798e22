// Reads every device tree of a Debian arm64 kernel package: node scripts/run-ts.mjs scripts/corpus-dtb.ts
//   [--suite NAME]     the suite to take it from (else those that this machine uses), on this machine's mirror
//   [--package NAME]   the package (else what linux-image-arm64 depends on)
//   [--dir DIR]        read the .dtb files below DIR instead, download nothing
//   [--verbose]        name every tree and what became of it
// Needs apt-get and dpkg-deb. The machine's own apt state is not touched, nothing is installed, and what was
// downloaded goes away at the end. Exit 1 when a tree failed for any other reason than having no memory.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Board } from '../src/board/board.ts';
import { boardFromTree } from '../src/board/from-tree.ts';
import { decodeDtb, encodeDtb } from '../src/devicetree/dtb.ts';
import { InvalidInput } from '../src/diagnostic.ts';
import { boot } from '../src/kernel/boot/boot.ts';
import { MemoryRecords } from '../src/records.ts';
import { GiB } from '../src/units.ts';
import { PrivateApt } from './private-apt.ts';

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    package: { type: 'string' },
    dir: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

/**
 * Downloads and unpacks the package and, until device trees turn up, those of its parts that may hold them;
 * gives the directory and the packages' names.
 */
function fetch(temporary: string): { name: string; dir: string } {
  const apt = new PrivateApt(temporary, values.suite);
  const wanted = values.package ?? apt.dependency('linux-image-arm64', /^linux-image-\S+-arm64$/);
  if (wanted === undefined) throw new Error('linux-image-arm64 is not in these sources');
  const dir = join(temporary, 'unpacked');
  const names: string[] = [];
  for (const part of ['image', 'base', 'binary', 'modules']) {
    const parts = new RegExp(`^linux-${part}-\\d\\S*$`);
    const one = part === 'image' ? wanted : apt.dependency(wanted, parts);
    if (one === undefined) continue;
    names.push(apt.unpack(one, dir));
    if (deviceTrees(dir).length > 0) break;
  }
  return { name: names.join(' + '), dir };
}

/** The .dtb files below `dir`, equal ones once: newer packages hold each tree in two places. */
function deviceTrees(dir: string): string[] {
  const distinct = new Map<string, string>();
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.dtb'),
  );
  for (const file of files.sort()) {
    const hash = createHash('sha256')
      .update(readFileSync(join(dir, file)))
      .digest('hex');
    distinct.set(`${basename(file)} ${hash}`, file);
  }
  return [...distinct.values()];
}

type Result =
  | { readonly kind: 'booted' | 'no memory'; readonly note: string }
  | { readonly kind: 'failed'; readonly note: string };

/** Memory for trees that leave it to the boot loader: most of arm64's have none. */
const FILLED_IN = [{ base: 0x80000000n, size: 2n * GiB }];

function read(file: string): Result {
  let board: Board;
  try {
    const bytes = new Uint8Array(readFileSync(file));
    const tree = decodeDtb(bytes, file);
    decodeDtb(encodeDtb(tree), file);
    board = boardFromTree(tree, file);
    const none = board.memory.length === 0;
    const outcome = boot(board, none ? { memory: FILLED_IN } : {}, new MemoryRecords());
    const nodes = board.reservedMemory?.nodes.length ?? 0;
    const note = `${nodes} regions, ${board.users.length} users, ${board.diagnostics.length} warnings`;
    const end = outcome.panic === undefined ? '' : `, panic: ${outcome.panic}`;
    return { kind: none ? 'no memory' : 'booted', note: note + end };
  } catch (error) {
    if (error instanceof InvalidInput) return { kind: 'failed', note: error.message };
    return { kind: 'failed', note: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function main(dir: string, name: string): void {
  const files = deviceTrees(dir);
  const counts = new Map<Result['kind'], number>();
  let panics = 0;
  let warnings = 0;
  const start = performance.now();
  for (const file of files) {
    const result = read(join(dir, file));
    counts.set(result.kind, (counts.get(result.kind) ?? 0) + 1);
    if (result.note.includes('panic: ')) panics++;
    if (!/ 0 warnings/.test(result.note)) warnings++;
    if (values.verbose || result.kind === 'failed') console.log(`${result.kind}: ${file}: ${result.note}`);
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const count = (kind: Result['kind']): string => String(counts.get(kind) ?? 0).padStart(6);
  console.log(`${name}: ${files.length} distinct device trees in ${seconds} s`);
  console.log(`${count('booted')}  loaded and booted`);
  console.log(`${count('no memory')}  loaded; say that memory is missing (booted with 2 GiB at 0x80000000)`);
  console.log(`${count('failed')}  failed`);
  console.log(`${String(panics).padStart(6)}  of these boots panic, ${warnings} trees have warnings`);
  process.exitCode = files.length > 0 && !counts.has('failed') ? 0 : 1;
}

if (values.dir !== undefined) {
  main(values.dir, values.dir);
} else {
  const temporary = mkdtempSync(join(tmpdir(), 'dmaheap-corpus-'));
  try {
    const { dir, name } = fetch(temporary);
    main(dir, name);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
