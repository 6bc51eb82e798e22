/**
 * The tree while it is built: nodes and properties that later statements merge into, delete and bring back.
 *
 * Deleted ones stay in their place, as in dtc: what is deleted and set again keeps its old position in the
 * order. dtc: livetree.c
 */

export interface Label {
  readonly name: string;
  readonly at: number;
  deleted: boolean;
}

/** Something at a byte of a value that is not a byte. */
export interface Marker {
  readonly kind: 'phandle' | 'path' | 'label';
  /** Moves when a path is put in before it. */
  offset: number;
  /** The reference or label. */
  readonly ref: string;
  readonly at: number;
  /** Of a label: it stands in brackets, before anything else in them. */
  readonly leads?: boolean;
}

/** What a property was set to at one place. */
export interface Setting {
  readonly value: Uint8Array;
  /** The place, or -1 for what the source does not say. */
  readonly at: number;
  /** A range of the pieces: where each cell, string and byte string of the value stands. */
  readonly firstPiece: number;
  readonly pieceCount: number;
  readonly deleted: boolean;
}

export const EMPTY = new Uint8Array(0);

/** From how many entries on names are looked up by a table. */
const INDEXED_FROM = 12;

export class LiveProperty implements Setting {
  readonly name: string;
  value: Uint8Array;
  at: number;
  firstPiece = 0;
  pieceCount = 0;
  deleted: boolean;
  markers: Marker[] | undefined;
  labels: Label[] | undefined;
  /** What it was before, oldest first. */
  earlier: Setting[] | undefined;
  /** Why it is there, when the source does not say it. */
  made: string | undefined;

  constructor(name: string, value: Uint8Array, at: number, deleted = false) {
    this.name = name;
    this.value = value;
    this.at = at;
    this.deleted = deleted;
  }

  /** The current setting, to be kept when another takes its place. */
  remember(): void {
    const { value, at, firstPiece, pieceCount, deleted } = this;
    this.earlier ??= [];
    this.earlier.push({ value, at, firstPiece, pieceCount, deleted });
  }

  addLabel(label: Label): void {
    this.labels ??= [];
    addLabel(this.labels, label);
  }

  /** livetree.c: delete_property() */
  delete(at: number): void {
    if (!this.deleted) {
      this.remember();
      this.at = at;
    }
    this.deleted = true;
    for (const label of this.labels ?? []) label.deleted = true;
  }
}

export class LiveNode {
  readonly name: string;
  /** Where it was opened: the definition, then each override. */
  readonly places: number[];
  deleted = false;
  omitIfUnused = false;
  referenced = false;
  phandle = 0;
  parent: LiveNode | undefined;
  /** The latest first in dtc; here the latest is the last. */
  labels: Label[] | undefined;
  readonly properties: LiveProperty[] = [];
  readonly children: LiveNode[] = [];
  made: string | undefined;
  #propertyIndex: Map<string, LiveProperty> | undefined;
  #childIndex: Map<string, LiveNode> | undefined;

  constructor(name: string, at: number) {
    this.name = name;
    this.places = at < 0 ? [] : [at];
  }

  /** The path from the root. */
  get path(): string {
    let path = '';
    for (let node: LiveNode | undefined = this; node?.parent !== undefined; node = node.parent) {
      path = `/${node.name}${path}`;
    }
    return path === '' ? '/' : path;
  }

  /** The levels from the root to this node, both counted. */
  get depth(): number {
    let depth = 0;
    for (let node: LiveNode | undefined = this; node !== undefined; node = node.parent) depth++;
    return depth;
  }

  addLabel(label: Label): void {
    this.labels ??= [];
    addLabel(this.labels, label);
  }

  addProperty(property: LiveProperty): void {
    this.properties.push(property);
    if (this.#propertyIndex !== undefined && !this.#propertyIndex.has(property.name)) {
      this.#propertyIndex.set(property.name, property);
    }
  }

  addChild(child: LiveNode): void {
    child.parent = this;
    this.children.push(child);
    if (this.#childIndex !== undefined && !this.#childIndex.has(child.name)) {
      this.#childIndex.set(child.name, child);
    }
  }

  /** The first property of that name, deleted or not. */
  propertyNamed(name: string): LiveProperty | undefined {
    const { properties } = this;
    if (properties.length < INDEXED_FROM) {
      for (const property of properties) if (property.name === name) return property;
      return undefined;
    }
    this.#propertyIndex ??= indexed(properties);
    return this.#propertyIndex.get(name);
  }

