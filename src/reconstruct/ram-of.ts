/** Where there is RAM: by /proc/iomem, else by the log's ranges of nodes, else by its zones. */
import { formatHex, formatSize, GiB, KiB, type PhysRange, rangeEnd, roundUp } from '../units.ts';
import type { Facts, IomemLine, Told } from './facts.ts';
import type { Tell } from './finding.ts';
import { joined, lower, totalOf, without } from './ranges.ts';
import type { SeenRegion } from './regions-of.ts';

export interface Ram {
  /** As a board has it: no-map regions are in it. */
  readonly ranges: readonly PhysRange[];
  /** Ranges that Linux does not map, as /proc/iomem has them. */
  readonly noMap: readonly PhysRange[];
  /** Where the kernel image lies. */
  readonly kernel?: PhysRange;
  /** What it was read from, for people. */
  readonly from: string;
}

const rangeOf = ({ start, end }: IomemLine): PhysRange => ({ base: start, size: end + 1n - start });

/** @param regions what the log has as regions @returns `undefined` where nothing tells */
export function ramOf(facts: Facts, regions: readonly SeenRegion[], tell: Tell): Ram | undefined {
  const lines = iomemOf(facts, tell);
  const seen = lines.length > 0 ? ramOfIomem(lines) : undefined;
  const nodes = joined(facts.nodeRanges);
  const fallback = believed(seen, facts, nodes, regions, tell) ?? ramOfLog(facts, nodes, regions, tell);
  if (fallback === undefined) return undefined;
  const ram = reaching(fallback, facts, regions, tell);
  checkTotals(facts, ram, nodes, tell);
  return ram;
}

/** What is made of a part of the log's lines: another may be lost. */
const GUESSED: ReadonlySet<string> = new Set(['the zones in the log', 'the size of memory']);

/**
 * A kernel dies of a CMA area where there is no RAM. One that wrote of an area, and of no panic, had RAM there: the line
 * of that zone is lost.
 */
function reaching(ram: Ram, facts: Facts, regions: readonly SeenRegion[], tell: Tell): Ram {
  if (!GUESSED.has(ram.from) || facts.panics.length > 0) return ram;
  const areas = [
    ...regions.filter(isArea),
    ...facts.defaultAreas.map(({ base, mib }) => ({ base, size: BigInt(mib) << 20n })),
  ];
  const more = without(areas, ram.ranges.map(sectionsOf));
  const [first] = more;
  if (first === undefined) return ram;
  // Up to there without a hole, unless it is far away.
  const filled = more.map((range) => {
    const before = ram.ranges.findLast((one) => rangeEnd(one) <= range.base);
    const from = before === undefined ? range.base : rangeEnd(before);
    return range.base - from < GiB ? { base: from, size: rangeEnd(range) - from } : range;
  });
  tell({
    kind: 'guess',
    code: 'ram-by-areas',
    message: `${ram.from} have no RAM at ${formatHex(first.base)} (${formatSize(first.size)}), where the log has a CMA area: a line of a zone is lost`,
    taken: `RAM there too, up to ${formatHex(rangeEnd(filled.at(-1) ?? first) - 1n)}; --memory BASE:SIZE says better`,
  });
  return { ...ram, ranges: joined([...ram.ranges, ...filled]) };
}

/** The memory map is made section by section, and what has a page of it does not kill: SECTION_SIZE_BITS. */
const SECTION = 128n << 20n;
function sectionsOf(range: PhysRange): PhysRange {
  const base = range.base - (range.base % SECTION);
  return { base, size: roundUp(rangeEnd(range), SECTION) - base };
}

/** Whether the log has it as a CMA area that was set up. */
const isArea = (region: SeenRegion): boolean =>
  region.reusable === true && region.noMap !== true && region.compatible !== undefined;

/**
 * /proc/iomem, unless it has no RAM where the log has CMA areas, which Linux does not survive: then it is of another
 * machine, and the log's own ranges are taken.
 */
function believed(
  seen: Ram | undefined,
  facts: Facts,
  nodes: readonly PhysRange[],
  regions: readonly SeenRegion[],
  tell: Tell,
): Ram | undefined {
  if (seen === undefined) return undefined;
  const bare = regions.find((region) => isArea(region) && without([region], seen.ranges).length > 0);
  const inLog = nodes.length > 0 || facts.zones.some(({ range }) => range !== undefined);
  if (bare === undefined || !inLog) return seen;
  tell({
    kind: 'contradiction',
    code: 'ram-of-another-board',
    message: `the CMA area ${bare.name} at ${formatHex(bare.base)} lies in no RAM of /proc/iomem: they are of two machines`,
    taken: "the log's RAM",
    at: bare.at,
  });
  return undefined;
}

/** The lines with addresses: who is not root sees zeros. */
function iomemOf({ iomem }: Facts, tell: Tell): readonly Told<IomemLine>[] {
  const lines = iomem.filter(({ start, end }) => end >= start && end > 0n);
  const [first] = iomem;
  if (first !== undefined && lines.length === 0) {
    tell({
      kind: 'missing',
      code: 'iomem-zeroed',
      message: 'the addresses of /proc/iomem are zeros: it was read by somebody who is not root',
      taken: 'RAM from the log',
      at: first.at,
    });
  }
  return lines;
}

