/** The heaps as text: `dmaheap list` and `dmaheap show heap:NAME`. */
import { BACKENDS } from '../../dma-buf/backends.ts';
import type { BufferView, HeapView, RegionView } from '../../kernel/views/views.ts';
import { isProposal } from '../../profile/accounting.ts';
import { bytesOf, formatHex, formatSize, type PfnRange } from '../../units.ts';
import { escapeText } from '../terminal/escape.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import { groupText } from '../words/groups.ts';
import { fdList } from './buffers.ts';
import { sizeExact } from './size.ts';

const COLUMNS = [
  { title: 'HEAP' },
  { title: 'BACKEND' },
  { title: 'MINOR', right: true },
  { title: 'REGION' },
  { title: 'BASE', right: true },
  { title: 'SIZE', right: true },
  { title: 'FREE', right: true },
  { title: 'LARGEST', right: true },
  { title: 'BUFFERS', right: true },
];

const RULE_COLUMNS = [{ title: 'MODE', right: true }, { title: 'GROUP' }];

/** The heaps in the order of their minors; who may open them where a udev rule says it. */
export function renderHeaps(heaps: readonly HeapView[], ink: Ink = NO_INK): string {
  const ruled = heaps.some(({ mode, gid }) => mode !== '600' || gid !== 0);
  const columns = ruled ? [...COLUMNS, ...RULE_COLUMNS] : COLUMNS;
  const rows = heaps.map((heap) => [
    escapeText(heap.name),
    heap.backend,
    String(heap.minor),
    heap.region === undefined ? '-' : escapeText(heap.region),
    heap.base === undefined ? '-' : formatHex(heap.base),
    formatSize(heap.size),
    formatSize(heap.free),
    formatSize(heap.largest),
    String(heap.buffers),
    modeText(heap.mode),
    groupText(heap.gid),
  ]);
  return renderTable(columns, rows, ink.title);
}

/** Which controller of cgroups each heap charges: `dmaheap list --cgroup`. */
export function renderCharges(heaps: readonly HeapView[], ink: Ink = NO_INK): string {
  const columns = [
    { title: 'HEAP' },
    { title: 'BACKEND' },
    { title: 'CONTROLLER' },
    { title: 'REGION' },
    { title: 'SWITCH' },
  ];
  const rows = heaps.map(({ name, backend, charges }) => {
    const { by } = BACKENDS[backend].account;
    const off = `${by} is off${isProposal(by) ? ' (a proposal)' : ''}`;
    return [
      escapeText(name),
      backend,
      charges?.controller ?? '-',
      escapeText(charges?.region ?? '-'),
      charges === undefined ? off : by,
    ];
  });
  return renderTable(columns, rows, ink.title);
}

/** Permission bits as a udev rule has them: `0660`. */
const modeText = (mode: string): string => mode.padStart(4, '0');

/** What is said of a heap by its backend. */
const wordsOf = ({ backend }: HeapView) => BACKENDS[backend].words;

/** Pages that are used, and by no buffer. */
function othersFact(heap: HeapView, buffers: readonly BufferView[]): (readonly [string, string])[] {
  const who = wordsOf(heap).others;
  const others = buffers.reduce((left, buffer) => left - buffer.size, heap.size - heap.free);
  return who === undefined || others <= 0n ? [] : [['other', `${sizeExact(others)} ${who}`]];
}

/** What lies where in a heap's memory, by address: buffers, and what is free between them. */
function renderMap(
  buffers: readonly BufferView[],
  freeRuns: readonly PfnRange[],
  pageSize: number,
  ink: Ink,
  task: string,
): string {
  const taken = buffers.flatMap(({ fds, name, sgTable }) =>
    sgTable.map((run) => ({ run, fd: fdList(fds, task), name: name ?? '-' })),
  );
  const free = freeRuns.map((run) => ({ run, fd: '', name: 'free' }));
  const rows = [...taken, ...free].sort((a, b) => a.run.pfn - b.run.pfn);
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
 */
export function renderHeap(
  heap: HeapView,
  region: RegionView | undefined,
  buffers: readonly BufferView[],
  freeRuns: readonly PfnRange[],
  ink: Ink = NO_INK,
  task = 'shell',
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
  const others = (region?.heaps ?? []).filter((name) => name !== heap.name);
  if (others.length > 0) facts.push(['also as', others.map(escapeText).join(', ')]);
  facts.push(
    ['size', sizeExact(heap.size)],
    ['free', sizeExact(heap.free)],
    ...othersFact(heap, buffers),
    ['largest', `${sizeExact(heap.largest)}: ${wordsOf(heap).largest}`],
    ['buffers', String(heap.buffers)],
  );
  const map = renderMap(buffers, freeRuns, heap.pageSize, ink, task);
  const { caveat } = wordsOf(heap);
  return renderFacts(facts) + map + (caveat === undefined ? '' : `\n${ink.dim(caveat)}\n`);
}
