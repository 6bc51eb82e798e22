/** Replays a recorded case through the library: inputs in, what was seen out. */
import { boardWithoutTree } from '../../src/board/board.ts';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams, BootReserved, ConfigValue } from '../../src/kernel/boot/boot-params.ts';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import { cmaDebugfs, procIomem, procMeminfo } from '../../src/kernel/virtual-files/index.ts';
import { knowsPerCpuPages } from '../../src/mm/alloc/per-cpu-pages.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import type { LogLine } from '../../src/printk.ts';
import { Printk } from '../../src/printk.ts';
import type { PageKiB } from '../../src/profile/architecture.ts';
import { configKeys } from '../../src/profile/config.ts';
import { linuxVersion } from '../../src/profile/kernels.ts';
import { architectureNames, pageblockBytes } from '../../src/profile/profile.ts';
import { profileIn } from '../../src/profile/recorded-profile.ts';
import { MemoryRecords, type Records } from '../../src/records.ts';
import type { PhysRange } from '../../src/units.ts';
import type { Observed, ObservedArea } from './observed.ts';
import type { CaseInputs, JsonObject, RecordedProfile, RecordedRange } from './oracle-case.ts';
import { RecordedDevices } from './recorded-devices.ts';
import { RecordedProcess } from './recorded-process.ts';

/** What of a case's kernel is not modelled, by name: `Linux 6.12`; `undefined` when all of it is. */
export function notModelled(profile: RecordedProfile): string | undefined {
  if (linuxVersion(profile.linux) === undefined) return `Linux ${profile.linux}`;
  if (!architectureNames().includes(profile.arch)) return `architecture ${profile.arch}`;
  if (profile.coherent_series !== 'v3' && profile.coherent_series !== 'off') {
    return `coherent heap series ${profile.coherent_series}`;
  }
  const known: ReadonlySet<string> = new Set([...configKeys(), 'CONFIG_HUGETLB_PAGE']);
  const unknown = Object.entries(profile.config).flatMap(([key, value]) =>
    known.has(key) || FIXED[key] === value ? [] : [key],
  );
  return unknown.length === 0 ? undefined : unknown.join(', ');
}

/** Options of which one value alone is modelled. */
const FIXED: Readonly<Record<string, boolean>> = {
  CONFIG_DMA_DIRECT_REMAP: true,
  CONFIG_NUMA: false,
  CONFIG_SWIOTLB_DYNAMIC: false,
};

const physRange = ([base, size]: RecordedRange): PhysRange => ({ base: BigInt(base), size: BigInt(size) });

/** The boot inputs of a case. */
export function bootParams(inputs: CaseInputs): BootParams {
  const { kernel, initrd, dtb } = inputs.reservedAtBoot;
  // Where QEMU had put initrd and blob was not always recorded: there they have a size, and the address 0.
  const known = (range: RecordedRange | undefined) =>
    range === undefined || Number(range[0]) === 0 ? undefined : physRange(range);
  const [image, ramDisk, blob] = [kernel, initrd, dtb].map(known);
  const reserve: BootReserved = {
    ...(image && { kernel: image }),
    ...(ramDisk && { initrd: ramDisk }),
    ...(blob && { dtb: blob }),
  };
  const config: Record<string, ConfigValue> = {
    // A profile names what its kernel was built with. Those of `cases/` do not name hugetlbfs, and the /proc/meminfo
    // of the case `views` there, which has no HugePages lines, shows that this kernel was built without it.
    CONFIG_HUGETLBFS: false,
    // `cases-6.1` and `cases-6.12` map RAM by blocks, as the README says; the others name the option.
    ...(/^6\.1(2\.107|\.176)$/.test(inputs.profile.linux) && { CONFIG_RODATA_FULL_DEFAULT_ENABLED: false }),
    // As `pageblock` of those folders says, where /proc/buddyinfo has orders above 10.
    ...(inputs.profile.page_size > 4096 && { CONFIG_PAGE_BLOCK_MAX_ORDER: 10 }),
    // `versions.md` 5 names it of that kernel, whose page structs have 56 bytes.
    ...(inputs.profile.linux === '5.10.262' && inputs.profile.labDriver && { CONFIG_SLOB: true }),
    // And 6.1 there has no level above 1 GiB: the option's own default.
    ...(inputs.profile.linux === '6.1.176' && { CONFIG_ARM64_VA_BITS: 39 }),
    ...Object.fromEntries(
      Object.entries(inputs.profile.config)
        .filter(([key]) => !Object.hasOwn(FIXED, key))
        .map(([key, value]) => [key === 'CONFIG_HUGETLB_PAGE' ? 'CONFIG_HUGETLBFS' : key, value]),
    ),
  };
  // The recorder names it for every kernel; by 6.18 it is gone.
  if (linuxVersion(inputs.profile.linux)?.options.rodataFull === false) {
    delete config.CONFIG_RODATA_FULL_DEFAULT_ENABLED;
  }
  // Its profiles name, in some cases, what 32-bit arm does not have without LPAE: the recorder's own defaults.
  if (inputs.profile.arch === 'arm') {
    for (const key of ['CONFIG_ZONE_DMA', 'CONFIG_ZONE_DMA32', 'CONFIG_TRANSPARENT_HUGEPAGE'])
      delete config[key];
  }
  return {
    kernel: inputs.profile.linux,
    arch: inputs.profile.arch,
    pageKiB: (inputs.profile.page_size / 1024) as PageKiB,
    cmdline: inputs.cmdline,
    ...(inputs.memory === undefined ? {} : { memory: inputs.memory.map(physRange) }),
    reserve,
    ...(inputs.unflattenedBytes !== undefined && { unflattenedTree: BigInt(inputs.unflattenedBytes) }),
    config,
    coherent: inputs.profile.coherent_series === 'off' ? 'off' : 'v3',
  };
}

