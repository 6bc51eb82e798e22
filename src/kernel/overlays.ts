/**
 * Overlays on the running kernel: its live tree, and the devices that come and go with it. Models drivers/of/overlay.c:
 * of_overlay_fdt_apply(), drivers/of/resolver.c: of_resolve_phandles() and drivers/of/platform.c: of_platform_notify()
 * (Linux 7.3), from the source: nothing of it was recorded.
 *
 * What boot alone does is not done: nodes that come into /reserved-memory are nodes, and no memory is reserved.
 */
import { type BoardDevice, DeviceReader } from '../board/devices.ts';
import { OfTree } from '../board/of-tree.ts';
import { type MemoryRegions, memoryRegionsNow } from '../board/region-refs.ts';
import { decodeDtb, encodeDtb } from '../devicetree/dtb.ts';
import { childCalled, nodeAtPath, propertyCalled } from '../devicetree/node-lookup.ts';
import { applyOverlay, type SetProperty } from '../devicetree/overlay.ts';
import type { DeviceTree, DtNode } from '../devicetree/tree.ts';
import { cellAt, textOf } from '../devicetree/value.ts';
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import { NotModelled } from '../dma-buf/not-modelled.ts';
import type { Printk } from '../printk.ts';
import type { Records } from '../records.ts';
import { DEVICE_TREE_RECORD } from './boot/boot-record.ts';

/** The tree as overlays have left it, as a blob; absent while there is none. */
const LIVE_TREE_RECORD = 'live-tree';
/** How many overlays were applied. */
const OVERLAYS_RECORD = 'overlays';

/** The tree that the kernel was booted with, as a blob; `undefined` on a board without one. */
export const bootTree = (records: Records): Uint8Array | undefined =>
  records.get<Uint8Array>(DEVICE_TREE_RECORD);

/** The tree as it is now. */
export const liveTree = (records: Records): Uint8Array | undefined =>
  records.get<Uint8Array>(LIVE_TREE_RECORD) ?? bootTree(records);

/** How many overlays were applied to it. */
export const overlaysApplied = (records: Records): number => records.get<number>(OVERLAYS_RECORD) ?? 0;

/** Why an overlay is refused, with the lines of the log that say so. */
interface Refused {
  readonly errno: 'EINVAL' | 'ENOENT';
  readonly lines: readonly string[];
  readonly message: string;
  readonly hint?: string;
}

export type OverlayResult =
  | {
      readonly id: number;
      readonly added: readonly BoardDevice[];
      readonly removed: readonly BoardDevice[];
      /** What nodes say of their regions from now on, by path. */
      readonly regions: ReadonlyMap<string, MemoryRegions>;
    }
  | { readonly refused: Refused };

/** What of_platform_populate() has made devices of, as far as devices are listed. */
const devicesIn = (root: DtNode): readonly BoardDevice[] => new DeviceReader(new OfTree(root)).devices();

/**
 * Applies an overlay to the live tree, and prints what Linux prints.
 *
 * @param blob the overlay, compiled
 * @returns its number, counted from 1, and the devices that Linux makes and takes away for it
 * @throws NotModelled on a board without a device tree, and where no device can be told of what comes out
 */
export function applyToLiveTree(records: Records, printk: Printk, blob: Uint8Array): OverlayResult {
  const now = liveTree(records);
  const booted = bootTree(records);
  if (now === undefined || booted === undefined)
    throw new NotModelled('an overlay over a board without a device tree');
  const live = decodeDtb(now, 'the live tree');
  const refuse = (refused: Refused): OverlayResult => {
    for (const line of refused.lines) printk.print(3, line);
    return { refused };
  };
  let overlay: DeviceTree;
  try {
    overlay = decodeDtb(blob, 'the overlay');
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return refuse({ errno: 'EINVAL', lines: [], message: error.message });
  }
  const label = labelProblem(live.root, overlay.root);
  if (label !== undefined) return refuse(label);
  const { tree, set, diagnostics } = applyOverlay(live, overlay);
  if (
    childCalled(overlay.root, '__symbols__') !== undefined &&
    diagnostics.some(({ code }) => code === 'overlay-empty')
  ) {
    throw new NotModelled("a tree without fragments as an overlay (a board's own tree, or labels alone)");
  }
  const problem = diagnostics.find(({ severity, code }) => severity === 'error' || code === 'overlay-empty');
  if (tree === undefined || problem !== undefined) return refuse(refusal(overlay.root, problem));
  const other =
    symbolsProblem(live.root, overlay.root) ??
    phandleProblem(live.root, set) ??
    cellsProblem(live.root, tree.root);
  if (other !== undefined) return refuse(other);

  let change: Pick<Extract<OverlayResult, { id: number }>, 'added' | 'removed'>;
  try {
    change = deviceChange(devicesIn(live.root), devicesIn(tree.root));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new NotModelled(`what Linux makes of a tree that an overlay has left so (${error.message})`);
  }
  const old = decodeDtb(booted, 'the boot tree').root;
  for (const { path, name } of set) {
    // What an overlay has made goes away with it.
    if (UNTOUCHED.has(name) || nodeAtPath(old, path) === undefined) continue;
    printk.print(
      3,
      `OF: overlay: WARNING: memory leak will occur if overlay removed, property: ${path}/${name}`,
    );
  }
  const id = overlaysApplied(records) + 1;
  records.put(OVERLAYS_RECORD, id);
  records.put(LIVE_TREE_RECORD, encodeDtb(tree));
  return { id, ...change, regions: memoryRegionsNow(tree.root, old) };
}

