import { describe, expect, it } from 'vitest';
import type { DtNode, DtProperty } from '../../../src/devicetree/tree.ts';
import { getChild, getProperty } from '../../../src/devicetree/tree.ts';
import { compileFile, compileText } from './compile-file.ts';

const nodeOf = (root: DtNode | undefined, ...names: string[]): DtNode => {
  let node = root;
  for (const name of names) node = node && getChild(node, name);
  if (node === undefined) throw new Error(`no node ${names.join('/')}`);
  return node;
};

const propertyOf = (node: DtNode, name: string): DtProperty => {
  const property = getProperty(node, name);
  if (property === undefined) throw new Error(`no property ${name}`);
  return property;
};

const SOURCE = `/dts-v1/;
/ {
	l: node {
		a = <1>;
		b = "x", <&l 2>, [03 04], &l;
		c;
	};
};
&l {
	a = <2>;
	/delete-property/ c;
};
m: &l {
	a = <3>;
	c = "again";
};
`;

describe('where things come from', () => {
  const { tree } = compileText(SOURCE);
  const node = nodeOf(tree?.root, 'node');

  it('a property knows its last setting and the ones before', () => {
    const a = propertyOf(node, 'a');
    expect(a.position).toEqual({ file: 'test.dts', line: 14, column: 2 });
    expect(a.origin?.earlier).toEqual([
      { kind: 'set', position: { file: 'test.dts', line: 4, column: 3 }, value: Uint8Array.of(0, 0, 0, 1) },
      { kind: 'set', position: { file: 'test.dts', line: 10, column: 2 }, value: Uint8Array.of(0, 0, 0, 2) },
    ]);
  });

  it('a property that was deleted and set again knows that', () => {
    expect(propertyOf(node, 'c').origin?.earlier).toMatchObject([
      { kind: 'set', position: { line: 6 } },
      { kind: 'deleted', position: { line: 11 } },
    ]);
  });

  it('a node knows its definition, its overrides and its labels', () => {
    expect(node.position).toEqual({ file: 'test.dts', line: 3, column: 5 });
    expect(node.origin?.places.map(({ line }) => line)).toEqual([3, 9, 13]);
    expect(node.origin?.labels).toEqual(['m', 'l']);
  });

  it('each part of a value has its place, behind a path that was filled in too', () => {
    const { tree: other } = compileText('/dts-v1/; / { p = &n, <&n 5>, "t"; n: n { }; };');
    const text = '/dts-v1/; / { p = &n, <&n 5>, "t"; n: n { }; };';
    const pieces = other && propertyOf(other.root, 'p').origin?.pieces;
    expect(
      pieces?.map(({ offset, position }) => [offset, text.slice((position.column ?? 0) - 1)[0]]),
    ).toEqual([
      [0, '&'],
      [3, '&'],
      [7, '5'],
      [11, '"'],
    ]);
    expect(propertyOf(node, 'b').origin?.pieces.map(({ offset }) => offset)).toEqual([0, 2, 6, 10, 12]);
  });

  it('what no statement sets says why it is there', () => {
    const phandle = propertyOf(node, 'phandle');
    expect(phandle.position).toBeUndefined();
    expect(phandle.origin?.made).toBe('numbered for a reference');
  });

  it('an included file names its includers', () => {
    const compiled = compileFile('fixtures/dts/ok', 'include.dts');
    const deeper = propertyOf(compiled.tree?.root ?? node, 'deeper');
    expect(deeper.position).toEqual({
      file: 'fixtures/dts/ok/include/sub/deeper.dtsi',
      line: 1,
      column: 5,
      includedFrom: {
        file: 'fixtures/dts/ok/include/sub/nested.dtsi',
        line: 1,
        column: 1,
        includedFrom: { file: 'fixtures/dts/ok/include.dts', line: 4, column: 1 },
      },
    });
    expect(compiled.lineText(deeper.position ?? { file: '' })).toBe('/ { deeper; };');
  });

  it('a board over three files knows which override set what', () => {
    const { tree: board } = compileFile('fixtures/dts/ok', 'cpp-board.dts');
    const status = propertyOf(nodeOf(board?.root, 'soc@0', 'serial@30000'), 'status');
    expect(status.position).toMatchObject({ file: 'fixtures/dts/ok/cpp-board.dts', line: 16 });
    expect(status.origin?.earlier).toMatchObject([
      { position: { file: 'fixtures/dts/ok/include/soc.dtsi', includedFrom: { line: 3 } } },
    ]);
  });

  it('every node and property of a large board has a place or a reason', () => {
    const { tree: board } = compileFile('fixtures/dts/ok', 'many-entries.dts', true);
    const visit = (at: DtNode): void => {
      for (const { name, position, origin } of at.properties) {
        expect([name, position !== undefined || origin?.made !== undefined]).toEqual([name, true]);
      }
      for (const child of at.children) visit(child);
    };
    if (board !== undefined) visit(board.root);
    expect(board?.root.properties.length).toBe(40);
  });
});