  /** The first child of that name, deleted or not. */
  childNamed(name: string): LiveNode | undefined {
    const { children } = this;
    if (children.length < INDEXED_FROM) {
      for (const child of children) if (child.name === name) return child;
      return undefined;
    }
    this.#childIndex ??= indexed(children);
    return this.#childIndex.get(name);
  }

  /** The first property of that name that is not deleted: livetree.c: get_property() */
  liveProperty(name: string): LiveProperty | undefined {
    const found = this.propertyNamed(name);
    if (found === undefined || !found.deleted) return found;
    return this.properties.find((property) => property.name === name && !property.deleted);
  }

  /** The first child of that name that is not deleted: livetree.c: get_subnode() */
  liveChild(name: string): LiveNode | undefined {
    const found = this.childNamed(name);
    if (found === undefined || !found.deleted) return found;
    return this.children.find((child) => child.name === name && !child.deleted);
  }

  /** Takes a property out of the list for good. */
  drop(property: LiveProperty): void {
    this.properties.splice(this.properties.indexOf(property), 1);
    this.#propertyIndex = undefined;
  }

  /** Deletes the node with all below it: livetree.c: delete_node() */
  delete(at: number): void {
    this.deleted = true;
    for (const child of this.children) if (!child.deleted) child.delete(at);
    for (const property of this.properties) if (!property.deleted) property.delete(at);
    for (const label of this.labels ?? []) label.deleted = true;
  }
}

/** Hears of the nodes that come into the tree and of the labels that they get. */
export interface TreeListener {
  labelled(label: string, node: LiveNode): void;
}

/**
 * Merges an override into a node of the tree; `from` is used up.
 * livetree.c: merge_nodes()
 */
export function mergeNode(into: LiveNode, from: LiveNode, listener: TreeListener): void {
  into.deleted = false;
  for (const place of from.places) into.places.push(place);
  const labels = from.labels ?? [];
  for (let i = labels.length - 1; i >= 0; i--) {
    const label = labels[i];
    if (label === undefined) continue;
    into.addLabel({ ...label, deleted: false });
    listener.labelled(label.name, into);
  }
  for (const property of from.properties) {
    const old = into.propertyNamed(property.name);
    if (property.deleted) {
      old?.delete(property.at);
    } else if (old === undefined) {
      into.addProperty(property);
    } else {
      for (const label of [...(property.labels ?? [])].reverse()) old.addLabel({ ...label, deleted: false });
      // A deletion has kept what was there before.
      old.remember();
      old.value = property.value;
      old.at = property.at;
      old.firstPiece = property.firstPiece;
      old.pieceCount = property.pieceCount;
      old.markers = property.markers;
      old.deleted = false;
    }
  }
  for (const child of from.children) {
    const old = into.childNamed(child.name);
    if (child.deleted) {
      old?.delete(child.places[0] ?? -1);
    } else if (old === undefined) {
      attach(into, child, listener);
    } else {
      mergeNode(old, child, listener);
    }
  }
}

/** Hangs a new node with all below it into the tree. */
export function attach(parent: LiveNode, child: LiveNode, listener: TreeListener): void {
  parent.addChild(child);
  announce(child, listener);
}

/** Tells of the labels of a subtree. */
export function announce(node: LiveNode, listener: TreeListener): void {
  for (const label of node.labels ?? []) listener.labelled(label.name, node);
  for (const child of node.children) announce(child, listener);
}

/** Every node that is not deleted, parents before children. */
export function liveNodes(root: LiveNode): LiveNode[] {
  const nodes = [root];
  const visit = (node: LiveNode): void => {
    for (const child of node.children) {
      if (child.deleted) continue;
      nodes.push(child);
      visit(child);
    }
  };
  visit(root);
  return nodes;
}

/** Labels by list, one for each list that ever grew long; tables are made where a source is hostile. */
const LONG_LISTS = new WeakMap<Label[], Map<string, Label>>();

/** livetree.c: add_label() */
function addLabel(labels: Label[], label: Label): void {
  let table = LONG_LISTS.get(labels);
  if (table === undefined && labels.length >= INDEXED_FROM) {
    table = new Map(labels.map((known) => [known.name, known]));
    LONG_LISTS.set(labels, table);
  }
  const known = table === undefined ? labels.find(({ name }) => name === label.name) : table.get(label.name);
  if (known !== undefined) {
    known.deleted = false;
    return;
  }
  labels.push(label);
  table?.set(label.name, label);
}

function indexed<T extends { readonly name: string }>(entries: readonly T[]): Map<string, T> {
  const index = new Map<string, T>();
  for (const entry of entries) if (!index.has(entry.name)) index.set(entry.name, entry);
  return index;
}
