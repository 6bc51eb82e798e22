/** The region of a heap at another size, booted: where it is, grown downwards, or wherever Linux finds a place. */
import { baseNameOf } from '../devicetree/node-lookup.ts';
import type { DtNode } from '../devicetree/tree.ts';
import type { RegionView } from '../kernel/views/views.ts';
import { pageblockBytes } from '../profile/profile.ts';
import { formatSize, KiB, MiB } from '../units.ts';
import type { Repair } from './finding.ts';
import { anywhere, regionPath, reservedPath, setReg } from './repairs.ts';
import { cellsValue, type TreeEdit, textValue } from './tree-edit.ts';
import { cmdlineOf, type Trial, tryRepair, withWord } from './trial.ts';

/** A boot in which the heap has another size. */
export interface Resized {
  readonly repair: Repair;
  readonly trial: Trial;
  /** What the heap is called now. */
  readonly heap: string;
}

/** The region behind a heap. */
export const regionOfHeap = ({ booted }: Trial, heap: string): RegionView | undefined =>
  booted.regions.find(({ heaps }) => heaps.includes(heap));

const isOfTree = ({ origin }: RegionView): boolean => origin === 'static' || origin === 'dynamic';

/** What a region's size is a multiple of: a pageblock, or a page of a pool. */
export const unitOf = ({ profile }: Trial, region: RegionView): bigint =>
  region.kind === 'cma' ? pageblockBytes(profile) : profile.geometry.page;

const sizeWord = (size: bigint): string => (size % MiB === 0n ? `${size / MiB}M` : `${size / KiB}K`);

/** `cma=` of a size, instead of what there is. */
export const cmaRepair = (before: Trial, size: bigint): Repair => ({
  cmdline: withWord(cmdlineOf(before), 'cma', `cma=${sizeWord(size)}`),
  say: `cma=${sizeWord(size)} on the command line`,
});

/** Warnings of regions that are in each other's way. */
const IN_THE_WAY: ReadonlySet<string> = new Set([
  'cma-overlap',
  'region-overlap',
  'cma-over-nomap',
  'cma-over-reserved',
  'cma-past-ram',
]);

const conflicts = ({ warnings }: Trial): number => warnings.filter(({ code }) => IN_THE_WAY.has(code)).length;

/** Boots with a repair; a boot that dies, loses heaps or puts regions in each other's way is none. */
export function bootWith(before: Trial, repair: Repair): Trial | undefined {
  const after = tryRepair(before, repair);
  if (!('booted' in after) || after.booted.panic !== undefined) return undefined;
  return conflicts(after) > conflicts(before) ? undefined : after;
}

function candidates(
  before: Trial,
  region: RegionView,
  size: bigint,
): readonly { readonly repair: Repair; readonly name: string }[] {
  const { board } = before;
  const { name, base = 0n, origin } = region;
  if (!isOfTree(region)) return [{ repair: cmaRepair(before, size), name }];
  const path = regionPath(board, name);
  if (origin === 'dynamic') {
    const edit: TreeEdit = {
      edit: 'set',
      path,
      property: 'size',
      value: cellsValue([size], board.sizeCells),
    };
    return [{ repair: { edits: [edit], say: `a size of ${formatSize(size)} for ${name}` }, name }];
  }
  const end = base + (region.size ?? 0n);
  const down = end - size;
  const unit = unitOf(before, region);
  const at = (from: bigint) => {
    const called = name.includes('@') ? `${baseNameOf(name)}@${from.toString(16)}` : name;
    return {
      repair: { edits: setReg(board, name, from, size), say: `a size of ${formatSize(size)} for ${name}` },
      name: called,
    };
  };
  const free = anywhere(board, name, size);
  return [
    at(base),
    ...(down > 0n && down % unit === 0n && down !== base ? [at(down)] : []),
    { repair: free, name: baseNameOf(name) },
  ];
}

/** The heap's region with so many bytes; `undefined` where no boot has it. */
export function resized(before: Trial, heap: string, size: bigint): Resized | undefined {
  const region = regionOfHeap(before, heap);
  if (region === undefined) return undefined;
  for (const { repair, name } of candidates(before, region, size)) {
    const trial = bootWith(before, repair);
    const now = trial?.booted.regions.find((one) => one.name === name && one.kind === region.kind);
    if (trial === undefined || now === undefined || now.size !== size || now.heaps.length === 0) continue;
    if (trial.booted.heaps.length < before.booted.heaps.length) continue;
    return { repair, trial, heap: now.heaps.includes(heap) ? heap : (now.heaps.at(-1) ?? heap) };
  }
  return undefined;
}

/** The default area by `cma=`, of so many bytes, for what another heap was asked. */
export function defaultResized(before: Trial, size: bigint): Resized | undefined {
  const repair = cmaRepair(before, size);
  const trial = bootWith(before, repair);
  const area = trial?.booted.regions.find(({ isDefault, kind }) => isDefault && kind === 'cma');
  const [heap] = area?.heaps ?? [];
  return trial === undefined || area?.size !== size || heap === undefined
    ? undefined
    : { repair, trial, heap };
}

const property = (name: string, value: Uint8Array) => ({ name, value });

/** The default area as a node of the tree, of so many bytes, and no `cma=`. */
export function defaultNode(before: Trial, size: bigint): Resized | undefined {
  const { board } = before;
  const { addressCells, sizeCells } = board;
  const name = 'linux,cma';
  const area: DtNode = {
    name,
    properties: [
      property('compatible', textValue('shared-dma-pool')),
      property('reusable', new Uint8Array()),
      property('size', cellsValue([size], sizeCells)),
      property('linux,cma-default', new Uint8Array()),
    ],
    children: [],
  };
  const whole: DtNode = {
    name: 'reserved-memory',
    properties: [
      property('#address-cells', cellsValue([BigInt(addressCells)], 1)),
      property('#size-cells', cellsValue([BigInt(sizeCells)], 1)),
      property('ranges', new Uint8Array()),
    ],
    children: [area],
  };
  const edit: TreeEdit =
    board.reservedMemory === undefined
      ? { edit: 'add', path: '/', node: whole }
      : { edit: 'add', path: reservedPath(board), node: area };
  const cmdline = withWord(cmdlineOf(before), 'cma');
  const hadWord = cmdline !== withWord(cmdlineOf(before), '');
  const repair: Repair = {
    edits: [edit],
    ...(hadWord && { cmdline }),
    say: `${name} of ${formatSize(size)} in the tree${hadWord ? ', and no cma= on the command line' : ''}`,
  };
  const trial = bootWith(before, repair);
  const now = trial?.booted.regions.find(({ isDefault, kind }) => isDefault && kind === 'cma');
  const [heap] = now?.heaps ?? [];
  return trial === undefined || now?.size !== size || heap === undefined
    ? undefined
    : { repair, trial, heap };
}
