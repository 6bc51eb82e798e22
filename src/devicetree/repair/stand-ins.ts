/**
 * Nodes that stand for those that no given file defines: what is overridden or referred to and is not there.
 */

import { closest } from '../closest.ts';
import type { LabelIndex } from '../dts/label-index.ts';
import { attach, type Label, LiveNode, liveNodes, mergeNode } from '../dts/live-tree.ts';
import { type Assumption, refText } from './assumption.ts';
import { addMade } from './cells.ts';
import { concernsMemory, RESERVED_MEMORY, roleOf } from './memory-role.ts';

type Assume = (code: string, at: number | undefined, message: string, more?: Partial<Assumption>) => void;

/** Names at the root that mean something to Linux: no stub gets one of them. */
const TAKEN = ['memory', 'chosen', 'cpus', 'aliases', 'firmware', 'options', '__symbols__', '__fixups__'];

/** The labels of the source: of nodes that are there, and those that only deleted ones have. */
function labelsOf(root: LiveNode): {
  readonly known: readonly string[];
  readonly deleted: ReadonlySet<string>;
} {
  const [deleted, alive] = [new Set<string>(), new Set<string>()];
  const look = (node: LiveNode): void => {
    for (const label of node.labels ?? []) (label.deleted || node.deleted ? deleted : alive).add(label.name);
    for (const child of node.children) look(child);
  };
  look(root);
  for (const name of alive) deleted.delete(name);
  return { known: [...alive], deleted };
}

export class StandIns {
  readonly #root: LiveNode;
  readonly #labels: LabelIndex;
  /** The labels that nodes of the source have. */
  readonly #known: readonly string[];
  readonly #deleted: ReadonlySet<string>;
  readonly #assume: Assume;
  readonly #isWhole: boolean;
  readonly #made = new Set<LiveNode>();

  /** @param how `isWhole`: nothing else says that a part of the source is missing */
  constructor(
    root: LiveNode,
    labels: LabelIndex,
    how: { readonly assume: Assume; readonly isWhole: boolean },
  ) {
    this.#root = root;
    this.#labels = labels;
    const { known, deleted } = labelsOf(root);
    this.#known = known;
    this.#deleted = deleted;
    this.#assume = how.assume;
    this.#isWhole = how.isWhole;
  }

  /** The label that was meant, where one was mistyped; numbers are not mistyped. */
  #meant(label: string): string | undefined {
    const near = label.includes('/') ? undefined : closest(label, this.#known);
    return near?.replace(/\d+/g, '') === label.replace(/\d+/g, '') ? undefined : near;
  }

