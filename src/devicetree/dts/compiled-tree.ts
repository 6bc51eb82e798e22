/**
 * The finished tree: what is not deleted, with its origins.
 */
import type { DtNode, DtProperty } from '../tree.ts';
import type { LiveNode, LiveProperty } from './live-tree.ts';
import {
  CompiledNodeOrigin,
  CompiledPropertyOrigin,
  type NodeOrigin,
  type OriginTables,
  type Place,
  type PropertyOrigin,
} from './origin.ts';

class CompiledProperty implements DtProperty {
  readonly name: string;
  readonly value: Uint8Array;
  readonly origin: PropertyOrigin;

  constructor(property: LiveProperty, tables: OriginTables) {
    this.name = property.name;
    this.value = property.value;
    this.origin = new CompiledPropertyOrigin(tables, property);
  }

  get position(): Place | undefined {
    return this.origin.position;
  }
}

class CompiledNode implements DtNode {
  readonly name: string;
  readonly properties: readonly DtProperty[];
  readonly children: readonly DtNode[];
  readonly origin: NodeOrigin;

  constructor(node: LiveNode, tables: OriginTables) {
    const properties: DtProperty[] = [];
    for (const property of node.properties) {
      if (!property.deleted) properties.push(new CompiledProperty(property, tables));
    }
    const children: DtNode[] = [];
    for (const child of node.children) {
      if (!child.deleted) children.push(new CompiledNode(child, tables));
    }
    this.name = node.name;
    this.properties = properties;
    this.children = children;
    this.origin = new CompiledNodeOrigin(tables, node);
  }

  get position(): Place | undefined {
    return this.origin.position;
  }
}

/** A tree for others to read; the live one must not change any more. */
export const compiledTree = (root: LiveNode, tables: OriginTables): DtNode => new CompiledNode(root, tables);
