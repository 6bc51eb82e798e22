/** Stale reads, lost writes and stray DMA in words: what happened, where, and which call was missing. */

import { isLoaded } from '../../kernel/boot/early-reservations.ts';
import { describeFault } from '../../kernel/coherency/dma.ts';
import type {
  CoherencyReport,
  Report,
  ReportedBuffer,
  StrayReport,
  UnbracketedReport,
} from '../../kernel/coherency/hazard-log.ts';
import { joinReports, reportLength, storyOf } from '../../kernel/coherency/joined-reports.ts';
import { SHELL_TASK } from '../../kernel/task.ts';
import type { Owner } from '../../kernel/views/occupant.ts';
import type { Accessor } from '../../mm/dma/hazard.ts';
import { DMA_BUF_SYNC_END, DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE } from '../../uapi/dma-buf.ts';
import { formatHex, formatSize } from '../../units.ts';

export { joinReports } from '../../kernel/coherency/joined-reports.ts';

/** Reports that tell one story about one buffer, by the story; each is told once, with the first place. */
export function groupReports(reports: Iterable<Report>): Report[][] {
  const groups = new Map<string, Report[]>();
  for (const report of joinReports(reports)) {
    const group = groups.get(storyOf(report));
    if (group === undefined) groups.set(storyOf(report), [report]);
    else group.push(report);
  }
  return [...groups.values()];
}

const bytes = (count: bigint): string => (count === 1n ? '1 byte' : `${count} bytes`);

/** The flags of DMA_BUF_IOCTL_SYNC by name. */
export function syncFlagNames(flags: number): string[] {
  const names = [(flags & DMA_BUF_SYNC_END) === 0 ? 'DMA_BUF_SYNC_START' : 'DMA_BUF_SYNC_END'];
  if ((flags & DMA_BUF_SYNC_READ) !== 0) names.push('DMA_BUF_SYNC_READ');
  if ((flags & DMA_BUF_SYNC_WRITE) !== 0) names.push('DMA_BUF_SYNC_WRITE');
  return names;
}

/** The options of `dmaheap sync` for those flags. */
function syncOptions(flags: number): string {
  const words = [(flags & DMA_BUF_SYNC_END) === 0 ? '--start' : '--end'];
  if ((flags & DMA_BUF_SYNC_READ) !== 0) words.push('--read');
  if ((flags & DMA_BUF_SYNC_WRITE) !== 0) words.push('--write');
  return words.join(' ');
}

function placeOf(buffer: ReportedBuffer, length: bigint): string {
  const { ino, heap, name, offset, holder } = buffer;
  const range = `bytes ${formatHex(offset)}..${formatHex(offset + length - 1n)}`;
  const title = name === undefined || name === '' ? '' : ` "${name}"`;
  const owner = holder === undefined || holder.task === SHELL_TASK ? '' : `${holder.task}'s `;
  const what = holder === undefined ? 'a buffer' : `${owner}fd ${holder.fd}`;
  return `${range} of ${what}${title} (${heap}, ino ${ino})`;
}

function headline({ hazard }: CoherencyReport): string {
  const { cause, victim, culprit, length } = hazard;
  const [v, c, n] = [victim.name, culprit.name, bytes(length)];
  const were = length === 1n ? 'was' : 'were';
  switch (cause) {
    case 'line-not-invalidated':
      return `stale read: ${v} read ${n} from the cache that ${c} had written in memory since`;
    case 'line-not-cleaned':
      return `stale read: ${v} read ${n} of memory that ${c} had written, in the cache alone`;
    case 'dirty-line-invalidated':
      return `lost write: ${n} that ${v} had written ${were} dirty in the cache when ${c} invalidated it`;
    case 'line-written-back':
      return `lost write: ${n} that ${v} had written ${were} overwritten by a dirty cache line of ${c}`;
    case 'bounce-not-copied-back':
      return hazard.kind === 'stale-read'
        ? `stale read: ${v} read ${n} that ${c} had written into a bounce buffer only`
        : `lost write: ${n} that ${v} had written into a bounce buffer went with it`;
    case 'bounce-not-copied-in':
      return `stale read: ${v} read ${n} of a bounce buffer that lacks what ${c} had written`;
    case 'bounce-overwrote-cpu':
      return `lost write: ${n} that ${v} had written ${were} overwritten by a bounce buffer`;
    case 'bounce-overwrote-device':
      return `lost write: ${n} that ${v} had written into a bounce buffer ${were} overwritten by ${c}`;
  }
}

/** `camera's write`, and of a lost write what made it so. */
function act(who: Accessor, report: CoherencyReport, at: 'after' | 'before'): string {
  const { hazard, missing } = report;
  const isReader = hazard.kind === 'stale-read' && who.name === hazard.victim.name && at === 'before';
  if (isReader) return `${who.name}'s read`;
  const invalidates = ['dirty-line-invalidated', 'bounce-overwrote-cpu'].includes(hazard.cause);
  if (invalidates && at === 'before') return `${who.name}'s SYNC START or unmap`;
  return `${who.name}'s ${missing === undefined ? 'access' : 'write'}`;
}

