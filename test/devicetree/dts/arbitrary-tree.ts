/**
 * Random trees that the language can write, and random base and overlay sources that fit together.
 */
import fc from 'fast-check';
import type { DeviceTree, DtNode, DtProperty } from '../../../src/devicetree/tree.ts';

const nameOf = (characters: string, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength });

/** Values that look like cells, strings or neither, and some at the border between them. */
const value: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 24 }),
  fc
    .array(fc.constantFrom(0, 0, 7, 10, 13, 14, 31, 32, 34, 65, 92, 126, 127, 255), { maxLength: 16 })
    .map((bytes) => Uint8Array.from(bytes)),
  fc
    .array(fc.stringMatching(/^[ -~]{0,12}$/), { minLength: 1, maxLength: 4 })
    .map((texts) => Buffer.from(`${texts.join('\0')}\0`)),
  fc
    .uint8Array({ maxLength: 6 })
    .map((bytes) => Uint8Array.from([...bytes].flatMap((byte) => [0, 0, 0, byte]))),
);

const property: fc.Arbitrary<DtProperty> = fc.record({
  name: nameOf('abz09,._+*#?-', 12).filter((name) => name !== 'name' && name !== 'phandle'),
  value,
});

const node: fc.Memo<DtNode> = fc.memo((depth) =>
  fc.record({
    name: fc
      .tuple(nameOf('abz09,._+-', 8), fc.option(nameOf('0123abc,', 5)))
      .map(([base, unit]) => (unit === null ? base : `${base}@${unit}`)),
    properties: fc.uniqueArray(property, { selector: ({ name }) => name, maxLength: 5 }),
    children:
      depth <= 1
        ? fc.constant([])
        : fc.uniqueArray(node(depth - 1), { selector: ({ name }) => name, maxLength: 3 }),
  }),
);

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

export const arbitraryTree: fc.Arbitrary<DeviceTree> = fc.record({
  root: node(4).map((root) => ({ ...root, name: '' })),
  memReserves: fc.array(fc.record({ address: u64, size: u64.filter((size) => size !== 0n) }), {
    maxLength: 3,
  }),
  bootCpuid: fc.nat(),
});

/** A body of an overlay: properties, and child nodes that the base may have too. */
interface Body {
  readonly values: readonly [string, string][];
  readonly children: readonly { readonly name: string; readonly label: boolean; readonly body: Body }[];
}

const CHILD_NAMES = ['a', 'b', 'b@1', 'c@2', 'd'];
const PROPERTY_NAMES = ['p', 'q', 'r', 's', 'status'];

const bodyOf = (refs: readonly string[]): fc.Memo<Body> => {
  const cell = fc.oneof(
    fc.nat().map(String),
    fc.constantFrom(...refs).map((ref) => `&${ref}`),
  );
  const text = fc.oneof(
    fc.constantFrom('"okay"', '"disabled", "x"', '[01 02 03]', '<>'),
    fc.array(cell, { minLength: 1, maxLength: 4 }).map((cells) => `<${cells.join(' ')}>`),
    fc.array(cell, { minLength: 1, maxLength: 2 }).map((cells) => `"t", <${cells.join(' ')}>`),
  );
  const body: fc.Memo<Body> = fc.memo((depth) =>
    fc.record({
      values: fc.uniqueArray(fc.tuple(fc.constantFrom(...PROPERTY_NAMES), text), {
        selector: ([name]) => name,
        maxLength: 3,
      }),
      children:
        depth <= 1
          ? fc.constant([])
          : fc.uniqueArray(
              fc.record({
                name: fc.constantFrom(...CHILD_NAMES),
                label: fc.boolean(),
                body: body(depth - 1),
              }),
              { selector: ({ name }) => name, maxLength: 3 },
            ),
    }),
  );
  return body;
};

/** Numbers the labels while it prints. */
class BodyPrinter {
  #labels = 0;
  readonly #prefix: string;
  readonly #labelsAllowed: (path: string) => boolean;

  constructor(prefix: string, labelsAllowed: (path: string) => boolean) {
    this.#prefix = prefix;
    this.#labelsAllowed = labelsAllowed;
  }

  print({ values, children }: Body, path: string): string {
    const lines = values.map(([name, text]) => `${name} = ${text};`);
    for (const { name, label, body } of children) {
      const below = `${path}/${name}`;
      const start = label && this.#labelsAllowed(below) ? `${this.#prefix}${this.#labels++}: ` : '';
      lines.push(`${start}${name} { ${this.print(body, below)} };`);
    }
    return lines.join(' ');
  }
}

/** A base source whose nodes have the labels `base0` …, and an overlay source for it. */
export interface OverlayCase {
  readonly base: string;
  readonly overlay: string;
}

const BASE_LABELS = ['base0', 'base1', 'base2'];

/** @param relabels whether the overlay may label nodes that the base has too: libfdt before 1.7.1 broke those */
export const overlayCase = (relabels: boolean): fc.Arbitrary<OverlayCase> =>
  fc
    .record({
      bodies: fc.tuple(...BASE_LABELS.map(() => bodyOf(BASE_LABELS)(3))),
      fragments: fc.array(
        fc.record({
          target: fc.constantFrom('&base0', '&base1', '&base2', '&{/}', '&{/n0}', '&{/n1@1}', '&{/new}'),
          body: bodyOf([...BASE_LABELS, 'own'])(3),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    })
    .map(({ bodies, fragments }) => {
      const baseBodies = new BodyPrinter('inner', () => true);
      const names = ['n0', 'n1@1', 'n2'];
      const base = bodies
        .map((body, i) => `base${i}: ${names[i]} { ${baseBodies.print(body, '')} };`)
        .join('\n');
      const printer = new BodyPrinter('over', () => relabels);
      const overlay = fragments
        .map(({ target, body }) => `${target} { ${printer.print(body, '')} };`)
        .join('\n');
      return {
        base: `/dts-v1/;\n/ {\n${base}\n};\n`,
        overlay: `/dts-v1/;\n/plugin/;\n&{/} { new { own: own { }; }; };\n${overlay}\n`,
      };
    });
