/** Random boards and histories, and what a reporter would paste of them: the texts that dmaheap itself prints. */
import type { Board } from '../../src/board/board.ts';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { treeFromYaml } from '../../src/board/from-yaml.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { allocate } from '../../src/program/allocate.ts';
import { finish } from '../../src/program/outcome.ts';
import type { InputText } from '../../src/reconstruct/index.ts';
import { MemoryRecords } from '../../src/records.ts';
import type { Random } from '../fuzz/random.ts';

const MiB = 1 << 20;
const hex = (value: number): string => `0x${value.toString(16)}`;
const SIZES = [1, 2, 4, 8, 16, 32];

/** A board in YAML: regions of every kind, each in a slot of its own. */
export function randomBoard(random: Random): string {
  const base = random.pick([0x40000000, 0x80000000]);
  const size = random.pick([512, 1024, 2048]) * MiB;
  const count = random.below(6);
  const regions: string[] = [];
  const slot = Math.floor(size / 2 / 8);
  for (let i = 0; i < count; i++) {
    const at = base + size / 4 + i * slot;
    const length = Math.min(random.pick(SIZES) * MiB, slot);
    const kind = random.below(5);
    const name = `${random.pick(['cam', 'vpu', 'isp', 'npu', 'fb'])}-${i}`;
    if (kind === 0)
      regions.push(
        `  ${name}@${at.toString(16)}: { compatible: shared-dma-pool, reg: [${hex(at)}, ${Math.max(length, 4 * MiB)}], reusable: true }`,
      );
    else if (kind === 1)
      regions.push(
        `  ${name}@${at.toString(16)}: { compatible: shared-dma-pool, reg: [${hex(at)}, ${length}], no-map: true }`,
      );
    else if (kind === 2)
      regions.push(
        `  ${name}: { compatible: shared-dma-pool, size: ${Math.max(length, 4 * MiB)}, alignment: 4M, reusable: true }`,
      );
    else if (kind === 3)
      regions.push(`  ${name}@${at.toString(16)}: { reg: [${hex(at)}, ${length}], no-map: true }`);
    else regions.push(`  ${name}: { compatible: shared-dma-pool, size: ${length}, no-map: true }`);
  }
  if (random.oneIn(3))
    regions.push(
      `  "linux,cma": { compatible: shared-dma-pool, size: 16M, alignment: 4M, reusable: true, "linux,cma-default": true }`,
    );
  const cmdline = random.pick(['', 'quiet', 'cma=24M', 'coherent_pool=1M']);
  const lines = [`memory: { reg: [${hex(base)}, ${size}] }`, `chosen: { bootargs: "${cmdline}" }`];
  if (regions.length > 0) lines.push('reserved-memory:', ...regions);
  return `${lines.join('\n')}\n`;
}

export interface Target {
  readonly kernel: Kernel;
  readonly records: MemoryRecords;
  readonly board: Board;
}

/** Boots. @returns `undefined` when the kernel dies */
export function bootTarget(yaml: string, params: BootParams): Target | undefined {
  const { tree } = treeFromYaml(yaml, 'random.yaml');
  const board = boardFromTree(tree, 'random.yaml');
  const records = new MemoryRecords();
  if (boot(board, params, records).panic !== undefined) return undefined;
  return { kernel: new Kernel(records, new InMemoryPhysMemory(layoutOf(records))), records, board };
}

/** Allocates and frees for a while. */
export function randomUse(kernel: Kernel, random: Random, steps: number): void {
  const caller = { kernel, task: 'shell' };
  const open: number[] = [];
  for (let i = 0; i < steps; i++) {
    if (open.length > 0 && random.oneIn(3)) {
      const [fd] = open.splice(random.below(open.length), 1);
      if (fd !== undefined) kernel.syscall('shell', { call: 'close', fd });
      continue;
    }
    const heap = random.pick(kernel.heaps()).name;
    const size = BigInt(4096 * (1 + random.below(random.oneIn(3) ? 900 : 60)));
    const name = random.oneIn(2) ? { name: `buf ${i}` } : {};
    const { fds } = finish(allocate(caller, { heap, size, ...name }));
    open.push(...fds);
  }
}

/** A file of /proc or /sys as cat prints it; `undefined` where there is none. */
function text(kernel: Kernel, path: string): string | undefined {
  const found = kernel.lookup(path);
  if (!('node' in found) || found.node.kind !== 'file') return undefined;
  const content = found.node.read?.();
  return content instanceof Uint8Array ? new TextDecoder().decode(content) : content;
}

/** Everything that tells: the log with its first lines, /proc, debugfs. */
export function pastedTexts({ kernel, board }: Target, release: string | undefined): InputText[] {
  const log = [...kernel.printk.since()].map(({ text: line }) => `[    0.000000] ${line}`);
  const first = [
    ...(release === undefined ? [] : [`[    0.000000] Linux version ${release} (gcc)`]),
    `[    0.000000] Kernel command line: ${board.bootargs}`,
  ];
  const files = ['/proc/iomem', '/proc/meminfo', '/proc/buddyinfo', '/sys/kernel/debug/dma_buf/bufinfo'];
  const inputs = files.map((path) => ({ file: path, text: text(kernel, path) ?? '' }));
  const debugfs = kernel.lookup('/sys/kernel/debug/cma');
  const folders = 'node' in debugfs && debugfs.node.kind === 'directory' ? debugfs.node.list() : [];
  const areas = folders.flatMap((folder) =>
    ['base_pfn', 'count', 'used', 'maxchunk', 'bitmap'].map((name) => {
      const path = `/sys/kernel/debug/cma/${folder}/${name}`;
      return { file: path, text: text(kernel, path) ?? '' };
    }),
  );
  return [{ file: 'dmesg.txt', text: [...first, ...log].join('\n') }, ...inputs, ...areas];
}