const NO_SYNC: Readonly<Record<NonNullable<CoherencyReport['noSyncHelps']>, (device: string) => string>> = {
  'not-attached': (device) =>
    `no SYNC helps: ${device} has no attachment to this buffer; it ran past the end of another one, or has detached`,
  'not-mapped': (device) =>
    `no SYNC helps: ${device} is attached and not mapped; map it with a direction that has "from device", so that unmapping invalidates`,
  'no-buffer': () => 'the bytes belong to no buffer: nothing maintains the cache for them',
};

function coherencyLines(report: CoherencyReport): string[] {
  const { hazard, buffer, missing, noSyncHelps } = report;
  const where = buffer === undefined ? '' : `${placeOf(buffer, hazard.length)}, `;
  const lines = [headline(report), `  ${where}at ${formatHex(hazard.address)}`];
  if (noSyncHelps !== undefined) {
    const device =
      [hazard.victim, hazard.culprit].find(({ kind }) => kind === 'device')?.name ?? 'the device';
    lines.push(`  ${NO_SYNC[noSyncHelps](device)}`);
  }
  if (missing !== undefined) {
    const flags = syncFlagNames(missing.flags).join('|');
    const place = `after ${act(missing.after, report, 'after')} and before ${act(missing.before, report, 'before')}`;
    lines.push(`  missing: DMA_BUF_IOCTL_SYNC with ${flags} by ${missing.task}, ${place}`);
    if (buffer?.holder?.task === missing.task) {
      const task = missing.task === SHELL_TASK ? '' : `--task ${missing.task} `;
      lines.push(`  here: dmaheap ${task}sync ${buffer.holder.fd} ${syncOptions(missing.flags)}`);
    }
  }
  return lines;
}

function imageText(image: string): string {
  if (!isLoaded(image)) return `memory of ${image}, which --reserve gave`;
  return `the ${image === 'dtb' ? 'device tree' : image} that the boot loader put there`;
}

function ownerText(owner: Owner): string {
  switch (owner.kind) {
    case 'buffer':
      return `the buffer of ${owner.heap} with ino ${owner.ino}`;
    case 'device':
      return `memory that the driver of ${owner.device} took (number ${owner.buffer})`;
    case 'region':
      return `memory of ${owner.region} that no buffer has`;
    case 'image':
      return imageText(owner.image);
    case 'swiotlb':
      return 'the bounce buffers of the software IO TLB';
    case 'ram':
      return 'RAM of the page allocator: whoever has that page';
    case 'nothing':
      return 'no memory';
  }
}

function strayLines({ device, access, dmaAddress, occupant, buffer }: StrayReport): string[] {
  const { range, owner } = occupant;
  const verb = access === 'read' ? 'read' : 'wrote';
  return [
    `stray DMA: ${device} ${verb} ${bytes(range.size)} outside of what it has mapped`,
    `  hit: ${buffer === undefined ? ownerText(owner) : placeOf(buffer, range.size)}, at ${formatHex(range.base)} (${formatSize(range.size)}; ${device} calls it ${formatHex(dmaAddress)})`,
  ];
}

const SYNC = 'DMA_BUF_IOCTL_SYNC with';

function unbracketedLines(report: UnbracketedReport): string[] {
  const { task, address, length, span, bracket, missing, buffer } = report;
  const outside = bracket === 'none' ? 'outside of a SYNC bracket' : 'in a SYNC bracket without WRITE';
  const where = buffer === undefined ? '' : `${placeOf(buffer, span)}, `;
  const flags = (value: number): string => `${SYNC} ${syncFlagNames(value).join('|')}`;
  const calls = [
    ...(missing.before === undefined ? [] : [`${flags(missing.before)} before`]),
    ...(missing.after === undefined ? [] : [`${flags(missing.after)} after`]),
  ];
  return [
    `unbracketed write: ${task} wrote ${bytes(length)} ${outside}`,
    `  ${length === span ? '' : 'among '}${where}at ${formatHex(address)}`,
    `  missing: ${calls.join(', ')}`,
  ];
}

/** One report: lines without a line break at the end. */
export function explainHazard(report: Report): string[] {
  switch (report.report) {
    case 'coherency':
      return coherencyLines(report);
    case 'stray-dma':
      return strayLines(report);
    case 'dma-fault':
      return [describeFault(report.device, report.fault)];
    case 'unbracketed-write':
      return unbracketedLines(report);
  }
}

/** Reports of one story: the first in full, how many more places there are. */
export function explainGroup(group: readonly Report[]): string[] {
  const [first, ...rest] = group;
  if (first === undefined) return [];
  const lines = explainHazard(first);
  if (rest.length === 0) return lines;
  const total = rest.reduce((sum, report) => sum + reportLength(report), 0n);
  return [
    ...lines,
    `  and the same in ${rest.length} more ${rest.length === 1 ? 'place' : 'places'} (${bytes(total)})`,
  ];
}
