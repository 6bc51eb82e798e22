/** What may mend a region, by what is wrong with it: each is tried before it is told. */
import type { Board, ReservedMemNode } from '../board/board.ts';
import { baseNameOf } from '../devicetree/node-lookup.ts';
import { type DtNode, getProperty } from '../devicetree/tree.ts';
import { CELL, numberAt } from '../devicetree/value.ts';
import type { RegionView } from '../kernel/views/views.ts';
import { pageblockBytes } from '../profile/profile.ts';
import { formatHex, formatSize, GiB, MiB, roundDown, roundUp } from '../units.ts';
import type { Repair } from './finding.ts';
import { cellsValue, exactNode, joined, type TreeEdit, textValue } from './tree-edit.ts';
import { cmdlineOf, type Trial, withWord } from './trial.ts';

/** Paths that were looked for before: a hostile tree has many children, and many findings. */
const RESERVED_PATHS = new WeakMap<Board, string>();

/** The path of /reserved-memory, whatever its unit address. */
export function reservedPath(board: Board): string {
  const known = RESERVED_PATHS.get(board);
  if (known !== undefined) return known;
  const node = board.tree?.root.children.find(({ name }) => baseNameOf(name) === 'reserved-memory');
  const path = `/${node?.name ?? 'reserved-memory'}`;
  RESERVED_PATHS.set(board, path);
  return path;
}

export const regionPath = (board: Board, name: string): string => `${reservedPath(board)}/${name}`;

/** The tree's node of a region. */
export const regionNode = (board: Board, name: string): DtNode | undefined =>
  board.tree && exactNode(board.tree.root, regionPath(board, name));

const hasUnit = (name: string): boolean => name.includes('@');

/** Base and size in the cells of the root. */
export const pairValue = ({ addressCells, sizeCells }: Board, base: bigint, size: bigint): Uint8Array =>
  joined([cellsValue([base], addressCells), cellsValue([size], sizeCells)]);

export const setReg = (board: Board, name: string, base: bigint, size: bigint): TreeEdit[] => {
  const path = regionPath(board, name);
  const edits: TreeEdit[] = [{ edit: 'set', path, property: 'reg', value: pairValue(board, base, size) }];
  const called = `${baseNameOf(name)}@${base.toString(16)}`;
  return hasUnit(name) && called !== name ? [...edits, { edit: 'rename', path, name: called }] : edits;
};

/** A fixed place given up: Linux looks for one. */
export function anywhere(board: Board, name: string, size: bigint): Repair {
  const path = regionPath(board, name);
  const node = regionNode(board, name);
  const edits: TreeEdit[] = [
    { edit: 'delete', path, property: 'reg' },
    { edit: 'set', path, property: 'size', value: cellsValue([size], board.sizeCells) },
  ];
  if (node !== undefined && hasUnit(name)) edits.push({ edit: 'rename', path, name: baseNameOf(name) });
  return { edits, say: `size instead of reg, so that Linux finds a place for its ${formatSize(size)}` };
}

const isPool = (node: ReservedMemNode | undefined): boolean =>
  node?.compatible.some((name) => name.toLowerCase() === 'shared-dma-pool') === true;

export const nodeOf = ({ board }: Pick<Trial, 'board'>, name: string): ReservedMemNode | undefined =>
  board.reservedMemory?.nodes.find((node) => node.name === name);

/** Moves a pool that is in somebody's way. */
export function moveRepairs(trial: Trial, name: string): readonly Repair[] {
  const node = nodeOf(trial, name);
  const size = node?.reg?.[0]?.size;
  return isPool(node) && size !== undefined && size > 0n ? [anywhere(trial.board, name, size)] : [];
}

/** A value's numbers, read in cells of one width. */
const readNumbers = (value: Uint8Array, widths: readonly number[]): readonly bigint[] | undefined => {
  const entry = widths.reduce((sum, cells) => sum + cells, 0) * CELL;
  if (entry === 0 || value.length === 0 || value.length % entry !== 0) return undefined;
  const numbers: bigint[] = [];
  for (let at = 0; at < value.length / CELL; ) {
    for (const cells of widths) {
      numbers.push(numberAt(value, at, cells));
      at += cells;
    }
  }
  return numbers;
};

/** The properties of a region that are made of cells, and of which. */
function widthsOf(
  property: string,
  { addressCells: a, sizeCells: s }: Pick<Board, 'addressCells' | 'sizeCells'>,
): readonly number[] {
  if (property === 'size') return [s];
  return property === 'alignment' ? [a] : [a, s];
}

