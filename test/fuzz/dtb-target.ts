/** Fuzzes blobs: decoded, read as a board, encoded and decoded again. */
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb, encodeDtb } from '../../src/devicetree/dtb.ts';
import type { DeviceTree, DtNode, DtProperty } from '../../src/devicetree/tree.ts';
import { cells, strings, tree as wholeTree } from '../devicetree/build-tree.ts';
import { fixtureSeeds } from './fixture-seeds.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';
import { type FuzzTarget, MAX_INPUT } from './target.ts';

const seeds = fixtureSeeds('.dtb').map((seed) => seed.bytes);
const trees = seeds.flatMap((bytes) => {
  try {
    return [decodeDtb(bytes, 'seed')];
  } catch {
    return []; // broken ones are seeds for bytes only
  }
});

/** A blob's layout around a structure block made of words. */
function blobOf(words: readonly number[], strings: Uint8Array, version: number): Uint8Array {
  const structStart = 56;
  const stringsStart = structStart + words.length * 4;
  const bytes = new Uint8Array(stringsStart + strings.length);
  const view = new DataView(bytes.buffer);
  const header = [
    0xd00dfeed,
    bytes.length,
    structStart,
    stringsStart,
    40,
    version,
    Math.min(version, 16),
    0,
    strings.length,
    words.length * 4,
  ];
  header.forEach((word, index) => {
    view.setUint32(index * 4, word);
  });
  words.forEach((word, index) => {
    view.setUint32(structStart + index * 4, word);
  });
  bytes.set(strings, stringsStart);
  return bytes;
}

const BEGIN = 1;
const END_NODE = 2;
const PROP = 3;
const NOP = 4;
const END = 9;
const ASCII = new TextEncoder();
const STRINGS = ASCII.encode(
  [
    'reg',
    'device_type',
    'dma-ranges',
    '#address-cells',
    '#size-cells',
    'memory-region',
    'status',
    'phandle',
    'ranges',
    '',
  ].join('\0'),
);

/** Random tags, mostly well nested, so that the walk gets far. */
function randomTags(random: Random): Uint8Array {
  const words: number[] = [BEGIN, 0];
  let open = 1;
  const count = random.below(random.oneIn(8) ? 20_000 : 200);
  for (let i = 0; i < count && open > 0; i++) {
    switch (random.below(random.oneIn(50) ? 7 : 5)) {
      case 0:
      case 1:
        words.push(BEGIN, random.oneIn(6) ? 0x2f612f00 : 0x61400000 + (random.below(26) << 24));
        open++;
        break;
      case 2:
        words.push(END_NODE);
        open--;
        break;
      case 3: {
        const length = random.below(6);
        words.push(PROP, length * 4, random.below(STRINGS.length));
        for (let j = 0; j < length; j++) words.push(random.oneIn(2) ? random.below(4) : random.word());
        break;
      }
      case 4:
        words.push(NOP);
        break;
      default:
        words.push(random.word());
    }
  }
  while (open-- > 0) words.push(END_NODE);
  words.push(END);
  return blobOf(words, STRINGS, random.pick([2, 3, 16, 16, 17, 17, 17]));
}

