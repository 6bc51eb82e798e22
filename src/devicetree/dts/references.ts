/**
 * Fills in what references stand for: phandles, numbered in the order in which references need them, and paths.
 *
 * dtc: checks.c: fixup_phandle_references(), fixup_path_references(), fixup_omit_unused_nodes(); livetree.c:
 * get_node_phandle()
 */

import { closest } from '../closest.ts';
import { concatenate } from './concatenate.ts';
import type { LabelIndex } from './label-index.ts';
import { DTS_LIMITS } from './limits.ts';
import { type LiveNode, LiveProperty, liveNodes, type Marker } from './live-tree.ts';
import type { Pieces } from './pieces.ts';
import type { Finding, Report } from './report.ts';
import type { SourceMap } from './source-map.ts';

export interface CheckedTree {
  readonly root: LiveNode;
  readonly isPlugin: boolean;
  /** Whether every labelled node is kept and numbered, for `__symbols__`. */
  readonly symbols: boolean;
  readonly labels: LabelIndex;
  readonly pieces: Pieces;
  readonly report: Report;
  readonly sources: SourceMap;
}

export class CheckContext {
  readonly tree: CheckedTree;
  /** The nodes that are not deleted, parents first. */
  nodes: readonly LiveNode[];
  /** The node of each phandle that is taken. */
  readonly phandles = new Map<number, LiveNode>();
  /** The name of the check that runs. */
  check = '';
  failures = 0;
  /** What references mean; null for those that mean nothing. */
  readonly #resolved = new Map<string, LiveNode | null>();
  #nextPhandle = 1;
  #added = 0;

  constructor(tree: CheckedTree) {
    this.tree = tree;
    this.nodes = liveNodes(tree.root);
  }

  fail(finding: Omit<Finding, 'code'>): void {
    this.failures++;
    this.tree.report.error({ code: this.check, ...finding });
  }

  /** The place of something as the end of a sentence. */
  where(at: number | undefined): string {
    if (at === undefined || at < 0) return '';
    const { file, line } = this.tree.sources.originAt(at);
    return `; the first is at ${file}:${line}`;
  }

  /** The node that a reference means, in the finished tree. */
  resolve(ref: string): LiveNode | undefined {
    const known = this.#resolved.get(ref);
    if (known !== undefined) return known === null ? undefined : known;
    const node = this.tree.labels.resolve(this.tree.root, ref);
    this.#resolved.set(ref, node ?? null);
    return node;
  }

  /** Looks again: nodes were deleted or added. */
  refresh(): void {
    this.nodes = liveNodes(this.tree.root);
    this.#resolved.clear();
  }

  /** The phandle of a node, which gets one and a property for it if it has none. */
  phandleOf(node: LiveNode, reason: string): number {
    if (node.phandle !== 0) return node.phandle;
    // The number of a node that was dropped is free again.
    while (this.phandles.get(this.#nextPhandle)?.deleted === false) this.#nextPhandle++;
    node.phandle = this.#nextPhandle;
    this.phandles.set(node.phandle, node);
    if (node.liveProperty('phandle') === undefined) {
      const value = new Uint8Array(4);
      new DataView(value.buffer).setUint32(0, node.phandle);
      const property = new LiveProperty('phandle', value, -1);
      property.made = reason;
      node.addProperty(property);
    }
    return node.phandle;
  }

  /** Counts bytes that are added to values, against the limit. */
  add(bytes: number, at: number): void {
    this.#added += bytes;
    if (this.#added > DTS_LIMITS.totalBytes) {
      this.tree.report.fatal(
        'dts-too-large',
        at,
        `the paths of references hold more than ${DTS_LIMITS.totalBytes} bytes`,
      );
    }
  }
}

const utf8 = new TextEncoder();

/** Whether a property is there and holds markers; most do not. */
const marked = (property: LiveProperty): readonly Marker[] | undefined =>
  property.deleted ? undefined : property.markers;

export function fillPhandles(context: CheckContext): void {
  for (const node of context.nodes) {
    // A property that gets added while we look holds no reference.
    for (const property of node.properties) {
      const markers = marked(property);
      if (markers === undefined) continue;
      for (const marker of markers) {
        if (marker.kind !== 'phandle') continue;
        const target = context.resolve(marker.ref);
        if (target !== undefined) {
          new DataView(property.value.buffer, property.value.byteOffset).setUint32(
            marker.offset,
            context.phandleOf(target, 'numbered for a reference'),
          );
          target.referenced = true;
        } else if (!context.tree.isPlugin) {
          failUnresolved(context, node, property, marker);
        }
      }
    }
  }
}

export function fillPaths(context: CheckContext): void {
  for (const node of context.nodes) {
    for (const property of node.properties) {
      if (marked(property)?.some(({ kind }) => kind === 'path')) fillPathsOf(context, node, property);
    }
  }
}

/** Puts the path of each referenced node into a value; the markers and pieces behind it move. */
function fillPathsOf(context: CheckContext, node: LiveNode, property: LiveProperty): void {
  const { pieces } = context.tree;
  const { value, markers = [], firstPiece, pieceCount } = property;
  const parts: Uint8Array[] = [];
  let copied = 0;
  let added = 0;
  let piece = firstPiece;
  for (const marker of markers) {
    const { offset } = marker;
    marker.offset += added;
    if (marker.kind !== 'path') continue;
    const target = context.resolve(marker.ref);
    if (target === undefined) {
      failUnresolved(context, node, property, marker);
      continue;
    }
    target.referenced = true;
    for (; piece < firstPiece + pieceCount && pieces.position(piece) <= marker.at; piece++) {
      pieces.move(piece, added);
    }
    const path = utf8.encode(`${target.path}\0`);
    context.add(path.length, marker.at);
    parts.push(value.subarray(copied, offset), path);
    copied = offset;
    added += path.length;
  }
  for (; piece < firstPiece + pieceCount; piece++) pieces.move(piece, added);
  parts.push(value.subarray(copied));
  property.value = concatenate(parts);
}

function failUnresolved(context: CheckContext, node: LiveNode, property: LiveProperty, marker: Marker): void {
  const { ref, at } = marker;
  const isPath = ref.includes('/');
  const guess = isPath ? undefined : closest(ref, context.tree.labels.labels());
  context.fail({
    at,
    path: `${node.path}:${property.name}`,
    message: isPath ? `there is no node at &{${ref}}` : `no node has the label "${ref}"`,
    hint: guess === undefined ? 'was the node deleted, or its file not included?' : `did you mean &${guess}?`,
  });
}

export function dropUnused(context: CheckContext): void {
  let dropped = false;
  for (const node of context.nodes) {
    if (!node.omitIfUnused || node.referenced || node.deleted) continue;
    if (context.tree.symbols && node.labels !== undefined) continue;
    if (node.parent === undefined) {
      context.fail({
        at: node.places[0],
        path: '/',
        message: 'nothing refers to the root node, so /omit-if-no-ref/ drops it',
      });
      return;
    }
    node.delete(-1);
    dropped = true;
  }
  if (dropped) context.refresh();
}
