/** The heaps as text: `dmaheap list` and `dmaheap show heap:NAME`. */
import { BACKENDS, chargedBy } from '../../dma-buf/backends.ts';
import { escapeText } from '../../escape-text.ts';
import type { DeviceMemoryView } from '../../kernel/views/device-memory-view.ts';
import type { BufferView, HeapView, RegionView } from '../../kernel/views/views.ts';
import { isProposal } from '../../profile/accounting.ts';
import { groupText } from '../../program/group-names.ts';
import { bytesOf, formatHex, formatSize, type PfnRange } from '../../units.ts';
import { modeText } from '../json/json.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { type ListColumn, type ListWishes, PAGE, type Page, renderList } from '../terminal/list-table.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import { fdList } from './buffers.ts';
import { sizeExact } from './size.ts';

export const HEAP_COLUMNS: readonly ListColumn<HeapView>[] = [
  { title: 'HEAP', name: true, text: ({ name }) => escapeText(name) },
  { title: 'BACKEND', text: ({ backend }) => backend },
  { title: 'BASE', right: true, text: ({ base }) => (base === undefined ? '-' : formatHex(base)) },
  { title: 'SIZE', bytes: ({ size }) => size },
  { title: 'FREE', bytes: ({ free }) => free },
  { title: 'LARGEST', bytes: ({ largest }) => largest },
  { title: 'BUFFERS', right: true, text: ({ buffers }) => String(buffers) },
  { title: 'MINOR', right: true, shown: 'room', text: ({ minor }) => String(minor) },
  { title: 'REGION', name: true, shown: 'room', text: ({ region = '-' }) => escapeText(region) },
  { title: 'MODE', right: true, shown: 'asked', text: ({ mode }) => modeText(mode) },
  { title: 'GROUP', shown: 'asked', text: ({ gid }) => groupText(gid) },
  { title: 'DECLARED', shown: 'asked', text: ({ declared }) => escapeText(declared?.by ?? '-') },
  { title: 'CONTROLLER', shown: 'asked', text: ({ charges }) => charges?.controller ?? '-' },
  { title: 'CHARGED', name: true, shown: 'asked', text: ({ charges }) => escapeText(charges?.region ?? '-') },
  { title: 'SWITCH', shown: 'asked', text: switchText },
];

/** Which controller of cgroups each heap charges: `dmaheap list --cgroup`. */
export const CHARGE_COLUMNS: readonly string[] = ['HEAP', 'BACKEND', 'CONTROLLER', 'CHARGED', 'SWITCH'];

function switchText(heap: HeapView): string {
  const by = chargedBy(heap)?.by;
  if (by === undefined) return 'none';
  const { charges } = heap;
  return charges === undefined ? `${by} is off${isProposal(by) ? ' (a proposal)' : ''}` : by;
}

/** Heaps by what they have in common, where that is something. */
function groupsOf(heaps: readonly HeapView[], keyOf: (heap: HeapView) => string | undefined): string[][] {
  const groups = new Map<string, string[]>();
  for (const heap of heaps) {
    const key = keyOf(heap);
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), escapeText(heap.name)]);
  }
  return [...groups.values()];
}

/** What a table of heaps does not say: that some are one area, and who may open them where a udev rule says it. */
function notes(heaps: readonly HeapView[]): string[] {
  const areas = groupsOf(heaps, ({ region }) => region).filter(({ length }) => length > 1);
  const rules = new Map(
    heaps.map(({ mode, gid }) => [`mode ${modeText(mode)}, group ${groupText(gid)}`, { mode, gid }]),
  );
  const ruled = [...rules].filter(([, { mode, gid }]) => mode !== '600' || gid !== 0);
  const declarers = [...new Set(heaps.flatMap(({ declared }) => declared?.by ?? []))];
  const declared = declarers.map((by) => {
    const names = heaps.filter((heap) => heap.declared?.by === by).map(({ name }) => escapeText(name));
    return `Declared by ${escapeText(by)}, not mainline: ${names.join(' ')}`;
  });
  return [
    ...areas.map((names) => `${names.join(' and ')} are names of one area.`),
    ...ruled.map(([rule]) => `The nodes have ${rule}.`),
    ...declared,
  ];
}

/** The heaps in the order of their minors. */
export function renderHeaps(
  heaps: readonly HeapView[],
  ink: Ink = NO_INK,
  page: Page = PAGE,
  wishes: ListWishes = {},
): string {
  const table = renderList(HEAP_COLUMNS, heaps, wishes, page, ink.title);
  const told = wishes.headings === false ? [] : notes(heaps);
  return table + (told.length === 0 ? '' : `\n${told.map((note) => `${note}\n`).join('')}`);
}

/** What is said of a heap by its backend. */
const wordsOf = ({ backend }: HeapView) => BACKENDS[backend].words;

