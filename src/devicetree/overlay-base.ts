/**
 * A tree that overlays are merged into: copies of what changes over a base that does not.
 */
import type { EarlierSetting, PropertyOrigin } from './dts/origin.ts';
import { baseNameOf } from './node-lookup.ts';
import type { DtNode, DtProperty } from './tree.ts';
import { byteString, cellAt } from './value.ts';

/** A node of the base tree, or one that an overlay added. */
export class OverlayTarget {
  readonly name: string;
  readonly parent: OverlayTarget | undefined;
  readonly #owner: OverlayBase;
  readonly #base: DtNode;
  readonly #isNew: boolean;
  #changed: boolean;
  /** By name; of equal names the first counts. */
  readonly #properties = new Map<string, DtProperty>();
  readonly #replaced = new Map<DtProperty, DtProperty>();
  readonly #newProperties: DtProperty[] = [];
  readonly #children: OverlayTarget[];
  readonly #newChildren: OverlayTarget[] = [];
  readonly #byName = new Map<string, OverlayTarget>();
  /** By the name without its unit address. */
  readonly #byBaseName = new Map<string, OverlayTarget>();

  constructor(owner: OverlayBase, base: DtNode, parent: OverlayTarget | undefined, isNew: boolean) {
    this.#owner = owner;
    this.#base = base;
    this.name = base.name;
    this.parent = parent;
    this.#isNew = isNew;
    this.#changed = isNew;
    for (const property of isNew ? [] : base.properties) {
      if (!this.#properties.has(property.name)) this.#properties.set(property.name, property);
    }
    owner.register(this);
    this.#children = isNew ? [] : base.children.map((child) => new OverlayTarget(owner, child, this, false));
    for (const child of this.#children) {
      if (!this.#byName.has(child.name)) this.#byName.set(child.name, child);
      const name = baseNameOf(child.name);
      if (!this.#byBaseName.has(name)) this.#byBaseName.set(name, child);
    }
  }

  get path(): string {
    let path = '';
    for (let node: OverlayTarget | undefined = this; node?.parent !== undefined; node = node.parent) {
      path = `/${node.name}${path}`;
    }
    return path === '' ? '/' : path;
  }

  /** Its phandle; 0 when it has none. libfdt: fdt_get_phandle() */
  get phandle(): number {
    for (const name of ['phandle', 'linux,phandle']) {
      const property = this.#properties.get(name);
      if (property?.value.length === 4) return cellAt(property.value, 0) ?? 0;
    }
    return 0;
  }

  property(name: string): DtProperty | undefined {
    return this.#properties.get(name);
  }

  propertyNames(): Iterable<string> {
    return this.#properties.keys();
  }

  /** The first child of a name; without a unit address it stands for any. libfdt: fdt_subnode_offset() */
  child(name: string): OverlayTarget | undefined {
    return name.includes('@') ? this.#byName.get(name) : this.#byBaseName.get(name);
  }

  /** Sets a property to a value, before the others if it is new. libfdt: fdt_setprop() */
  set(from: DtProperty, value: Uint8Array): void {
    const phandle = this.phandle;
    const old = this.#properties.get(from.name);
    const property = old === undefined ? { ...asPlain(from), value } : replaced(old, from, value);
    if (old === undefined) {
      this.#newProperties.push(property);
    } else {
      this.#replaced.set(old, property);
    }
    this.#properties.set(from.name, property);
    this.#touch();
    if (this.phandle !== phandle) this.#owner.moved(this, phandle);
  }

  /** Adds an empty child before the others. libfdt: fdt_add_subnode() */
  addChild(from: DtNode): OverlayTarget {
    const child = new OverlayTarget(this.#owner, from, this, true);
    this.#newChildren.push(child);
    this.#byName.set(child.name, child);
    this.#byBaseName.set(baseNameOf(child.name), child);
    this.#touch();
    return child;
  }

  /** The node as data; the base's own where nothing changed. */
  finish(): DtNode {
    if (!this.#changed) return this.#base;
    const { position, origin } = this.#base;
    const current = (property: DtProperty): DtProperty => {
      let latest = property;
      for (let next = this.#replaced.get(latest); next !== undefined; next = this.#replaced.get(latest)) {
        latest = next;
      }
      return latest;
    };
    const kept = this.#isNew ? [] : this.#base.properties;
    return {
      name: this.name,
      properties: [...this.#newProperties.toReversed(), ...kept].map(current),
      children: [...this.#newChildren.toReversed(), ...this.#children].map((child) => child.finish()),
      ...(position === undefined ? {} : { position }),
      ...(origin === undefined ? {} : { origin }),
    };
  }

  #touch(): void {
    for (
      let node: OverlayTarget | undefined = this;
      node !== undefined && !node.#changed;
      node = node.parent
    ) {
      node.#changed = true;
    }
  }
}

export class OverlayBase {
  readonly root: OverlayTarget;
  readonly #byPhandle = new Map<number, OverlayTarget>();
  /** The highest phandle of the base tree, before any change. libfdt: fdt_find_max_phandle() */
  readonly maxPhandle: number;

  constructor(root: DtNode) {
    this.root = new OverlayTarget(this, root, undefined, false);
    let max = 0;
    for (const phandle of this.#byPhandle.keys()) max = Math.max(max, phandle);
    this.maxPhandle = max;
  }

  /** The merged tree. */
  finish(): DtNode {
    return this.root.finish();
  }

  register(node: OverlayTarget): void {
    const { phandle } = node;
    if (phandle !== 0 && !this.#byPhandle.has(phandle)) this.#byPhandle.set(phandle, node);
  }

  /** Hears that a node has another phandle now. */
  moved(node: OverlayTarget, old: number): void {
    if (this.#byPhandle.get(old) === node) this.#byPhandle.delete(old);
    this.register(node);
  }

  /** libfdt: fdt_node_offset_by_phandle() */
  nodeByPhandle(phandle: number): OverlayTarget | undefined {
    return this.#byPhandle.get(phandle);
  }

  /** The node at a path, which may start with an alias. libfdt: fdt_path_offset() */
  nodeAt(path: string): OverlayTarget | undefined {
    const names = path.split('/');
    let node: OverlayTarget | undefined = this.root;
    if (!path.startsWith('/')) {
      const alias = this.root.child('aliases')?.property(names.shift() ?? '')?.value;
      if (alias === undefined || alias.at(-1) !== 0 || alias[0] !== 0x2f) return undefined;
      node = this.nodeAt(byteString(alias.subarray(0, alias.indexOf(0))));
    }
    for (const name of names) if (name !== '') node = node?.child(name);
    return node;
  }
}

/** A property without the getters of a class, so that it can be copied. */
const asPlain = ({ name, value, position, origin }: DtProperty): DtProperty => ({
  name,
  value,
  ...(position === undefined ? {} : { position }),
  ...(origin === undefined ? {} : { origin }),
});

/** A property that an overlay set again, with what it was before. */
function replaced(old: DtProperty, from: DtProperty, value: Uint8Array): DtProperty {
  const before: EarlierSetting = { kind: 'set', position: old.position, value: old.value };
  const origin: PropertyOrigin = {
    get position() {
      return from.position;
    },
    get made() {
      return from.origin?.made;
    },
    get earlier() {
      return [...(old.origin?.earlier ?? []), before, ...(from.origin?.earlier ?? [])];
    },
    get labels() {
      return [...(from.origin?.labels ?? []), ...(old.origin?.labels ?? [])];
    },
    get pieces() {
      return from.origin?.pieces ?? [];
    },
    get marks() {
      return from.origin?.marks ?? [];
    },
  };
  return { ...asPlain(from), value, origin };
}