/** Properties that an overlay does not set in a node of the live tree: add_changeset_property(). */
const UNTOUCHED: ReadonlySet<string> = new Set(['name', 'phandle', 'linux,phandle']);

function deviceChange(before: readonly BoardDevice[], after: readonly BoardDevice[]) {
  const [then, now] = [before, after].map((devices) => new Set(devices.map(({ path }) => path)));
  return {
    added: after.filter(({ path }) => then?.has(path) !== true),
    removed: before.filter(({ path }) => now?.has(path) !== true),
  };
}

const fixupFailed = (errno: number): string => `OF: resolver: overlay phandle fixup failed: ${errno}`;
const NO_CHANGESET = 'OF: overlay: init_overlay_changeset() failed, ret = -22';

/** A label that the live tree does not have: of_resolve_phandles(). */
function labelProblem(live: DtNode, overlay: DtNode): Refused | undefined {
  const fixups = childCalled(overlay, '__fixups__');
  if (fixups === undefined) return undefined;
  const symbols = childCalled(live, '__symbols__');
  if (symbols === undefined) {
    return {
      errno: 'EINVAL',
      lines: ['OF: resolver: no symbols in root of device tree.', fixupFailed(-22)],
      message: 'the overlay refers to labels, and the tree that was booted has no /__symbols__',
      hint: 'compile the board with its symbols (dtc -@)',
    };
  }
  for (const { name } of fixups.properties) {
    if (name === 'name') continue;
    const symbol = propertyCalled(symbols, name);
    if (symbol === undefined) {
      return {
        errno: 'EINVAL',
        lines: [
          `OF: resolver: node label '${name}' not found in live devicetree symbols table`,
          fixupFailed(-22),
        ],
        message: `the overlay refers to the label ${name}, which the live tree does not have`,
        hint: 'is it an overlay for another board, or for another overlay that must be applied first?',
      };
    }
    const path = textOf(symbol.value);
    if (nodeAtPath(live, path) === undefined) {
      return {
        errno: 'ENOENT',
        lines: [fixupFailed(-2)],
        message: `the label ${name} of the live tree stands for ${path}, and there is no such node`,
      };
    }
  }
  return undefined;
}

/** What keeps the overlay from being merged: init_overlay_changeset(). */
function refusal(overlay: DtNode, problem: Diagnostic | undefined): Refused {
  const { code = '', message = 'the overlay cannot be merged', path = '', hint } = problem ?? {};
  return {
    errno: 'EINVAL',
    lines: linesOf(overlay, code, path),
    message,
    ...(hint !== undefined && { hint }),
  };
}

function linesOf(overlay: DtNode, code: string, path: string): readonly string[] {
  const fragment = nodeAtPath(overlay, path);
  const target = fragment && propertyCalled(fragment, 'target');
  const targetPath = fragment && propertyCalled(fragment, 'target-path');
  const find = `OF: overlay: find target, node: ${path}`;
  switch (code) {
    case 'overlay-empty':
      return ['OF: overlay: no fragments or symbols in overlay', NO_CHANGESET];
    case 'overlay-no-target':
      return [`${find}, no target property`, NO_CHANGESET];
    case 'overlay-target-not-found':
      return target !== undefined
        ? [`${find}, phandle 0x${(cellAt(target.value, 0) ?? 0).toString(16)} not found`, NO_CHANGESET]
        : [
            `${find}, path '${targetPath === undefined ? '' : textOf(targetPath.value)}' not found`,
            NO_CHANGESET,
          ];
    default:
      return [fixupFailed(-22)];
  }
}

/** Labels of the overlay's own, where there is no node that would take them; libfdt makes one. */
function symbolsProblem(live: DtNode, overlay: DtNode): Refused | undefined {
  if (childCalled(overlay, '__symbols__') === undefined || childCalled(live, '__symbols__') !== undefined)
    return undefined;
  return {
    errno: 'EINVAL',
    lines: ['OF: overlay: symbols in overlay, but not in live tree', NO_CHANGESET],
    message:
      'the overlay has labels of its own (/__symbols__), and the tree that was booted has no node for them',
    hint: 'compile the board with its symbols (dtc -@), or the overlay without',
  };
}

/** A node that the live tree has, and which both give a phandle; libfdt keeps the tree's: add_changeset_node(). */
function phandleProblem(live: DtNode, set: readonly SetProperty[]): Refused | undefined {
  const twice = set.find(({ path, name, isBelow }) => {
    const node = isBelow && name === 'phandle' ? nodeAtPath(live, path) : undefined;
    return node !== undefined && propertyCalled(node, 'phandle') !== undefined;
  });
  if (twice === undefined) return undefined;
  return {
    errno: 'EINVAL',
    lines: [],
    message: `the overlay gives ${twice.path} a phandle, and the live tree's node has one: a running kernel refuses that`,
    hint: 'override the node by its label (&label), and do not label it anew; an overlay goes over the tree once',
  };
}

/** Cells that the children of a node are read by must stay: add_changeset_property(). */
function cellsProblem(before: DtNode, after: DtNode, path = ''): Refused | undefined {
  for (const name of ['#address-cells', '#size-cells']) {
    const [was, is] = [propertyCalled(before, name), propertyCalled(after, name)];
    if (was === undefined || is === undefined || sameBytes(was.value, is.value)) continue;
    return {
      errno: 'EINVAL',
      lines: [`OF: overlay: ERROR: changing value of ${name} is not allowed in ${path || '/'}`],
      message: `the overlay changes ${name} of ${path || '/'}, which a running kernel refuses`,
    };
  }
  for (const child of before.children) {
    const same = childCalled(after, child.name);
    const found = same && cellsProblem(child, same, `${path}/${child.name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
