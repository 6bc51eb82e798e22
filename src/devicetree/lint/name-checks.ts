/** dtc's checks of names, phandles and the types of a few properties. dtc: checks.c */
import { propertyCalled } from '../node-lookup.ts';
import type { DtProperty } from '../tree.ts';
import { CELL, cellAt } from '../value.ts';
import type { Fail, LintCheck } from './lint-check.ts';
import type { LintNode, LintTree } from './lint-tree.ts';
import { isPhandle } from './lint-tree.ts';

/** One string and nothing behind it. */
export const isString = ({ value }: DtProperty): boolean =>
  value.length > 0 && value.indexOf(0) === value.length - 1;

const isStringList = ({ value }: DtProperty): boolean => value.length === 0 || value.at(-1) === 0;

/** The second and further entries of a name. */
function repeated<T extends { readonly name: string }>(entries: readonly T[]): readonly T[] {
  const known = new Set<string>();
  return entries.filter(({ name }) => known.size === known.add(name).size);
}

/** A property must be one string. */
const stringCheck = (name: string, property: string): LintCheck => ({
  name,
  about: `${property} is one string`,
  level: 'warning',
  needs: [],
  node(node, fail) {
    const found = propertyCalled(node.node, property);
    if (found !== undefined && !isString(found)) fail(node, 'the property is not one string', found);
  },
});

/** A property must be one cell. */
export const cellCheck = (name: string, property: string): LintCheck => ({
  name,
  about: `${property} is one cell`,
  level: 'warning',
  needs: [],
  node(node, fail) {
    const found = propertyCalled(node.node, property);
    if (found !== undefined && found.value.length !== CELL) fail(node, 'the property is not one cell', found);
  },
});

const characters = (
  name: string,
  about: string,
  bad: RegExp,
  of: 'node' | 'property',
  level: LintCheck['level'],
): LintCheck => ({
  name,
  about,
  level,
  needs: [],
  node(node, fail) {
    if (of === 'node') {
      // The strict check looks at the name before the unit address alone.
      const found = bad.exec(level === 'off' ? node.base : node.name);
      if (found !== null) fail(node, `the name holds "${found[0]}"`);
      return;
    }
    for (const property of node.node.properties) {
      const text = level === 'off' ? strictName(property.name) : property.name;
      const found = bad.exec(text);
      if (found !== null) fail(node, `the name of the property holds "${found[0]}"`, property);
    }
  },
});

