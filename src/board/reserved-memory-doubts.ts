/**
 * What somebody who reserves memory probably meant otherwise: properties that are almost a known one, and a
 * reserved-memory node that Linux never looks at.
 */
import { closest } from '../devicetree/closest.ts';
import { baseNameOf } from '../devicetree/node-lookup.ts';
import { type DtNode, type DtProperty, getProperty } from '../devicetree/tree.ts';
import { CELL, firstString, numberAt, stringsOf } from '../devicetree/value.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { formatHex, formatSize } from '../units.ts';
import type { CellWidths } from './reserved-memory-nodes.ts';

/** What Linux reads of a child, and is easily misspelt. */
const READ = [
  'reusable',
  'no-map',
  'alignment',
  'alloc-ranges',
  'linux,cma-default',
  'linux,dma-default',
  'compatible',
];
/** What else children have by the bindings: no misspelling, however near. */
const OTHERS = [
  'no-map-fixup',
  'status',
  'label',
  'phandle',
  'linux,phandle',
  'reg',
  'reg-names',
  'size',
  'ranges',
  'name',
];
/** Names that are further off. */
const SAID: Readonly<Record<string, string>> = {
  reuse: 'reusable',
  'cma-default': 'linux,cma-default',
  'dma-default': 'linux,dma-default',
};

/** The words of a name, in no order: `linux,default-cma` is `linux,cma-default`. */
const wordsOf = (name: string): string => name.toLowerCase().split(/[-_,]/).sort().join(' ');

/** The property that a name was probably meant to be; `undefined` for one that is known, or like none. */
export function meantProperty(name: string): string | undefined {
  if (READ.includes(name) || OTHERS.includes(name)) return undefined;
  const near = Object.hasOwn(SAID, name)
    ? SAID[name]
    : (READ.find((known) => wordsOf(known) === wordsOf(name)) ?? closest(name, [...READ, ...OTHERS]));
  return near !== undefined && READ.includes(near) ? near : undefined;
}

/** Properties of the children of /reserved-memory that are almost one that Linux reads. */
export function misspeltProperties(reserved: DtNode): readonly Diagnostic[] {
  return reserved.children.flatMap((node) =>
    node.properties.flatMap(({ name, position = node.position }): Diagnostic[] => {
      const meant = meantProperty(name);
      if (meant === undefined || node.properties.some((property) => property.name === meant)) return [];
      return [
        {
          code: 'board-misspelt-property',
          severity: 'warning',
          message: `Linux knows no property ${name} of reserved memory and ignores it`,
          ...(position && { position }),
          path: `/${reserved.name}/${node.name}:${name}`,
          hint: `did you mean ${meant}?`,
        },
      ];
    }),
  );
}

const FLAGS = ['reusable', 'no-map', 'linux,cma-default', 'linux,dma-default'];

/** What somebody writes who means no. */
const MEANS_NO = /^(0|n|no|off|false|disabled)$/i;

/** Flags that are set all the same, and defaults of the wrong sort of region. */
export function flagDoubts(reserved: DtNode): readonly Diagnostic[] {
  return reserved.children.flatMap((node) => {
    const has = (name: string) => getProperty(node, name) !== undefined;
    return node.properties.flatMap(({ name, value, position = node.position }): Diagnostic[] => {
      const warning = (code: string, message: string, hint: string): Diagnostic => ({
        code,
        severity: 'warning',
        message,
        ...(position && { position }),
        path: `/${reserved.name}/${node.name}:${name}`,
        hint,
      });
      if (!FLAGS.includes(name)) return [];
      const isNo =
        value.length > 0 && (value.every((byte) => byte === 0) || MEANS_NO.test(firstString(value) ?? ''));
      const meansNo = isNo
        ? [
            warning(
              'board-flag-value',
              `${name} is a flag: Linux looks whether it is there, and passes over its value`,
              `leave ${name} out`,
            ),
          ]
        : [];
      const isLost =
        (name === 'linux,cma-default' && !has('reusable')) ||
        (name === 'linux,dma-default' && has('reusable'));
      if (!isLost) return meansNo;
      const [of, hint] =
        name === 'linux,cma-default'
          ? ['reusable regions', 'add reusable for a CMA area']
          : ['regions that are not reusable', 'did you mean linux,cma-default?'];
      const message = `${name} means something to ${of} alone, and is passed over here`;
      return [...meansNo, warning('board-default-ignored', message, hint)];
    });
  });
}

/** What Linux reads only of a region without `reg`: __reserved_mem_alloc_size(). */
const OF_DYNAMIC = ['size', 'alignment', 'alloc-ranges'];

/** The address behind the @ of a node's name; `undefined` where there is none, or it is no plain number. */
export function unitAddressOf(name: string): bigint | undefined {
  const unit = /@(?:0x)?([0-9a-fA-F]{1,16})$/.exec(name)?.[1];
  return unit === undefined ? undefined : BigInt(`0x${unit}`);
}

