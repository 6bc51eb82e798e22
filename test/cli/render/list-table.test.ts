/** Tables fit into any width, whatever stands in them; what is asked for is there. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bufferColumns, renderBuffers } from '../../../src/cli/render/buffers.ts';
import { DEVICE_COLUMNS, renderDevices } from '../../../src/cli/render/devices.ts';
import { HEAP_COLUMNS, renderHeaps } from '../../../src/cli/render/heaps.ts';
import { REGION_COLUMNS, renderRegions } from '../../../src/cli/render/regions.ts';
import { renderTasks, TASK_COLUMNS } from '../../../src/cli/render/tasks.ts';
import { NO_INK } from '../../../src/cli/terminal/ink.ts';
import {
  type ListColumn,
  type ListWishes,
  type Page,
  renderList,
} from '../../../src/cli/terminal/list-table.ts';
import { cutName } from '../../../src/cut-text.ts';
import type { BufferView, HeapView, RegionView, TaskView } from '../../../src/kernel/views/views.ts';
import type { Device } from '../../../src/mm/dma/device.ts';
import { parseSize } from '../../../src/units.ts';

const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z,._-]{0,40}@[0-9a-f]{4,16}$/),
  fc.constantFrom('system', 'linux,cma', '-', 'é\u202e\x1b[31m', '📷'.repeat(30), 'x'.repeat(31)),
);
const bytes = fc.oneof(
  fc.bigInt(0n, (1n << 25n) - 1n).map((pages) => pages << 12n),
  fc.constantFrom(0n, 1n, 1n << 20n, 64n << 20n, 1n << 40n),
);
const address = fc.bigInt(0n, (1n << 48n) - 1n);
const count = fc.integer({ min: 0, max: 100_000 });

const heap: fc.Arbitrary<HeapView> = fc.record(
  {
    name,
    minor: fc.integer({ min: 0, max: 255 }),
    mode: fc.constantFrom('600', '660'),
    gid: fc.constantFrom(0, 44, 993),
    backend: fc.constantFrom('system', 'cma', 'coherent'),
    region: name,
    base: address,
    pageSize: fc.constant(4096),
    size: bytes,
    free: bytes,
    largest: bytes,
    buffers: count,
    devices: fc.constant([]),
  },
  {
    requiredKeys: [
      'name',
      'minor',
      'mode',
      'gid',
      'backend',
      'pageSize',
      'size',
      'free',
      'largest',
      'buffers',
      'devices',
    ],
  },
);
const region: fc.Arbitrary<RegionView> = fc.record(
  {
    name,
    origin: fc.constantFrom('static', 'dynamic', 'cmdline', 'config'),
    base: address,
    size: bytes,
    noMap: fc.boolean(),
    reusable: fc.boolean(),
    kind: fc.constantFrom('cma', 'coherent', 'reserved', 'none'),
    heaps: fc.array(name, { maxLength: 3 }),
    isDefault: fc.boolean(),
  },
  { requiredKeys: ['name', 'origin', 'noMap', 'reusable', 'kind', 'heaps', 'isDefault'] },
);
const attachment = fc.record({ id: count, device: name, task: name, references: fc.constant(1) });
const buffer: fc.Arbitrary<BufferView> = fc.record({
  ino: count,
  heap: name,
  expName: name,
  size: bytes,
  flags: fc.constant(2),
  name,
  count,
  fds: fc.array(fc.record({ task: fc.constantFrom('shell', 'camera'), fd: count, cloexec: fc.boolean() })),
  mappings: fc.constantFrom([], [{ task: 'shell', id: 1, offset: 0n, length: 4096n, prot: 3, shared: true }]),
  attachments: fc.array(attachment, { maxLength: 3 }),
  sgTable: fc.array(fc.record({ pfn: count, pages: count }), { maxLength: 3 }),
  pageSize: fc.constant(4096),
  call: count,
  maker: name,
});
const task: fc.Arbitrary<TaskView> = fc.record({
  name,
  pid: count,
  uid: count,
  gid: count,
  groups: fc.array(count, { maxLength: 20 }),
  nofile: count,
  fds: fc.array(
    fc.record({ fd: count, cloexec: fc.boolean(), kind: fc.constant('dma_buf' as const), ino: count }),
  ),
  mappings: count,
  attachments: count,
});
const device: fc.Arbitrary<Device> = fc.record({
  name,
  path: name.map((one) => `/soc@0/${one}`),
  dmaCoherent: fc.boolean(),
  dmaMask: address,
  busDmaLimit: address,
  dmaRanges: fc.array(fc.record({ cpu: address, dma: address, size: bytes }), { maxLength: 2 }),
  iommu: fc.boolean(),
  maxSegSize: count,
  importer: fc.constantFrom('vb2', 'drm'),
  contiguous: fc.boolean(),
  memoryRegions: fc.array(name, { maxLength: 3 }),
  origin: fc.constantFrom('board', 'added'),
});

const page: fc.Arbitrary<Page> = fc.record({
  width: fc.integer({ min: 40, max: 200 }),
  ellipsis: fc.constantFrom('..', '…'),
});
const wishesOf = (columns: readonly ListColumn<never>[]): fc.Arbitrary<ListWishes> =>
  fc.record(
    {
      output: fc.subarray(
        columns.map(({ title }) => title),
        { minLength: 1 },
      ),
      bytes: fc.boolean(),
      headings: fc.boolean(),
    },
    { requiredKeys: [] },
  );

const TABLES = {
  list: [HEAP_COLUMNS, heap, renderHeaps],
  regions: [REGION_COLUMNS, region, renderRegions],
  buffers: [
    bufferColumns('shell'),
    buffer,
    (rows: readonly BufferView[], _: unknown, page: Page, wishes: ListWishes) =>
      renderBuffers(rows, NO_INK, 'shell', page, wishes),
  ],
  tasks: [TASK_COLUMNS, task, renderTasks],
  devices: [
    DEVICE_COLUMNS,
    device.chain((device) =>
      fc.array(attachment, { maxLength: 2 }).map((attachments) => ({ device, attachments })),
    ),
    renderDevices,
  ],
} as unknown as Readonly<
  Record<
    string,
    readonly [
      columns: readonly ListColumn<never>[],
      row: fc.Arbitrary<never>,
      render: (rows: readonly never[], ink: typeof NO_INK, page: Page, wishes: ListWishes) => string,
    ]
  >
>;

describe.each(Object.entries(TABLES))('%s', (_, [columns, row, render]) => {
  const cutsNames = (column: ListColumn<never>) => 'name' in column && column.name === true;

  it('is no wider than its page, but for numbers that were asked for', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), page, wishesOf(columns), (rows, page, wishes) => {
        const table = renderList(columns, rows, wishes, page);
        const lines = table.trimEnd().split('\n');
        expect(lines).toHaveLength(rows.length + (wishes.headings === false ? 0 : 1));
        const widest = Math.max(...lines.map((line) => line.length));
        const asked = wishes.output?.map((title) => columns.find((column) => column.title === title));
        if (asked?.length === 1) return;
        // What cannot be cut: the same table with every name as short as it gets.
        const least =
          asked === undefined
            ? 0
            : Math.max(
                ...renderList(
                  columns.map((column) => (cutsNames(column) ? { ...column, text: () => 'xxxx' } : column)),
                  rows,
                  wishes,
                  { ...page, width: 9999 },
                )
                  .split('\n')
                  .map((line) => line.length),
              );
        expect(widest).toBeLessThanOrEqual(Math.max(page.width, least));
      }),
    );
  });

  it('has every column that is asked for, in that order, and one unit in each', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), page, wishesOf(columns), (rows, page, wishes) => {
        const all = { ...wishes, headings: true, output: wishes.output ?? columns.map(({ title }) => title) };
        const [titles = '', ...lines] = renderList(columns, rows, all, page).trimEnd().split('\n');
        expect(titles.trim().split(/ +/)).toEqual(all.output);
        for (const column of columns) {
          if (!('bytes' in column) || !all.output.includes(column.title)) continue;
          const cells = renderList(columns, rows, { ...wishes, output: [column.title] }, page)
            .trimEnd()
            .split('\n')
            .slice(wishes.headings === false ? 0 : 1)
            .map((cell) => cell.trim());
          const units = new Set(
            cells.filter((cell) => !['0', '-'].includes(cell)).map((cell) => cell.replace(/\d+/, '')),
          );
          expect(units.size).toBeLessThanOrEqual(1);
          if (wishes.bytes === true) expect([...units].join('')).toBe('');
          // What the command line reads, exactly.
          expect(cells.map((cell) => (cell === '-' ? undefined : parseSize(cell)))).toEqual(
            rows.map(column.bytes),
          );
        }
        expect(lines).toHaveLength(rows.length);
      }),
    );
  });

  it('is whole in a column alone, and where there is room', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1 }), page, (rows, page) => {
        for (const column of columns) {
          if (!('text' in column) || !cutsNames(column)) continue;
          const alone = { output: [column.title], headings: false };
          const texts = rows.map((one) => column.text(one).trimEnd());
          expect(renderList(columns, rows, alone, page).split('\n').slice(0, -1)).toEqual(texts);
        }
        const wide = renderList(columns, rows, {}, { ...page, width: 9999 });
        const shown = columns.filter(({ shown }) => shown === undefined || shown === 'room');
        for (const column of shown) {
          if ('text' in column) for (const one of rows) expect(wide).toContain(column.text(one).trim());
        }
      }),
    );
  });

  it('is rows alone without headings, also as its command prints it', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 0 }), page, (rows, page) => {
        const text = render(rows, NO_INK, page, { headings: false });
        expect(text.split('\n')).toHaveLength(rows.length + 1);
      }),
    );
  });
});

it('cuts names in the middle', () => {
  expect(cutName('video-cma@60000000', 18, '..')).toBe('video-cma@60000000');
  expect(cutName('video-cma@60000000', 12, '..')).toBe('video..00000');
  expect(cutName('video-cma@60000000', 12, '…')).toBe('video-…00000');
  expect(cutName('📷📷📷📷📷📷', 6, '…')).toBe('📷…📷');
});

it('leaves out what there is no room for, cuts names, and then leaves out the last columns', () => {
  const columns: readonly ListColumn<string>[] = [
    { title: 'NAME', name: true, text: (row) => row },
    { title: 'SIZE', bytes: () => 4096n },
    { title: 'MORE', shown: 'room', text: () => 'more' },
    { title: 'ASKED', shown: 'asked', text: () => 'asked' },
  ];
  const at = (width: number, wishes: ListWishes = {}) =>
    renderList(columns, ['a-name-of-20-letters'], wishes, { width, ellipsis: '..' }).split('\n')[1];
  expect(at(80)).toBe('a-name-of-20-letters    4K  more');
  expect(at(31)).toBe('a-name-of-20-letters    4K');
  expect(at(20)).toBe('a-name..etters    4K');
  expect(at(16)).toBe('a-na..ters    4K');
  expect(at(12)).toBe('a-nam..tters');
  expect(at(16, { output: ['NAME', 'ASKED'] })).toBe('a-na..ers  asked');
});
