/**
 * Finds the node that a reference means: by label, by path, or by a label and a path from there.
 */
import type { LiveNode, TreeListener } from './live-tree.ts';

/** With more nodes of one label than this the source is wrong anyway; the first known one serves. */
const COMPARED = 16;

export class LabelIndex implements TreeListener {
  readonly #nodes = new Map<string, LiveNode[]>();

  labelled(label: string, node: LiveNode): void {
    const known = this.#nodes.get(label);
    if (known === undefined) this.#nodes.set(label, [node]);
    else if (known.length >= COMPARED || !known.includes(node)) known.push(node);
  }

  /** Every label that a node of the tree has. */
  *labels(): Iterable<string> {
    for (const label of this.#nodes.keys()) if (this.node(label) !== undefined) yield label;
  }

  /** The first node in the order of the tree that has the label: livetree.c: get_node_by_label() */
  node(label: string): LiveNode | undefined {
    const known = this.#nodes.get(label);
    if (known === undefined) return undefined;
    const [only] = known;
    if (known.length === 1) return only !== undefined && bears(only, label) ? only : undefined;
    const alive = known.filter((node) => bears(node, label));
    if (alive.length === 0) this.#nodes.delete(label);
    else if (alive.length < known.length) this.#nodes.set(label, alive);
    if (alive.length < 2 || alive.length > COMPARED) return alive[0];
    return alive.reduce((first, node) => (comesBefore(node, first) ? node : first));
  }

  /** livetree.c: get_node_by_ref() */
  resolve(root: LiveNode, ref: string): LiveNode | undefined {
    if (ref === '/') return root;
    if (ref.startsWith('/')) return nodeByPath(root, ref);
    const slash = ref.indexOf('/');
    if (slash < 0) return this.node(ref);
    const from = this.node(ref.slice(0, slash));
    return from === undefined ? undefined : nodeByPath(from, ref.slice(slash + 1));
  }
}

/** The node at a path of full names below another: livetree.c: get_node_by_path() */
export function nodeByPath(from: LiveNode, path: string): LiveNode | undefined {
  let node = from;
  let rest = path;
  for (;;) {
    if (rest === '') return node.deleted ? undefined : node;
    let start = 0;
    while (rest[start] === '/') start++;
    const slash = rest.indexOf('/', start);
    const child = node.liveChild(rest.slice(start, slash < 0 ? undefined : slash));
    if (child === undefined || slash < 0) return child;
    node = child;
    rest = rest.slice(slash + 1);
  }
}

const bears = (node: LiveNode, label: string): boolean =>
  !node.deleted && (node.labels?.some(({ name, deleted }) => name === label && !deleted) ?? false);

function comesBefore(a: LiveNode, b: LiveNode): boolean {
  const pathA = ancestry(a);
  const pathB = ancestry(b);
  for (let i = 0; ; i++) {
    const stepA = pathA[i];
    const stepB = pathB[i];
    if (stepA === undefined) return true;
    if (stepB === undefined) return false;
    if (stepA === stepB) continue;
    const siblings = stepA.parent?.children ?? [];
    return siblings.indexOf(stepA) < siblings.indexOf(stepB);
  }
}

/** A node and all above it, the root first. */
function ancestry(node: LiveNode): LiveNode[] {
  const path: LiveNode[] = [];
  for (let at: LiveNode | undefined = node; at !== undefined; at = at.parent) path.unshift(at);
  return path;
}