/** Places and sizes of the children of /reserved-memory that Linux does not take as their author meant them. */
export function placeDoubts(reserved: DtNode, root: CellWidths): readonly Diagnostic[] {
  return reserved.children.flatMap((node) => {
    const path = `/${reserved.name}/${node.name}`;
    const warning = (
      code: string,
      { name, position = node.position }: DtProperty,
      message: string,
      hint: string,
    ): Diagnostic => ({
      code,
      severity: 'warning',
      message,
      ...(position && { position }),
      path: `${path}:${name}`,
      hint,
    });
    const reg = getProperty(node, 'reg');
    if (reg !== undefined) {
      const base = numberAt(reg.value, 0, root.addressCells);
      const isMet = ({ name, value }: DtProperty): boolean => {
        const asked = name === 'alignment' ? numberAt(value, 0, value.length / CELL) : 0n;
        return asked > 0n && base % asked === 0n;
      };
      const ignored = node.properties.filter((one) => OF_DYNAMIC.includes(one.name) && !isMet(one));
      const [first] = ignored;
      if (first === undefined) return [];
      const names = ignored.map(({ name }) => name).join(', ');
      const shown = ignored.map(({ name, value }) =>
        name === 'size' && value.length > 0
          ? `size (${formatSize(numberAt(value, 0, value.length / CELL))})`
          : name,
      );
      const own = numberAt(reg.value, root.addressCells, root.sizeCells);
      const message = `${shown.join(', ')} beside reg ${ignored.length === 1 ? 'is' : 'are'} ignored: the region has the place and the size of its reg, ${formatSize(own)} at ${formatHex(base)}`;
      const hint = `leave ${names} out, or leave reg out so that Linux finds a place`;
      return [warning('board-size-beside-reg', first, message, hint)];
    }
    const size = getProperty(node, 'size');
    const { addressCells, sizeCells } = root;
    if (size === undefined || size.value.length !== (addressCells + sizeCells) * CELL || addressCells === 0)
      return [];
    const base = numberAt(size.value, 0, addressCells);
    if (base === 0n || (unitAddressOf(node.name) ?? base) !== base) return [];
    const message = 'size holds an address and a size, as reg does: Linux refuses it';
    return [warning('board-size-for-reg', size, message, 'did you mean reg?')];
  });
}

/** A node with regions that Linux does not look at, by its path; of one that is no reserved-memory node only those. */
export interface StrayReserved {
  readonly path: string;
  readonly node: DtNode;
  readonly regions: readonly DtNode[];
}

const isReservedMemory = ({ name }: DtNode): boolean => baseNameOf(name) === 'reserved-memory';

/** What nothing but a region of reserved memory says of itself. */
const isRegion = (node: DtNode): boolean =>
  stringsOf(getProperty(node, 'compatible')?.value ?? new Uint8Array()).some((one) =>
    ['shared-dma-pool', 'restricted-dma-pool'].includes(one),
  );

/**
 * Regions that are never scanned: fdt_scan_reserved_mem() looks at the children of /reserved-memory only.
 *
 * @param scanned the node that it looks at
 */
export function strayReserved(root: DtNode, scanned: DtNode | undefined): readonly StrayReserved[] {
  const found: StrayReserved[] = [];
  const visit = (node: DtNode, path: string): void => {
    if (node !== scanned && isReservedMemory(node)) {
      found.push({ path, node, regions: node.children });
      return;
    }
    const regions = node === scanned ? [] : node.children.filter(isRegion);
    if (regions.length > 0) found.push({ path, node, regions });
    for (const child of node.children) visit(child, `${path}/${child.name}`);
  };
  visit(root, '');
  return found;
}

/** Says of each such region, or of the node where it has none, that nothing is reserved for it. */
export function strayWarnings(stray: readonly StrayReserved[]): readonly Diagnostic[] {
  return stray.flatMap(({ path, node, regions }) =>
    (regions.length === 0 ? [undefined] : regions).map((child): Diagnostic => {
      const position = child?.position ?? node.position;
      const at = child === undefined ? path : `${path}/${child.name}`;
      const isMisspelt =
        /^\/[^/]+$/.test(path) &&
        !isReservedMemory(node) &&
        closest(baseNameOf(node.name), ['reserved-memory']) !== undefined;
      return {
        code: 'board-reserved-memory-elsewhere',
        severity: 'warning',
        message: `${at} is never scanned, and nothing is reserved for it: Linux looks for regions in /reserved-memory only`,
        ...(position && { position }),
        path: at,
        hint: isMisspelt
          ? `did you mean reserved-memory by ${node.name}?`
          : 'move it to /reserved-memory, with addresses as the root has them',
      };
    }),
  );
}