/** The same numbers in the root's cells. @param from the cells in which they were written */
function inRootCells(
  board: Board,
  name: string,
  property: string,
  from: Pick<Board, 'addressCells' | 'sizeCells'>,
): TreeEdit | undefined {
  const node = regionNode(board, name);
  const before = node && getProperty(node, property);
  const numbers = before && readNumbers(before.value, widthsOf(property, from));
  if (numbers === undefined) return undefined;
  const widths = widthsOf(property, board);
  const value = joined(numbers.map((number, i) => cellsValue([number], widths[i % widths.length] ?? 1)));
  return { edit: 'set', path: regionPath(board, name), property, value };
}

/** Values of the wrong length, taken for numbers of other cells. */
function widthRepairs(board: Board, name: string, property: string): readonly Repair[] {
  const own = board.reservedMemory;
  const candidates = [
    ...(own === undefined ? [] : [{ addressCells: own.addressCells, sizeCells: own.sizeCells }]),
    ...[1, 2].flatMap((addressCells) => [1, 2].map((sizeCells) => ({ addressCells, sizeCells }))),
  ].filter(
    ({ addressCells, sizeCells }) => addressCells !== board.addressCells || sizeCells !== board.sizeCells,
  );
  return candidates.flatMap((from) => {
    const edit = inRootCells(board, name, property, from);
    return edit === undefined ? [] : [{ edits: [edit], say: `${property} written in the root's cells` }];
  });
}

/** Cells and ranges of /reserved-memory as Linux wants them, and what stands in other cells rewritten. */
export function formatRepairs({ board }: Trial): readonly Repair[] {
  const { reservedMemory, addressCells, sizeCells } = board;
  if (reservedMemory === undefined) return [];
  const path = reservedPath(board);
  const head: TreeEdit[] = [];
  const set = (property: string, value: Uint8Array) => head.push({ edit: 'set', path, property, value });
  if (reservedMemory.addressCells !== addressCells)
    set('#address-cells', cellsValue([BigInt(addressCells)], 1));
  if (reservedMemory.sizeCells !== sizeCells) set('#size-cells', cellsValue([BigInt(sizeCells)], 1));
  if (!reservedMemory.ranges) set('ranges', new Uint8Array());
  const properties = ['reg', 'size', 'alignment', 'alloc-ranges'];
  const rewritten = reservedMemory.nodes.flatMap(({ name }) =>
    properties.flatMap((property) => inRootCells(board, name, property, reservedMemory) ?? []),
  );
  const say = `the root's cells and ranges for ${path}`;
  return [
    ...(rewritten.length > 0
      ? [{ edits: [...head, ...rewritten], say: `${say}, and its children written in them` }]
      : []),
    { edits: head, say },
  ];
}

/** The nearest place and size of whole pageblocks: not smaller, where there is room. */
function alignedRepairs(trial: Trial, region: RegionView, unit: bigint): readonly Repair[] {
  const { board } = trial;
  const { name, base = 0n, size = 0n, origin } = region;
  if (origin === 'dynamic') {
    const path = regionPath(board, name);
    const value = cellsValue([roundUp(size, unit)], board.sizeCells);
    return [
      {
        edits: [{ edit: 'set', path, property: 'size', value }],
        say: `a size of ${formatSize(roundUp(size, unit))}`,
      },
    ];
  }
  const end = base + size;
  const candidates = [
    [roundDown(base, unit), roundUp(end, unit)],
    [roundUp(base, unit), roundUp(base, unit) + roundUp(size, unit)],
    [roundUp(base, unit), roundDown(end, unit)],
  ] as const;
  return candidates
    .filter(([from, to]) => to > from)
    .map(([from, to]) => ({
      edits: setReg(board, name, from, to - from),
      say: `base ${formatHex(from)} and size ${formatSize(to - from)}`,
    }));
}

function roomRepairs(trial: Trial, { name, detail }: RegionView): readonly Repair[] {
  const { board } = trial;
  const path = regionPath(board, name);
  const node = nodeOf(trial, name);
  const repairs: Repair[] = [];
  if (node?.allocRanges !== undefined || node?.allocRangesMalformed === true) {
    repairs.push({
      edits: [{ edit: 'delete', path, property: 'alloc-ranges' }],
      say: 'no alloc-ranges: Linux finds a place anywhere',
    });
  }
  if (detail?.is === 'room' && detail.largest !== undefined) {
    const size = roundDown(detail.largest.size, detail.alignment === 0n ? 4096n : detail.alignment);
    if (size > 0n) {
      const value = cellsValue([size], board.sizeCells);
      repairs.push({
        edits: [{ edit: 'set', path, property: 'size', value }],
        say: `a size of ${formatSize(size)}, the largest that fits`,
      });
    }
  }
  return repairs;
}

