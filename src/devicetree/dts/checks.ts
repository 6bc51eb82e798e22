/**
 * The named checks over a finished tree, with the names that dtc gives them. dtc refuses a source when one of
 * these fails, and so do we; the ones that only warn are not here.
 *
 * dtc: checks.c. The last three also do work: they number the phandles, fill in references and drop nodes.
 */

import { cellAt } from '../value.ts';
import type { Label, LiveNode, LiveProperty, Marker } from './live-tree.ts';
import { type CheckContext, dropUnused, fillPaths, fillPhandles } from './references.ts';

export interface Check {
  /** dtc's name for it: the code of its diagnostics. */
  readonly name: string;
  /** Checks that must have passed. */
  readonly needs: readonly string[];
  /** Reports what is wrong. */
  run(context: CheckContext): void;
}

const NODE_NAME_CHARS = /[^a-zA-Z0-9,._+\-@]/;
const PROPERTY_NAME_CHARS = /[^a-zA-Z0-9,._+*#?-]/;

export const CHECKS: readonly Check[] = [
  { name: 'duplicate_node_names', needs: [], run: checkDuplicateNodeNames },
  { name: 'duplicate_property_names', needs: [], run: checkDuplicatePropertyNames },
  { name: 'node_name_chars', needs: [], run: checkNodeNameChars },
  { name: 'node_name_format', needs: ['node_name_chars'], run: checkNodeNameFormat },
  { name: 'node_name_not_empty', needs: [], run: checkNodeNameNotEmpty },
  { name: 'property_name_chars', needs: [], run: checkPropertyNameChars },
  { name: 'name_is_string', needs: [], run: checkNameIsString },
  { name: 'name_properties', needs: ['name_is_string'], run: checkNameProperties },
  { name: 'duplicate_label', needs: [], run: checkDuplicateLabels },
  { name: 'explicit_phandles', needs: [], run: checkExplicitPhandles },
  {
    name: 'phandle_references',
    needs: ['duplicate_node_names', 'explicit_phandles'],
    run: fillPhandles,
  },
  { name: 'path_references', needs: ['duplicate_node_names'], run: fillPaths },
  { name: 'omit_unused_nodes', needs: ['phandle_references', 'path_references'], run: dropUnused },
];

/** Runs every check whose prerequisites passed. */
export function runChecks(context: CheckContext): void {
  const failed = new Set<string>();
  for (const check of CHECKS) {
    if (check.needs.some((name) => failed.has(name))) {
      failed.add(check.name);
      continue;
    }
    context.check = check.name;
    const before = context.failures;
    check.run(context);
    if (context.failures > before) failed.add(check.name);
  }
}

const NONE: readonly never[] = [];
/** Up to how many entries are compared with each other; a table is made for more. */
const COMPARED_DIRECTLY = 12;

/** The second and further entries of a name among those that are not deleted, each with the first. */
function duplicates<T extends { readonly name: string; readonly deleted: boolean }>(
  entries: readonly T[],
): readonly (readonly [T, T])[] {
  if (entries.length < 2) return NONE;
  const found: [T, T][] = [];
  if (entries.length <= COMPARED_DIRECTLY) {
    for (const [i, second] of entries.entries()) {
      if (second.deleted) continue;
      for (let j = 0; j < i; j++) {
        const first = entries[j];
        if (first === undefined || first.deleted || first.name !== second.name) continue;
        found.push([first, second]);
        break;
      }
    }
    return found;
  }
  const first = new Map<string, T>();
  for (const entry of entries) {
    if (entry.deleted) continue;
    const known = first.get(entry.name);
    if (known === undefined) first.set(entry.name, entry);
    else found.push([known, entry]);
  }
  return found;
}

function checkDuplicateNodeNames(context: CheckContext): void {
  for (const node of context.nodes) {
    for (const [first, second] of duplicates(node.children)) {
      context.fail({
        at: second.places[0],
        path: second.path,
        message: `a second node "${second.name}" in ${node.path}${context.where(first.places[0])}`,
        hint: 'give it another name or unit address, or override the first one by a label',
      });
    }
  }
}

function checkDuplicatePropertyNames(context: CheckContext): void {
  for (const node of context.nodes) {
    for (const [first, second] of duplicates(node.properties)) {
      context.fail({
        at: second.at,
        path: pathOf(node, second),
        message: `a second property "${second.name}" in ${node.path}${context.where(first.at)}`,
        hint: 'leave one out; only an override replaces a property',
      });
    }
  }
}

function checkNodeNameChars(context: CheckContext): void {
  for (const node of context.nodes) {
    const bad = NODE_NAME_CHARS.exec(node.name);
    if (bad === null) continue;
    context.fail({
      at: node.places[0],
      path: node.path,
      message: `the name of node "${node.name}" holds "${bad[0]}"; expected letters, digits and ,._+-@`,
    });
  }
}

function checkNodeNameFormat(context: CheckContext): void {
  for (const node of context.nodes) {
    if (node.name.indexOf('@') === node.name.lastIndexOf('@')) continue;
    context.fail({
      at: node.places[0],
      path: node.path,
      message: `the name of node "${node.name}" has more than one "@"`,
    });
  }
}

function checkNodeNameNotEmpty(context: CheckContext): void {
  for (const node of context.nodes) {
    if (node.parent === undefined || (node.name !== '' && !node.name.startsWith('@'))) continue;
    context.fail({
      at: node.places[0],
      path: node.path,
      message: `node "${node.name}" has no name before its unit address`,
      hint: 'name it after what it is: memory@80000000',
    });
  }
}

function checkPropertyNameChars(context: CheckContext): void {
  for (const node of context.nodes) {
    for (const property of node.properties) {
      if (property.deleted) continue;
      const bad = PROPERTY_NAME_CHARS.exec(property.name);
      if (bad === null) continue;
      context.fail({
        at: property.at,
        path: pathOf(node, property),
        message: `the name of property "${property.name}" holds "${bad[0]}"; expected letters, digits and ,._+*#?-`,
      });
    }
  }
}

function checkNameIsString(context: CheckContext): void {
  for (const node of context.nodes) {
    const property = node.liveProperty('name');
    if (property === undefined) continue;
    const { value } = property;
    if (value.length > 0 && value.indexOf(0) === value.length - 1) continue;
    context.fail({
      at: property.at,
      path: pathOf(node, property),
      message: `property "name" of ${node.path} is not one string`,
    });
  }
}

/** A `name` property can only repeat the node's name; it is dropped then. */
function checkNameProperties(context: CheckContext): void {
  for (const node of context.nodes) {
    const property = node.propertyNamed('name');
    if (property === undefined) continue;
    const [base = ''] = node.name.split('@', 1);
    const { value } = property;
    const isName =
      value.length === base.length + 1 && [...base].every((char, i) => char.charCodeAt(0) === value[i]);
    if (isName) {
      node.drop(property);
      continue;
    }
    context.fail({
      at: property.at,
      path: pathOf(node, property),
      message: `property "name" of ${node.path} is not "${base}", the node's name without its unit address`,
      hint: 'leave it out; the name of a node needs no property',
    });
  }
}

/** Labels share one space, whether they stand on nodes, properties or inside values. */
function checkDuplicateLabels(context: CheckContext): void {
  const known = new Map<string, { readonly owner: object; readonly at: number }>();
  const take = (
    label: Pick<Label, 'name' | 'at'>,
    owner: LiveNode | LiveProperty | Marker,
    path: string,
  ): void => {
    const first = known.get(label.name);
    if (first === undefined) {
      known.set(label.name, { owner, at: label.at });
    } else if (first.owner !== owner) {
      context.fail({
        at: label.at,
        path,
        message: `label "${label.name}" is used twice${context.where(first.at)}`,
        hint: 'a label names one thing; rename one of them',
      });
    }
  };
  for (const node of context.nodes) {
    if (node.labels === undefined) continue;
    for (const label of node.labels) if (!label.deleted) take(label, node, node.path);
  }
  for (const node of context.nodes) {
    for (const property of node.properties) {
      if (property.labels === undefined || property.deleted) continue;
      for (const label of property.labels) if (!label.deleted) take(label, property, pathOf(node, property));
    }
  }
  for (const node of context.nodes) {
    for (const property of node.properties) {
      if (property.deleted || property.markers === undefined) continue;
      for (const marker of property.markers) {
        if (marker.kind === 'label')
          take({ name: marker.ref, at: marker.at }, marker, pathOf(node, property));
      }
    }
  }
}

function checkExplicitPhandles(context: CheckContext): void {
  for (const node of context.nodes) {
    const phandle = explicitPhandle(context, node, 'phandle');
    const legacy = explicitPhandle(context, node, 'linux,phandle');
    if (phandle === 0 && legacy === 0) continue;
    if (phandle !== 0 && legacy !== 0 && phandle !== legacy) {
      context.fail({
        at: node.liveProperty('linux,phandle')?.at,
        path: node.path,
        message: `${node.path} has a "phandle" and another value in "linux,phandle"`,
        hint: 'leave "linux,phandle" out',
      });
    }
    const number = phandle !== 0 ? phandle : legacy;
    const other = context.phandles.get(number);
    if (other !== undefined && other !== node) {
      context.fail({
        at: (node.liveProperty('phandle') ?? node.liveProperty('linux,phandle'))?.at,
        path: node.path,
        message: `${node.path} has phandle 0x${number.toString(16)}, which ${other.path} has already`,
        hint: 'leave explicit phandles out; references number them',
      });
      continue;
    }
    node.phandle = number;
    context.phandles.set(number, node);
  }
}

/** checks.c: check_phandle_prop(). 0 when the property is not there, is bad, or refers to the node itself. */
function explicitPhandle(context: CheckContext, node: LiveNode, name: string): number {
  const property = node.liveProperty(name);
  if (property === undefined) return 0;
  const { value, at } = property;
  const path = pathOf(node, property);
  if (value.length !== 4) {
    context.fail({ at, path, message: `property "${name}" has ${value.length} bytes; expected one cell` });
    return 0;
  }
  const marker = property.markers?.find(({ kind }: Marker) => kind === 'phandle');
  if (marker !== undefined) {
    if (context.resolve(marker.ref) !== node) {
      context.fail({
        at: marker.at,
        path,
        message: `property "${name}" of ${node.path} refers to another node`,
      });
    }
    return 0;
  }
  const phandle = cellAt(value, 0) ?? 0;
  if (phandle === 0 || phandle === 0xffffffff) {
    context.fail({
      at,
      path,
      message: `0x${phandle.toString(16)} cannot be a phandle; expected 0x1 to 0xfffffffe`,
    });
    return 0;
  }
  return phandle;
}

const pathOf = (node: LiveNode, property: LiveProperty): string => `${node.path}:${property.name}`;