/** Properties as a list here: some trees repeat a name. */
const prop = (name: string, value: Uint8Array): DtProperty => ({ name, value });
const node = (name: string, properties: readonly DtProperty[], children: readonly DtNode[] = []): DtNode => ({
  name,
  properties,
  children,
});
const ROOT_CELLS = [prop('#address-cells', cells(2)), prop('#size-cells', cells(2))];
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Valid blobs of nearly a mebibyte, each an attempt to make something quadratic. */
const BIG: readonly ((random: Random) => DeviceTree)[] = [
  // Thousands of ranges behind thousands of ranges.
  (random) => {
    const entries = (count: number): Uint8Array => cells(...range(count * 6).map(() => random.below(16)));
    const inner = node('inner', [...ROOT_CELLS, prop('dma-ranges', entries(15_000))]);
    return wholeTree(
      node('', ROOT_CELLS, [node('outer', [...ROOT_CELLS, prop('dma-ranges', entries(15_000))], [inner])]),
    );
  },
  // Many properties, and ranges that look some up.
  (random) =>
    wholeTree(
      node('', ROOT_CELLS, [
        node(
          'bus',
          [...range(20_000).map((i) => prop(`p${i % 500}`, cells(i))), ...ROOT_CELLS],
          [
            node('inner', [
              ...ROOT_CELLS,
              prop('dma-ranges', cells(...range(60_000).map(() => random.word()))),
            ]),
          ],
        ),
      ]),
    ),
  // Very many siblings, all equal and all users of a region.
  () =>
    wholeTree(
      node('', ROOT_CELLS, [
        node(
          'reserved-memory',
          [...ROOT_CELLS, prop('ranges', cells())],
          [node('r', [prop('phandle', cells(1))])],
        ),
        ...range(28_000).map(() => node('a', [prop('memory-region', cells(1))])),
      ]),
    ),
  // Regions beyond counting, with long names.
  (random) =>
    wholeTree(
      node('', ROOT_CELLS, [
        node(
          'reserved-memory',
          [...ROOT_CELLS, prop('ranges', cells())],
          range(9_000).map((i) =>
            node(`region-${i}-${'x'.repeat(20)}`, [
              prop('compatible', strings('shared-dma-pool')),
              prop('reg', cells(0, 0x40000000 + i * 0x1000, 0, random.below(3) * 0x1000)),
            ]),
          ),
        ),
      ]),
    ),
  // As deep as it may be, with long names all the way down.
  () => {
    let inner = node('end', [prop('memory-region', cells(...range(100_000)))]);
    for (let i = 0; i < 60; i++) inner = node('n'.repeat(64), [prop('memory-region', cells(7))], [inner]);
    return wholeTree(node('', ROOT_CELLS, [inner]));
  },
  // Unresolved phandles and stray memory nodes.
  (random) =>
    wholeTree(
      node(
        '',
        ROOT_CELLS,
        range(15_000).map((i) =>
          node(`memory@${i}`, [
            prop('reg', cells(...range(random.below(6)))),
            prop('memory-region', cells(i)),
          ]),
        ),
      ),
    ),
];

/** A real tree with some property values replaced: valid as a blob, odd as a board. */
function oddBoard(random: Random): Uint8Array {
  const odd = (value: Uint8Array): Uint8Array => {
    switch (random.below(5)) {
      case 0:
        return new Uint8Array();
      case 1:
        return value.subarray(0, random.below(value.length + 1));
      case 2:
        return cells(
          ...range(random.below(9)).map(() => (random.oneIn(2) ? random.below(5) : random.word())),
        );
      default:
        return mutate(value, value, random);
    }
  };
  const change = (from: DtNode): DtNode => ({
    name: from.name,
    properties: from.properties.map((p) => (random.oneIn(8) ? { name: p.name, value: odd(p.value) } : p)),
    children: from.children.flatMap((child) => (random.oneIn(30) ? [] : [change(child)])),
  });
  const tree = random.pick(trees);
  return encodeDtb({ ...tree, root: change(tree.root) }, { version: random.oneIn(4) ? 16 : 17 });
}

export const dtbTarget: FuzzTarget = {
  name: 'dtb',

  input(random) {
    let bytes: Uint8Array;
    const kind = random.below(200);
    if (kind === 0) bytes = encodeDtb(random.pick(BIG)(random));
    else if (kind < 30) bytes = randomTags(random);
    else if (kind < 90) bytes = oddBoard(random);
    else if (kind < 95) bytes = random.bytes(random.below(4096));
    else bytes = random.pick(seeds);
    if (kind >= 95 || random.oneIn(4)) bytes = mutate(bytes, random.pick(seeds), random);
    return bytes.subarray(0, MAX_INPUT);
  },

  run(bytes) {
    const tree = decodeDtb(bytes, 'fuzz.dtb');
    const again = decodeDtb(encodeDtb(tree), 'again.dtb');
    if (again.root.children.length !== tree.root.children.length) throw new Error('encoding lost children');
    boardFromTree(tree, 'fuzz.dtb');
  },
};
