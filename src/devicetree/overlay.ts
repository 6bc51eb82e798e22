/**
 * Applies an overlay to a tree as libfdt does: fdt_overlay_apply().
 *
 * The order of the result is libfdt's too: a new property comes before the ones that the node has, and a new
 * node before its siblings.
 */
import type { Diagnostic } from '../diagnostic.ts';
import { formatHex } from '../units.ts';
import { closest } from './closest.ts';
import { childCalled, nodeAtPath, propertyCalled } from './node-lookup.ts';
import { OverlayBase, type OverlayTarget } from './overlay-base.ts';
import type { DeviceTree, DtNode, DtProperty } from './tree.ts';

import { byteString, cellAt } from './value.ts';

export interface AppliedOverlay {
  /** The base tree with the overlay in it, when there is no error. */
  readonly tree: DeviceTree | undefined;
  /** Every property that the overlay sets, in its order, those of __symbols__ last. */
  readonly set: readonly SetProperty[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface SetProperty {
  /** Of the node in the merged tree. */
  readonly path: string;
  readonly name: string;
  /** Of a node below the one that the fragment is for. */
  readonly isBelow: boolean;
}

/** Phandles above this are not given out: libfdt's FDT_MAX_PHANDLE. */
const MAX_PHANDLE = 0xfffffffe;
const OVERLAY = '__overlay__';
const REBUILD = 'compile the overlay again with dtc, from a source with "/plugin/;"';

/**
 * Applies an overlay; neither tree is changed, and what is not touched is shared.
 *
 * libfdt: fdt_overlay_apply(). A phandle that the overlay would give to a node that has one already is replaced
 * by that one, as libfdt does since 1.7.1.
 */
export function applyOverlay(base: DeviceTree, overlay: DeviceTree): AppliedOverlay {
  const application = new OverlayApplication(base, overlay);
  try {
    const tree = application.apply();
    return { tree, set: application.set, diagnostics: application.diagnostics };
  } catch (error) {
    if (!(error instanceof OverlayFailed)) throw error;
    return { tree: undefined, set: [], diagnostics: application.diagnostics };
  }
}

class OverlayFailed extends Error {}

/** A cell of the overlay that holds the phandle of another of its nodes. */
interface LocalReference {
  readonly property: DtProperty;
  readonly offset: number;
}

class OverlayApplication {
  readonly diagnostics: Diagnostic[] = [];
  readonly set: SetProperty[] = [];
  readonly #tree: DeviceTree;
  readonly #base: OverlayBase;
  readonly #overlay: DtNode;
  readonly #localReferences: LocalReference[] = [];
  /** The values of the overlay that were changed. */
  readonly #values = new Map<DtProperty, Uint8Array>();

  constructor(base: DeviceTree, overlay: DeviceTree) {
    this.#tree = base;
    this.#base = new OverlayBase(base.root);
    this.#overlay = overlay.root;
  }

  apply(): DeviceTree {
    const delta = this.#base.maxPhandle;
    this.#raisePhandles(this.#overlay, '/', delta);
    const localFixups = childCalled(this.#overlay, '__local_fixups__');
    if (localFixups !== undefined) this.#findLocalReferences(this.#overlay, localFixups, '/');
    for (const { property, offset } of this.#localReferences) {
      const view = this.#writable(property);
      view.setUint32(offset, view.getUint32(offset) + delta);
    }
    this.#resolveLabels();
    this.#keepPhandles();
    this.#merge();
    this.#addSymbols();
    return { ...this.#tree, root: this.#base.finish() };
  }

  /** overlay_adjust_node_phandles() */
  #raisePhandles(node: DtNode, path: string, delta: number): void {
    for (const name of ['phandle', 'linux,phandle']) {
      const property = propertyCalled(node, name);
      if (property === undefined) continue;
      if (property.value.length !== 4) {
        this.#fail('overlay-bad-phandle', `"${name}" of ${path} is not one cell`, property, path, REBUILD);
      }
      const view = this.#writable(property);
      const raised = view.getUint32(0) + delta;
      if (raised > MAX_PHANDLE) {
        this.#fail(
          'overlay-no-phandles',
          `phandle ${formatHex(view.getUint32(0))} of ${path} cannot be raised by ${formatHex(delta)}, the base tree's highest`,
          property,
          path,
          'give the base tree lower explicit phandles',
        );
      }
      view.setUint32(0, raised);
    }
    for (const child of node.children) this.#raisePhandles(child, join(path, child.name), delta);
  }

  /** Finds every place in the overlay that `__local_fixups__` names. */
  #findLocalReferences(node: DtNode, fixups: DtNode, path: string): void {
    for (const fixup of fixups.properties) {
      const property = propertyCalled(node, fixup.name);
      if (property === undefined || fixup.value.length % 4 !== 0) {
        this.#fail(
          'overlay-bad-fixup',
          `__local_fixups__ names property "${fixup.name}" of ${path}, ` +
            (property === undefined ? 'which is not there' : 'but not with whole cells'),
          fixup,
          path,
          REBUILD,
        );
      }
      for (let i = 0; i < fixup.value.length / 4; i++) {
        const offset = cellAt(fixup.value, i) ?? 0;
        if (offset + 4 > property.value.length) {
          this.#fail(
            'overlay-bad-fixup',
            `__local_fixups__ names byte ${offset} of "${fixup.name}" of ${path}, which has ${property.value.length} bytes`,
            fixup,
            path,
            REBUILD,
          );
        }
        this.#localReferences.push({ property, offset });
      }
    }
    for (const child of fixups.children) {
      const target = childCalled(node, child.name);
      if (target === undefined) {
        this.#fail(
          'overlay-bad-fixup',
          `__local_fixups__ names node ${join(path, child.name)}, which is not there`,
          child,
          path,
          REBUILD,
        );
      }
      this.#findLocalReferences(target, child, join(path, target.name));
    }
  }

  /** overlay_fixup_phandles() */
  #resolveLabels(): void {
    const fixups = childCalled(this.#overlay, '__fixups__');
    if (fixups === undefined) return;
    const symbols = this.#base.root.child('__symbols__');
    for (const fixup of fixups.properties) {
      const phandle = this.#phandleOfLabel(fixup, symbols);
      if (fixup.value.length === 0 || fixup.value.at(-1) !== 0) {
        this.#fail('overlay-bad-fixup', `the list of /__fixups__ for "${fixup.name}" does not end`, fixup);
      }
      for (const entry of byteString(fixup.value.subarray(0, -1)).split('\0')) {
        const [, path, name, digits] = /^([^:]+):([^:]+):(\d+)$/.exec(entry) ?? [];
        const node = path === undefined ? undefined : nodeAtPath(this.#overlay, path);
        const property = node && name !== undefined ? propertyCalled(node, name) : undefined;
        const offset = Number(digits);
        if (property === undefined || offset + 4 > property.value.length) {
          this.#fail(
            'overlay-bad-fixup',
            `/__fixups__ names "${entry}" for label "${fixup.name}", and there is no such place in the overlay`,
            fixup,
            '/__fixups__',
            REBUILD,
          );
        }
        this.#writable(property).setUint32(offset, phandle);
      }
    }
  }

  /** The phandle of the base tree's node that has a label. */
  #phandleOfLabel(fixup: DtProperty, symbols: OverlayTarget | undefined): number {
    const label = fixup.name;
    if (symbols === undefined) {
      this.#fail(
        'overlay-no-symbols',
        `the overlay refers to label "${label}", but the base tree has no /__symbols__`,
        fixup,
        '/__fixups__',
        'compile the base tree with its symbols (dtc -@)',
      );
    }
    const symbol = symbols.property(label);
    if (symbol === undefined) {
      const guess = closest(label, symbols.propertyNames());
      this.#fail(
        'overlay-no-such-label',
        `the overlay refers to label "${label}", which the base tree does not have`,
        fixup,
        '/__fixups__',
        guess === undefined ? 'is it an overlay for another board?' : `did you mean &${guess}?`,
      );
    }
    const path = pathText(symbol.value);
    const node = this.#base.nodeAt(path);
    if (node === undefined) {
      this.#fail(
        'overlay-bad-symbol',
        `the base tree's label "${label}" stands for ${path}, and there is no such node`,
        symbol,
        '/__symbols__',
      );
    }
    const { phandle } = node;
    if (phandle === 0) {
      this.#fail(
        'overlay-no-phandle',
        `the base tree's node ${path} has label "${label}" but no phandle`,
        symbol,
        path,
        'compile the base tree with its symbols (dtc -@)',
      );
    }
    return phandle;
  }

  /** overlay_prevent_phandle_overwrite(): nodes that have a phandle keep it. */
  #keepPhandles(): void {
    const references = new Map<number, LocalReference[]>();
    for (const reference of this.#localReferences) {
      const phandle = cellAt(this.#valueOf(reference.property).subarray(reference.offset), 0) ?? 0;
      const known = references.get(phandle);
      if (known === undefined) references.set(phandle, [reference]);
      else known.push(reference);
    }
    for (const fragment of this.#overlay.children) {
      const overlay = childCalled(fragment, OVERLAY);
      if (overlay === undefined) continue;
      const target = this.#findTarget(fragment);
      if (typeof target !== 'string') this.#keepPhandlesOf(target, overlay, references);
      else if (target !== 'none') this.#failTarget(fragment, target);
    }
  }

  #keepPhandlesOf(target: OverlayTarget, node: DtNode, references: Map<number, LocalReference[]>): void {
    const kept = target.phandle;
    const given = this.#phandleOf(node);
    if (kept !== 0 && given !== 0 && kept !== given) {
      for (const name of ['phandle', 'linux,phandle']) {
        const property = propertyCalled(node, name);
        if (property?.value.length === 4) this.#writable(property).setUint32(0, kept);
      }
      const moved = references.get(given) ?? [];
      for (const { property, offset } of moved) this.#writable(property).setUint32(offset, kept);
      references.delete(given);
      references.set(kept, [...(references.get(kept) ?? []), ...moved]);
    }
    for (const child of node.children) {
      const existing = target.child(child.name);
      if (existing !== undefined) this.#keepPhandlesOf(existing, child, references);
    }
  }

  /** overlay_merge() */
  #merge(): void {
    let fragments = 0;
    for (const fragment of this.#overlay.children) {
      const overlay = childCalled(fragment, OVERLAY);
      if (overlay === undefined) continue;
      fragments++;
      const target = this.#findTarget(fragment);
      if (typeof target === 'string') this.#failTarget(fragment, target);
      this.#mergeNode(target, overlay);
    }
    if (fragments === 0) {
      this.diagnostics.push({
        code: 'overlay-empty',
        severity: 'warning',
        message: 'no node of the overlay has an "__overlay__" in it; nothing is applied',
        hint: 'is it a whole tree, or a source without "/plugin/;"?',
      });
    }
  }

  /** overlay_apply_node() */
  #mergeNode(target: OverlayTarget, node: DtNode, isBelow = false): void {
    const { path } = target;
    for (const property of node.properties) {
      target.set(property, this.#valueOf(property));
      this.set.push({ path, name: property.name, isBelow });
    }
    for (const child of node.children) {
      this.#mergeNode(target.child(child.name) ?? target.addChild(child), child, true);
    }
  }

  /** overlay_symbol_update(): the overlay's labels, as paths of the merged tree. */
  #addSymbols(): void {
    const symbols = childCalled(this.#overlay, '__symbols__');
    if (symbols === undefined) return;
    const baseSymbols = this.#base.root.child('__symbols__') ?? this.#base.root.addChild(symbols);
    for (const symbol of symbols.properties) {
      const path = pathText(symbol.value);
      if (symbol.value.indexOf(0) !== symbol.value.length - 1 || !path.startsWith('/')) {
        this.#fail(
          'overlay-bad-symbol',
          `/__symbols__ of the overlay has "${symbol.name}", which is no path`,
          symbol,
        );
      }
      const [, fragmentName = '', below] = /^\/([^/]+)\/__overlay__(?:\/(.*))?$/s.exec(path) ?? [];
      if (fragmentName === '') continue;
      const fragment = childCalled(this.#overlay, fragmentName);
      if (fragment === undefined || childCalled(fragment, OVERLAY) === undefined) {
        this.#fail(
          'overlay-bad-symbol',
          `label "${symbol.name}" of the overlay stands for ${path}, and there is no such fragment`,
          symbol,
        );
      }
      const target = this.#findTarget(fragment);
      if (typeof target === 'string') this.#failTarget(fragment, target);
      const byPath =
        this.#targetPhandle(fragment) === 0 ? propertyCalled(fragment, 'target-path') : undefined;
      const targetPath = byPath === undefined ? target.path : pathText(byPath.value);
      this.set.push({ path: baseSymbols.path, name: symbol.name, isBelow: false });
      const merged = `${targetPath.length > 1 ? targetPath : ''}/${below ?? ''}\0`;
      baseSymbols.set(
        symbol,
        Uint8Array.from(merged, (character) => character.charCodeAt(0)),
      );
    }
  }

  /** fdt_overlay_target_offset() */
  #findTarget(fragment: DtNode): OverlayTarget | 'none' | 'missing' | 'malformed' {
    const phandle = this.#targetPhandle(fragment);
    if (phandle === MAX_PHANDLE + 1) return 'malformed';
    if (phandle !== 0) return this.#base.nodeByPhandle(phandle) ?? 'none';
    const path = propertyCalled(fragment, 'target-path');
    if (path === undefined) return 'missing';
    return this.#base.nodeAt(pathText(path.value)) ?? 'none';
  }

  /** overlay_get_target_phandle() */
  #targetPhandle(fragment: DtNode): number {
    const property = propertyCalled(fragment, 'target');
    if (property === undefined) return 0;
    const value = this.#valueOf(property);
    return value.length === 4 ? (cellAt(value, 0) ?? 0) : MAX_PHANDLE + 1;
  }

  #failTarget(fragment: DtNode, why: 'none' | 'missing' | 'malformed'): never {
    const path = `/${fragment.name}`;
    if (why === 'missing') {
      this.#fail('overlay-no-target', `${path} has neither "target" nor "target-path"`, fragment, path);
    }
    if (why === 'malformed') {
      this.#fail(
        'overlay-bad-target',
        `"target" of ${path} is no phandle, or one that __fixups__ does not resolve`,
        propertyCalled(fragment, 'target'),
        path,
        REBUILD,
      );
    }
    const property = propertyCalled(fragment, 'target-path') ?? propertyCalled(fragment, 'target');
    const phandle = this.#targetPhandle(fragment);
    this.#fail(
      'overlay-target-not-found',
      phandle === 0 && property !== undefined
        ? `the base tree has no node ${pathText(property.value)}, which ${path} overrides`
        : `the base tree has no node with phandle ${formatHex(phandle)}, which ${path} overrides`,
      property,
      path,
      'is it an overlay for another board, or for another overlay that must be applied first?',
    );
  }

  #phandleOf(node: DtNode): number {
    for (const name of ['phandle', 'linux,phandle']) {
      const property = propertyCalled(node, name);
      if (property?.value.length === 4) return cellAt(this.#valueOf(property), 0) ?? 0;
    }
    return 0;
  }

  #valueOf(property: DtProperty): Uint8Array {
    return this.#values.get(property) ?? property.value;
  }

  #writable(property: DtProperty): DataView {
    let value = this.#values.get(property);
    if (value === undefined) {
      value = property.value.slice();
      this.#values.set(property, value);
    }
    return new DataView(value.buffer, value.byteOffset, value.byteLength);
  }

  #fail(
    code: string,
    message: string,
    at: DtProperty | DtNode | undefined,
    path?: string,
    hint?: string,
  ): never {
    this.diagnostics.push({
      code,
      severity: 'error',
      message,
      ...(at?.position === undefined ? {} : { position: at.position }),
      ...(path === undefined ? {} : { path }),
      ...(hint === undefined ? {} : { hint }),
    });
    throw new OverlayFailed();
  }
}

const join = (path: string, name: string): string => `${path === '/' ? '' : path}/${name}`;

/** The text of a path property: up to the first NUL. */
function pathText(value: Uint8Array): string {
  const end = value.indexOf(0);
  return byteString(end < 0 ? value : value.subarray(0, end));
}
