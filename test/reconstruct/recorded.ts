/** A recorded boot as a reporter would paste it, and what of it a reconstruction must hold. */
import { boardFromTree } from '../../src/board/from-tree.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import { procIomem } from '../../src/kernel/virtual-files/index.ts';
import { InMemoryPhysMemory, NO_MEMORY } from '../../src/mm/phys-memory.ts';
import { type InputText, readFacts, rebuildState, reconstruct } from '../../src/reconstruct/index.ts';
import { MemoryRecords } from '../../src/records.ts';
import type { OracleCase } from '../conformance/oracle-case.ts';

const MACHINES: Readonly<Record<string, string>> = { arm64: 'aarch64', arm: 'armv7l' };

/** The log with its first lines, which the recordings leave out, and the configuration that the profile names. */
export function logText({ inputs, expectations }: OracleCase): InputText {
  const { linux, arch, config } = inputs.profile;
  const options = Object.entries(config).map(([key, value]) =>
    value === false ? `# ${key} is not set` : `${key}=${value === true ? 'y' : value}`,
  );
  if (inputs.profile.page_size > 4096)
    options.push(`CONFIG_ARM64_${inputs.profile.page_size / 1024}K_PAGES=y`);
  const lines = [
    `Linux ${linux} #1 SMP PREEMPT ${MACHINES[arch] ?? arch} GNU/Linux`,
    `[    0.000000] Linux version ${linux} (builder)`,
    `[    0.000000] Kernel command line: ${inputs.cmdline}`,
    ...(expectations.boot?.log ?? []),
    ...options,
  ];
  return { file: 'dmesg.txt', text: lines.join('\n') };
}

/** The files of the target. */
export function fileTexts({ expectations }: OracleCase): InputText[] {
  const { boot: seen } = expectations;
  if (seen === undefined) return [];
  const areas = Object.entries(seen.cma).flatMap(([name, files]) =>
    Object.entries(files).map(([file, value]) => `/sys/kernel/debug/cma/${name}/${file}:${value}`),
  );
  const heaps = seen.heaps.map(
    ({ name, minor }) => `crw------- 1 root root 254, ${minor} Nov 12 10:00 ${name}`,
  );
  const counters = Object.entries(seen.meminfo).map(([name, kib]) => `${`${name}:`.padEnd(16)}${kib} kB`);
  return [
    { file: 'iomem.txt', text: seen.iomem.join('\n') },
    { file: 'meminfo.txt', text: counters.join('\n') },
    { file: 'cma.txt', text: areas.join('\n') },
    { file: 'heaps.txt', text: `==> /dev/dma_heap <==\n${heaps.join('\n')}` },
  ];
}

export interface Agreement {
  /** What was compared, and what differs, in words. */
  readonly facts: number;
  readonly differences: readonly string[];
}

/** Reconstructs, and compares. @param files whether the files beside the log are given */
export function agreementOf(oracle: OracleCase, files: boolean): Agreement {
  const seen = oracle.expectations.boot;
  if (seen === undefined) throw new Error('a boot that died has no state');
  const inputs = [logText(oracle), ...(files ? fileTexts(oracle) : [])];
  const facts = readFacts(inputs);
  const memory = files ? undefined : ramOf(oracle);
  try {
    const names = inputs.map(({ file }) => file);
    const made = reconstruct(
      { facts, files: names, params: memory === undefined ? {} : { memory } },
      'recorded',
    );
    const records = new MemoryRecords();
    const { panic } = boot(boardFromTree(made.tree, 'recorded'), made.params, records);
    if (panic !== undefined) return { facts: 1, differences: [`panic: ${panic}`] };
    const kernel = new Kernel(records, NO_MEMORY);
    rebuildState(kernel, facts);
    return compare(kernel, records, oracle, files);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return { facts: 1, differences: [error.message] };
  }
}

/** RAM, of which a recorded log has no line: the ranges that "node 0:" lines would have. */
function ramOf({ expectations }: OracleCase) {
  const lines = (expectations.boot?.iomem ?? []).flatMap((line) => {
    const found = /^([0-9a-f]+)-([0-9a-f]+) : (?:System RAM|reserved)$/.exec(line);
    if (found === null) return [];
    const base = BigInt(`0x${found[1]}`);
    return [{ base, size: BigInt(`0x${found[2]}`) + 1n - base }];
  });
  return lines;
}

function compare(
  kernel: Kernel,
  records: MemoryRecords,
  { expectations }: OracleCase,
  files: boolean,
): Agreement {
  const differences: string[] = [];
  let facts = 0;
  const same = (what: string, here: unknown, there: unknown) => {
    facts++;
    if (String(here) !== String(there))
      differences.push(`${what}: ${String(here).slice(0, 200)} here, ${String(there).slice(0, 200)} there`);
  };
  const seen = expectations.boot;
  if (seen === undefined) return { facts, differences };
  const word = ({ name, minor }: { readonly name: string; readonly minor: number }) =>
    expectations.heapsAreSet ? name : `${minor} ${name}`;
  same('heaps', kernel.heaps().map(word).sort().join(', '), seen.heaps.map(word).sort().join(', '));
  const areas = kernel.cmaAreas().filter(({ pages }) => pages > 0);
  same('number of areas', areas.length >= Object.keys(seen.cma).length, true);
  for (const [name, folder] of Object.entries(seen.cma)) {
    const there = areas.filter(({ pfn }) => String(pfn) === String(folder.base_pfn));
    const area = there.find((one) => one.name === name) ?? there[0];
    same(`area ${name} at ${folder.base_pfn}`, area?.pages, folder.count);
    if (area === undefined) continue;
    const free = new Set(area.free.map(({ pfn, pages }) => `${pfn - area.pfn}+${pages}`));
    same(
      `bitmap of ${name}`,
      [...free].join(' '),
      freeOf(String(folder.bitmap), Number(folder.count)).join(' '),
    );
  }
  if (!files) return { facts, differences };
  const top = (lines: readonly string[]) =>
    lines
      .slice(lines.findIndex((line) => line.endsWith(' : System RAM')))
      .filter((line) => /^\S.* : (System RAM|reserved)$/.test(line))
      .join(', ');
  same('RAM', top(procIomem(records)), top(seen.iomem));
  return { facts, differences };
}