  /** What makes of an assumption a refusal, where it rather looks like a mistake. */
  #mistake(label: string, what: string): Partial<Assumption> {
    if (this.#deleted.has(label)) {
      const lacks = `the node with the label "${label}" is deleted by the source itself`;
      return { lacks, isMistake: true, instead: 'delete what refers to it, too' };
    }
    const meant = this.#isWhole ? this.#meant(label) : undefined;
    return meant === undefined ? {} : { lacks: what, isMistake: true, instead: `did you mean &${meant}?` };
  }

  /** Whether a node's definition is not given. */
  isMade(node: LiveNode): boolean {
    return this.#made.has(node);
  }

  /** `&ref { … };` of a node that was not there when it was read. */
  override(ref: string, body: LiveNode, labels: readonly Label[], at: number): void {
    let target = this.#labels.resolve(this.#root, ref);
    if (target === undefined) target = this.#standIn(ref, body, at);
    else if (!this.#made.has(target)) {
      this.#assume(
        'assumed-order',
        at,
        `${refText(ref)} is overridden before it is defined: taken as if after it`,
      );
    }
    for (const label of [...labels].reverse()) {
      target.addLabel(label);
      this.#labels.labelled(label.name, target);
    }
    mergeNode(target, body, this.#labels);
  }

  #standIn(ref: string, body: LiveNode, at: number): LiveNode {
    if (ref.startsWith('/')) {
      this.#assume('assumed-node', at, `no file that is given defines ${ref}: made of what overrides it`);
      return this.#below(this.#root, ref, at);
    }
    const [label = '', ...rest] = ref.split('/');
    const role = rest.length > 0 ? 'other' : roleOf(label, body);
    const unknown = `no file that is given defines ${refText(ref)}`;
    if (role === 'other') {
      const isChosen = label === 'chosen' && rest.length === 0;
      const node = isChosen
        ? this.#below(this.#root, 'chosen', at)
        : this.#below(this.#stub(label, at), rest.join('/'), at);
      const message = `${node.path} stands for it, with what overrides it`;
      const mistake = this.#mistake(ref, unknown);
      if (mistake.lacks !== undefined) {
        this.#assume('assumed-node', at, message, mistake);
        return node;
      }
      const matters = isChosen && body.liveProperty('bootargs') !== undefined;
      this.#assume(
        'assumed-node',
        at,
        matters ? message : `${unknown}: ${message}`,
        matters ? { lacks: unknown } : {},
      );
      return node;
    }
    const path = {
      [RESERVED_MEMORY]: RESERVED_MEMORY,
      region: `${RESERVED_MEMORY}/${label}`,
      memory: 'memory',
    }[role];
    const node = this.#below(this.#root, path, at);
    this.#label(node, label, at);
    if (role === 'memory' && body.liveProperty('device_type') === undefined) {
      addMade(node, 'device_type', new TextEncoder().encode('memory\0'));
    }
    const message = `${node.path} stands for it, with nothing but what overrides it`;
    this.#assume('assumed-node', at, message, { lacks: unknown });
    return node;
  }

  /** Gives all that is referred to and not there a stub. @returns whether there was any */
  references(): boolean {
    const told = new Set<string>();
    let any = false;
    for (const node of liveNodes(this.#root)) {
      for (const { name, deleted, markers = [] } of node.properties) {
        if (deleted) continue;
        for (const { kind, ref, at } of markers) {
          if (kind === 'label') continue;
          const target = this.#labels.resolve(this.#root, ref);
          if (target !== undefined && !this.#made.has(target)) continue;
          any = true;
          const made = target ?? this.#stubFor(ref, at);
          const matters = concernsMemory(node, name);
          const key = `${ref} ${matters ? `${node.path}:${name}` : ''}`;
          if (!told.has(key)) this.#tell(ref, made, matters ? `${name} of ${node.path}` : undefined, at);
          told.add(key);
        }
      }
    }
    return any;
  }

  #tell(ref: string, node: LiveNode, user: string | undefined, at: number): void {
    const what = ref.includes('/')
      ? `there is no node at ${refText(ref)}`
      : `no file that is given defines the label "${ref}"`;
    if (user === undefined) {
      // What overrides it has told of it already.
      if (node.properties.length > 0 || node.children.length > 0) return;
      const message = `${refText(ref)} stubbed: ${what}, and memory does not depend on it`;
      this.#assume('assumed-label', at, message, this.#mistake(ref, what));
      return;
    }
    const near = this.#meant(ref);
    this.#assume('assumed-label', at, `${node.path} stands for it, without memory or an IOMMU of its own`, {
      lacks: `${what}, which ${user} names`,
      instead: near === undefined ? 'give the file that defines it' : `did you mean &${near}?`,
    });
  }

  #stubFor(ref: string, at: number): LiveNode {
    if (ref.startsWith('/')) return this.#below(this.#root, ref, at);
    const [label = '', ...rest] = ref.split('/');
    return this.#below(this.#labels.node(label) ?? this.#stub(label, at), rest.join('/'), at);
  }

  /** A node at the root that has the label. */
  #stub(label: string, at: number): LiveNode {
    let name = label;
    while (TAKEN.includes(name) || this.#root.childNamed(name) !== undefined) name += '-stub';
    const node = this.#below(this.#root, name, at);
    this.#label(node, label, at);
    return node;
  }

  #label(node: LiveNode, name: string, at: number): void {
    node.addLabel({ name, at, deleted: false });
    this.#labels.labelled(name, node);
  }

  /** The node at a path, made where it is not there. */
  #below(from: LiveNode, path: string, at: number): LiveNode {
    let node = from;
    for (const name of path.split('/')) {
      if (name === '') continue;
      const known = node.liveChild(name);
      if (known !== undefined) {
        node = known;
        continue;
      }
      const made = new LiveNode(name, at);
      made.made = 'assumed';
      attach(node, made, this.#labels);
      this.#made.add(made);
      node = made;
    }
    return node;
  }
}