const meminfoOf = (records: Records): JsonObject =>
  Object.fromEntries(
    ['MemTotal', 'CmaTotal', 'CmaFree'].map((name) => [name, Number(procMeminfo(records).get(name))]),
  );

/** Reading `used` and `maxchunk` takes an area's lock; the recorder read both before `order_per_bit`, which shows that. */
export function countingReads(): (name: string, area: ObservedArea) => ObservedArea {
  const reads = new Map<string, bigint>();
  return (name, area) => {
    const turns = (reads.get(name) ?? 0n) + 2n;
    reads.set(name, turns);
    return { ...area, order_per_bit: `${BigInt(area.order_per_bit) + turns * (0x10001n << 32n)}` };
  };
}

export const logLine = (line: LogLine): string => `<${line.level}>${line.text}`;

/**
 * Replays one case from a fresh boot.
 *
 * @param dtb the board's blob; absent where a machine has none
 * @throws whatever the library throws: the caller reports it as a difference
 */
export function replay(inputs: CaseInputs, dtb: Uint8Array | undefined): Observed {
  const file = `${inputs.board}.dtb`;
  const board =
    dtb === undefined ? boardWithoutTree(inputs.board) : boardFromTree(decodeDtb(dtb, file), file);
  const records = new MemoryRecords();
  const { panic } = boot(board, bootParams(inputs), records);
  const printk = new Printk(records);
  const log = [...printk.since(0)].map(logLine);
  const knowsCmaFree = panic === undefined && knowsPerCpuPages(records);
  const pageblock = Number(pageblockBytes(profileIn(records)));
  if (panic !== undefined) {
    return {
      panic,
      knowsCmaFree,
      pageblock,
      log,
      heaps: [],
      cma: {},
      meminfo: {},
      iomem: [],
      steps: [],
      logAfter: [],
    };
  }

  const areas = (): Record<string, ObservedArea> => cmaDebugfs(records);
  const asRead = profileIn(records).arch.showsCmaLock
    ? countingReads()
    : (_: string, area: ObservedArea) => area;
  const kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
  const bootLog = (): readonly string[] => [...printk.since(0)].map(logLine);
  const devices =
    inputs.profile.labDriver && board.tree !== undefined
      ? new RecordedDevices(kernel, board.tree.root)
      : undefined;
  const atBoot = {
    knowsCmaFree,
    pageblock,
    log: bootLog(),
    heaps: kernel.heaps().map(({ name, minor, mode }) => ({ name, minor, mode })),
    cma: Object.fromEntries(Object.entries(areas()).map(([name, area]) => [name, asRead(name, area)])),
    meminfo: meminfoOf(records),
    iomem: procIomem(records),
  };
  const mark = printk.nextSeq;
  if (inputs.steps.length === 0) return { ...atBoot, steps: [], logAfter: [] };

  const process = new RecordedProcess(
    kernel,
    (name) => {
      const all = areas();
      const area = Object.hasOwn(all, name) ? all[name] : undefined;
      return area && asRead(name, area);
    },
    devices,
  );
  const linesSince = (seq: number) =>
    [...printk.since(seq)].map((line) => ({ line: logLine(line), suppressed: line.suppressed === true }));
  const steps = inputs.steps.map((step) => {
    const before = printk.nextSeq;
    const seen = process.step(step);
    return seen.kind === 'answered' && devices !== undefined ? { ...seen, log: linesSince(before) } : seen;
  });
  const logAfter = linesSince(mark);
  return {
    ...atBoot,
    steps,
    tasks: process.tasks,
    logAfter,
    ...(process.cause === undefined ? {} : { logAfterBehind: process.cause }),
  };
}