/** Both sides of the border that an area lies across. */
function zoneRepairs(trial: Trial, { name, base = 0n, size = 0n, origin }: RegionView): readonly Repair[] {
  const { board } = trial;
  const borders = [4n * GiB, (board.dmaMaxCpuAddress ?? 0n) + 1n].filter(
    (border) => border > base && border < base + size,
  );
  if (origin === 'dynamic') {
    const path = regionPath(board, name);
    const ram = trial.params.memory ?? board.memory;
    const [start = 0n] = ram.map((range) => range.base).sort((a, b) => (a < b ? -1 : 1));
    return borders
      .filter((border) => border > start)
      .map((border) => {
        const value = pairValue(board, start, border - start);
        const say = `alloc-ranges that end at the border, ${formatHex(border)}`;
        return { edits: [{ edit: 'set', path, property: 'alloc-ranges', value }], say };
      });
  }
  return borders.flatMap((border) => {
    const sides = [
      { base, size: border - base },
      { base: border, size: base + size - border },
    ].sort((a, b) => (a.size > b.size ? -1 : 1));
    return sides.map((side) => ({
      edits: setReg(board, name, side.base, side.size),
      say: `the side of ${formatHex(border)} alone: ${formatHex(side.base)}, ${formatSize(side.size)}`,
    }));
  });
}

const MIB_TEXT = (size: bigint): string => `${size / MiB}M`;

function defaultAreaRepairs(trial: Trial, { detail }: RegionView): readonly Repair[] {
  if (detail?.is !== 'default-area') return [];
  const cmdline = cmdlineOf(trial);
  const cma = (word: string): Repair => ({
    cmdline: withWord(cmdline, 'cma', word),
    say: `${word} on the command line`,
  });
  const most = detail.largest === undefined ? 0n : roundDown(detail.largest.size, detail.pageblock);
  return [
    ...(detail.base !== 0n ? [cma(`cma=${MIB_TEXT(detail.size)}`)] : []),
    ...(most >= MiB ? [cma(`cma=${MIB_TEXT(most)}`)] : []),
  ];
}

/** What may mend a region that is no heap, by why it is none. */
export function regionRepairs(trial: Trial, region: RegionView): readonly Repair[] {
  const { board, profile } = trial;
  const { name, why } = region;
  const path = regionPath(board, name);
  const set = (property: string, value: Uint8Array, say: string): Repair => ({
    edits: [{ edit: 'set', path, property, value }],
    say,
  });
  const without = (property: string): Repair => ({
    edits: [{ edit: 'delete', path, property }],
    say: `no ${property}`,
  });
  switch (why) {
    case 'unsupported-format':
      return formatRepairs(trial);
    case 'malformed-reg':
      return widthRepairs(board, name, 'reg');
    case 'invalid-size':
      return widthRepairs(board, name, 'size');
    case 'invalid-alignment':
      return widthRepairs(board, name, 'alignment');
    case 'cma-misaligned':
      return alignedRepairs(trial, region, pageblockBytes(profile));
    case 'mapped-page':
      return alignedRepairs(trial, region, profile.geometry.page);
    case 'mapped-ram':
    case 'coherent-not-no-map':
      return [set('no-map', new Uint8Array(), 'no-map added')];
    case 'reusable-and-no-map':
      return [without('no-map'), without('reusable')];
    case 'no-room':
      return roomRepairs(trial, region);
    case 'reserve-failed':
      return moveRepairs(trial, name);
    case 'cma-across-zones':
      return zoneRepairs(trial, region);
    case 'default-area-failed':
      return defaultAreaRepairs(trial, region);
    case 'skipped-for-cmdline':
      return [{ cmdline: withWord(cmdlineOf(trial), 'cma'), say: 'no cma= on the command line' }];
    case 'cma-no-slot': {
      const areas = profile.config.CONFIG_CMA_AREAS;
      const more = (board.reservedMemory?.nodes.length ?? 0) + 1;
      return areas + more > 128
        ? []
        : [{ config: { CONFIG_CMA_AREAS: String(areas + more) }, say: `CONFIG_CMA_AREAS=${areas + more}` }];
    }
    case 'cma-not-configured':
      return [{ config: { CONFIG_DMABUF_HEAPS_CMA: 'y' }, say: 'CONFIG_DMABUF_HEAPS_CMA=y' }];
    case 'name-taken':
    case 'no-cma-heaps': {
      const unit = hasUnit(name) ? name.slice(name.indexOf('@')) : '';
      const called = `${baseNameOf(name)}-pool${unit}`;
      return nodeOf(trial, name) === undefined
        ? []
        : [{ edits: [{ edit: 'rename', path, name: called }], say: `the name ${called}` }];
    }
    case 'not-shared-dma-pool': {
      const purpose = region.detail?.is === 'purpose' ? region.detail.purpose : undefined;
      if (purpose?.for !== 'pool') return [];
      return [set('compatible', textValue('shared-dma-pool'), 'compatible = "shared-dma-pool"')];
    }
    default:
      return [];
  }
}