/** What was declared of a heap, in one line. */
function declaredText({ by, cached, zone, source }: NonNullable<HeapView['declared']>): string {
  const what = [
    `by ${escapeText(by)}, not mainline`,
    ...(cached ? [] : ['not cached by the CPU']),
    ...(zone === undefined ? [] : [`zone ${zone} and below`]),
    ...(source === undefined ? [] : [`source: ${escapeText(source)}`]),
  ];
  return what.join('; ');
}

/** Pages that are used, and by no buffer. */
function othersFact(heap: HeapView, buffers: readonly BufferView[]): (readonly [string, string])[] {
  const who = wordsOf(heap).others;
  const held = heap.devices.reduce((sum, { pages }) => sum + BigInt(pages * heap.pageSize), 0n);
  const others = buffers.reduce((left, buffer) => left - buffer.size, heap.size - heap.free - held);
  return who === undefined || others <= 0n ? [] : [['other', `${sizeExact(others)} ${who}`]];
}

/** Pages that devices' drivers hold. */
const deviceFacts = ({ devices, pageSize }: HeapView): (readonly [string, string])[] =>
  devices.map(({ device, pages, buffers }) => [
    'held by',
    `the driver of ${escapeText(device)}: ${sizeExact(BigInt(pages * pageSize))} in ${buffers}`,
  ]);

/** What lies where in a heap's memory, by address: buffers, and what is free between them. */
function renderMap(
  buffers: readonly BufferView[],
  memory: readonly DeviceMemoryView[],
  freeRuns: readonly PfnRange[],
  pageSize: number,
  ink: Ink,
  task: string,
): string {
  const taken = buffers.flatMap(({ fds, name, sgTable }) =>
    sgTable.map((run) => ({ run, fd: fdList(fds, task), name: name ?? '-' })),
  );
  const free = freeRuns.map((run) => ({ run, fd: '', name: 'free' }));
  const held = memory.flatMap(({ frames, device, id }) =>
    frames.map((run) => ({ run, fd: '', name: `${device}, number ${id}` })),
  );
  const rows = [...taken, ...held, ...free].sort((a, b) => a.run.pfn - b.run.pfn);
  if (rows.length === 0) return '';
  const columns = [
    { title: 'ADDRESS' },
    { title: 'PAGES', right: true },
    { title: 'SIZE', right: true },
    { title: 'FD' },
    { title: 'NAME' },
  ];
  const cells = rows.map(({ run, fd, name }) => {
    const { base, size } = bytesOf(run, pageSize);
    return [formatHex(base), String(run.pages), formatSize(size), fd, escapeText(name)];
  });
  return `\n${renderTable(columns, cells, ink.title)}`;
}

/**
 * One heap, where its buffers lie and what is free.
 *
 * @param region the region behind it, where it has one
 * @param buffers the buffers that were allocated from this region, under whichever of its names
 * @param freeRuns what is free in it, ascending
 * @param task whose descriptors stand without a name
 * @param memory what devices' drivers hold of it
 */
export function renderHeap(
  heap: HeapView,
  region: RegionView | undefined,
  buffers: readonly BufferView[],
  freeRuns: readonly PfnRange[],
  ink: Ink = NO_INK,
  task = 'shell',
  memory: readonly DeviceMemoryView[] = [],
): string {
  const facts: (readonly [string, string])[] = [
    ['heap', escapeText(heap.name)],
    ['device', `/dev/dma_heap/${escapeText(heap.name)}, minor ${heap.minor}`],
    ['access', `mode ${modeText(heap.mode)}, user 0 (root), group ${groupText(heap.gid)}`],
    ['backend', heap.backend],
  ];
  if (heap.region !== undefined) {
    const properties = [
      region?.noMap === true ? 'no-map' : '',
      region?.reusable === true ? 'reusable' : '',
      region?.isDefault === true ? 'the default CMA area' : '',
    ].filter((word) => word !== '');
    facts.push(['region', [escapeText(heap.region), ...properties].join(', ')]);
  }
  if (heap.base !== undefined) {
    facts.push(['range', `${formatHex(heap.base)}..${formatHex(heap.base + heap.size - 1n)}`]);
  }
  if (heap.declared !== undefined) facts.push(['declared', declaredText(heap.declared)]);
  const others = (region?.heaps ?? []).filter((name) => name !== heap.name);
  if (others.length > 0) facts.push(['also as', others.map(escapeText).join(', ')]);
  facts.push(
    ['size', sizeExact(heap.size)],
    ['free', sizeExact(heap.free)],
    ...deviceFacts(heap),
    ...othersFact(heap, buffers),
    ['largest', `${sizeExact(heap.largest)}: ${wordsOf(heap).largest}`],
    ['buffers', String(heap.buffers)],
  );
  const map = renderMap(buffers, memory, freeRuns, heap.pageSize, ink, task);
  const { caveat } = wordsOf(heap);
  return renderFacts(facts) + map + (caveat === undefined ? '' : `\n${ink.dim(caveat)}\n`);
}