function ramOfIomem(lines: readonly Told<IomemLine>[]): Ram | undefined {
  const top = lines.filter(({ depth }) => depth === 0);
  const system = top.filter(({ name }) => name === 'System RAM').map(rangeOf);
  if (system.length === 0) return undefined;
  // Only arm64's kernel has no-map ranges at the top; a PC's "Reserved" is the firmware's.
  const noMap = joined(top.filter(({ name }) => name === 'reserved').map(rangeOf));
  const code = lines.findLast(({ name }) => name === 'Kernel code');
  const data = lines.findLast(({ name }) => name === 'Kernel data');
  const kernel =
    code && data && data.end > code.start
      ? { base: code.start, size: data.end + 1n - code.start }
      : undefined;
  return { ranges: joined([...system, ...noMap]), noMap, ...(kernel && { kernel }), from: '/proc/iomem' };
}

function ramOfLog(
  facts: Facts,
  nodes: readonly PhysRange[],
  regions: readonly PhysRange[],
  tell: Tell,
): Ram | undefined {
  if (nodes.length > 0) return { ranges: nodes, noMap: [], from: 'the ranges of nodes in the log' };
  const usable = joined(facts.usableRanges);
  if (usable.length > 0) return { ranges: usable, noMap: [], from: "the firmware's map in the log" };
  const zones = joined(facts.zones.flatMap(({ range }) => range ?? []));
  const [first] = zones;
  if (first !== undefined) {
    tell({
      kind: 'guess',
      code: 'ram-by-zones',
      message: `no /proc/iomem${facts.iomem.length > 0 ? ' that could be taken' : ''}, and no lines "node 0: [mem …]": holes in RAM are not known`,
      taken: `RAM from ${formatHex(first.base)} to ${formatHex(rangeEnd(zones.at(-1) ?? first) - 1n)}, as the zones reach`,
    });
    return { ranges: zones, noMap: [], from: 'the zones in the log' };
  }
  return ramByTotal(facts, regions, tell);
}

/** Only how much there is, not where. */
function ramByTotal(facts: Facts, regions: readonly PhysRange[], tell: Tell): Ram | undefined {
  const line = facts.memory.at(-1);
  const counted = facts.meminfo.get('MemTotal');
  const bytes = BigInt(line?.total ?? counted?.kib ?? 0) * KiB;
  if (bytes === 0n) return undefined;
  // MemTotal lacks what early boot took.
  const size = line === undefined ? roundUp(bytes, bytes > GiB ? GiB / 2n : GiB / 8n) : bytes;
  const lowest = regions.reduce((low, { base }) => lower(base, low), 1n << 63n);
  const base = regions.length === 0 ? GiB : lowest - (lowest % GiB);
  const at = line?.at ?? counted?.at;
  tell({
    kind: 'guess',
    code: 'ram-by-size',
    message: `only the size of RAM is told (${formatSize(bytes)}), not where it lies`,
    taken: `${formatSize(size)} from ${formatHex(base)} on; --memory BASE:SIZE says better`,
    ...(at && { at }),
  });
  return { ranges: [{ base, size }], noMap: [], from: 'the size of memory' };
}

/** What other lines say of the same RAM. */
function checkTotals(facts: Facts, ram: Ram, nodes: readonly PhysRange[], tell: Tell): void {
  const total = totalOf(ram.ranges);
  const line = facts.memory.at(-1);
  const said = BigInt(line?.total ?? 0) * KiB;
  // Pages that are cut at both ends, and no-map ranges that some kernels do not count.
  const least = total - totalOf(ram.noMap) - (16n << 20n);
  if (
    line !== undefined &&
    (said > total + (1n << 20n) || said < least) &&
    ram.from !== 'the zones in the log'
  ) {
    tell({
      kind: 'contradiction',
      code: 'ram-of-another-board',
      message: `"Memory:" counts ${formatSize(said)} of RAM, and ${ram.from} has ${formatSize(total)}: one of them is of another machine, or boot`,
      taken: ram.from,
      at: line.at,
    });
  }
  const counted = facts.meminfo.get('MemTotal');
  if (counted !== undefined && BigInt(counted.kib) * KiB > total) {
    tell({
      kind: 'contradiction',
      code: 'ram-of-another-board',
      message: `MemTotal is ${formatSize(BigInt(counted.kib) * KiB)}, more than the RAM of ${ram.from}, ${formatSize(total)}`,
      taken: ram.from,
      at: counted.at,
    });
  }
  if (ram.from !== '/proc/iomem' || nodes.length === 0) return;
  const [other] = without(nodes, ram.ranges).filter(({ size }) => size >= 1n << 16n);
  const at = facts.nodeRanges[0]?.at;
  if (other === undefined || at === undefined) return;
  tell({
    kind: 'contradiction',
    code: 'ram-of-another-board',
    message: `the log has RAM at ${formatHex(other.base)} (${formatSize(other.size)}) that /proc/iomem has not`,
    taken: '/proc/iomem',
    at,
  });
}