/** The runs of clear bits of a bitmap's text. */
function freeOf(text: string, count: number): string[] {
  const words = text.split(' ').map(Number);
  const runs: string[] = [];
  let start = -1;
  for (let bit = 0; bit <= count; bit++) {
    const isFree = bit < count && (((words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 0;
    if (isFree && start < 0) start = bit;
    if (!isFree && start >= 0) {
      runs.push(`${start}+${bit - start}`);
      start = -1;
    }
  }
  return runs;
}

/** Calls after which buffers and bitmaps may be others. */
const CHANGES: ReadonlySet<string> = new Set([
  'alloc',
  'close',
  'exit',
  'dup',
  'name',
  'import',
  'unimport',
  'echo',
  'mmap',
  'rawioctl',
  'badptr',
]);
const BUFINFO = '/sys/kernel/debug/dma_buf/bufinfo';

/**
 * The same in use: with the last bufinfo of the recording, and the bitmaps that were read at the same moment.
 *
 * @returns `undefined` where the recording has no bufinfo
 */
export function agreementInUse(oracle: OracleCase): Agreement | undefined {
  const { steps } = oracle.expectations;
  const at = steps.findLastIndex(({ op, args }) => op === 'cat' && args.path === BUFINFO);
  const text = steps[at]?.answer.text;
  if (typeof text !== 'string') return undefined;
  const areas = new Map<string, string>();
  const seen = (from: number, by: 1 | -1) => {
    for (let i = from; steps[i] !== undefined && !CHANGES.has(steps[i]?.op ?? ''); i += by) {
      const { op, args, answer } = steps[i] ?? { op: '', args: {}, answer: {} };
      if (op === 'cma' && typeof answer.bitmap === 'string') areas.set(String(args.area), answer.bitmap);
    }
  };
  seen(at - 1, -1);
  seen(at + 1, 1);
  const bases = oracle.expectations.boot?.cma ?? {};
  const inputs = [
    logText(oracle),
    ...fileTexts(oracle).filter(({ file }) => file !== 'cma.txt'),
    {
      file: 'cma.txt',
      text: [...areas]
        .flatMap(([name, bitmap]) => [
          `/sys/kernel/debug/cma/${name}/base_pfn:${bases[name]?.base_pfn}`,
          `/sys/kernel/debug/cma/${name}/count:${bases[name]?.count}`,
          `/sys/kernel/debug/cma/${name}/bitmap:${bitmap}`,
        ])
        .join('\n'),
    },
    { file: 'bufinfo', text },
  ];
  const facts = readFacts(inputs);
  const made = reconstruct({ facts, files: inputs.map(({ file }) => file), params: {} }, 'recorded');
  const records = new MemoryRecords();
  if (boot(boardFromTree(made.tree, 'recorded'), made.params, records).panic !== undefined) {
    return { facts: 1, differences: ['panic'] };
  }
  const kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
  rebuildState(kernel, facts);
  const differences: string[] = [];
  const here = kernel
    .buffers()
    .map(({ size, name, expName }) => `${size} ${name ?? ''} ${kernel.profile.linux.exporter ?? expName}`);
  const there = [...facts.buffers]
    .reverse()
    .map(({ size, name, expName }) => `${size} ${name ?? ''} ${expName}`);
  if (here.join(', ') !== there.join(', '))
    differences.push(`buffers: ${here.join(', ')} here, ${there.join(', ')} there`);
  for (const [name, bitmap] of areas) {
    const folder = bases[name];
    const area = kernel.cmaAreas().find(({ pfn }) => String(pfn) === String(folder?.base_pfn));
    const free = (area?.free ?? []).map(({ pfn, pages }) => `${pfn - (area?.pfn ?? 0)}+${pages}`).join(' ');
    if (free !== freeOf(bitmap, Number(folder?.count)).join(' '))
      differences.push(`bitmap of ${name}: ${free} here`);
  }
  differences.push(...wrongPlaces(kernel, oracle, at));
  return { facts: 1 + areas.size, differences };
}

/** Buffers that lie for certain here, and elsewhere in the recording: of those that can be told apart by size. */
function wrongPlaces(kernel: Kernel, { expectations }: OracleCase, at: number): string[] {
  const made = expectations.steps.slice(0, at).flatMap(({ op, answer }) => {
    const { phys, size } = answer;
    const first = Array.isArray(phys) && Array.isArray(phys[0]) ? phys[0][0] : undefined;
    if (op !== 'alloc' || size === undefined) return [];
    return [{ size: String(size), phys: typeof first === 'string' ? BigInt(first) : undefined }];
  });
  const guessed = new Set(kernel.guessedPlaces());
  return kernel.buffers().flatMap(({ ino, size, sgTable, pageSize, heap }) => {
    const backend = kernel.heaps().find(({ name }) => name === heap)?.backend;
    if (guessed.has(ino) || backend === 'system') return [];
    const same = made.filter((one) => one.size === String(size));
    const here = BigInt(sgTable[0]?.pfn ?? 0) * BigInt(pageSize);
    return same.length === 0 || same.some(({ phys }) => phys === here || phys === undefined)
      ? []
      : [`a buffer of ${size} at ${here.toString(16)}`];
  });
}