/** What the strict check looks at: old names, and one `#` at the begin or behind a vendor's prefix, are let pass. */
function strictName(name: string): string {
  if (name === 'device_type') return '';
  const vendor = /^([^#]*,)?#?(.*)$/.exec(name);
  return /#/.test(name) && vendor !== null && (vendor[1] !== undefined || name.startsWith('#'))
    ? `${vendor[1] ?? ''}${vendor[2] ?? ''}`
    : name;
}

function explicitPhandles({ nodes }: LintTree, fail: Fail): void {
  const owners = new Map<number, LintNode>();
  const read = (node: LintNode, name: string): number => {
    const property = propertyCalled(node.node, name);
    if (property === undefined) return 0;
    if (property.value.length !== CELL) {
      fail(node, `the property has ${property.value.length} bytes; expected one cell`, property);
      return 0;
    }
    const phandle = cellAt(property.value, 0);
    if (isPhandle(phandle)) return phandle;
    fail(node, `0x${(phandle ?? 0).toString(16)} cannot be a phandle`, property);
    return 0;
  };
  for (const node of nodes) {
    const [phandle, legacy] = [read(node, 'phandle'), read(node, 'linux,phandle')];
    if (phandle === 0 && legacy === 0) continue;
    if (phandle !== 0 && legacy !== 0 && phandle !== legacy) fail(node, 'phandle and linux,phandle differ');
    const number = phandle === 0 ? legacy : phandle;
    const other = owners.get(number);
    if (other !== undefined) fail(node, `its phandle 0x${number.toString(16)} is ${other.path}'s already`);
    else owners.set(number, node);
  }
}

export const NAME_CHECKS: readonly LintCheck[] = [
  {
    name: 'duplicate_node_names',
    about: 'the children of a node have different names',
    level: 'error',
    needs: [],
    node: (node, fail) => {
      for (const second of repeated(node.children)) fail(second, 'a second node of this name');
    },
  },
  {
    name: 'duplicate_property_names',
    about: 'the properties of a node have different names',
    level: 'error',
    needs: [],
    node: (node, fail) => {
      for (const second of repeated(node.node.properties))
        fail(node, 'a second property of this name', second);
    },
  },
  characters(
    'node_name_chars',
    'names of nodes have letters, digits and ,._+-@',
    /[^a-zA-Z0-9,._+\-@]/,
    'node',
    'error',
  ),
  {
    name: 'node_name_format',
    about: 'the name of a node has one @ at most',
    level: 'error',
    needs: ['node_name_chars'],
    node: (node, fail) => {
      if (node.unit.includes('@')) fail(node, 'the name has more than one "@"');
    },
  },
  characters(
    'property_name_chars',
    'names of properties have letters, digits and ,._+*#?-',
    /[^a-zA-Z0-9,._+*#?-]/,
    'property',
    'error',
  ),
  {
    name: 'name_is_string',
    about: 'name is one string',
    level: 'error',
    needs: [],
    node: stringCheck('', 'name').node ?? (() => undefined),
  },
  {
    name: 'name_properties',
    about: "a name property repeats the node's name",
    level: 'error',
    needs: ['name_is_string'],
    node: (node, fail) => {
      const property = propertyCalled(node.node, 'name');
      if (property === undefined) return;
      const text = String.fromCharCode(...property.value.subarray(0, -1));
      if (text !== node.base) fail(node, `the property name is not "${node.base}", the node's name`);
    },
  },
  {
    name: 'node_name_vs_property_name',
    about: 'no property of a node is called as one of its children',
    level: 'warning',
    needs: [],
    node: (node, fail) => {
      if (node.parent !== undefined && propertyCalled(node.parent.node, node.name) !== undefined)
        fail(node, 'a property of its parent has the same name');
    },
  },
  {
    name: 'explicit_phandles',
    about: 'each phandle is a cell, and names one node',
    level: 'error',
    needs: [],
    tree: explicitPhandles,
  },
  // Of a finished tree: what its references stand for is filled in already.
  {
    name: 'phandle_references',
    about: 'references are of nodes that there are (of source)',
    level: 'error',
    needs: ['duplicate_node_names', 'explicit_phandles'],
  },
  {
    name: 'path_references',
    about: 'paths are of nodes that there are (of source)',
    level: 'error',
    needs: ['duplicate_node_names'],
  },
  cellCheck('address_cells_is_cell', '#address-cells'),
  cellCheck('size_cells_is_cell', '#size-cells'),
  stringCheck('device_type_is_string', 'device_type'),
  stringCheck('model_is_string', 'model'),
  stringCheck('status_is_string', 'status'),
  stringCheck('label_is_string', 'label'),
  {
    name: 'compatible_is_string_list',
    about: 'compatible is a list of strings',
    level: 'warning',
    needs: [],
    node: (node, fail) => {
      const property = propertyCalled(node.node, 'compatible');
      if (property !== undefined && !isStringList(property))
        fail(node, 'the property is no list of strings', property);
    },
  },
  {
    name: 'names_is_string_list',
    about: 'what ends in -names is a list of strings',
    level: 'warning',
    needs: [],
    node: (node, fail) => {
      for (const property of node.node.properties) {
        if (property.name.endsWith('-names') && !isStringList(property))
          fail(node, 'the property is no list of strings', property);
      }
    },
  },
  characters(
    'property_name_chars_strict',
    'names of properties have letters, digits and ,-',
    /[^a-zA-Z0-9,-]/,
    'property',
    'off',
  ),
  characters(
    'node_name_chars_strict',
    'names of nodes have letters, digits and ,-',
    /[^a-zA-Z0-9,-]/,
    'node',
    'off',
  ),
];
