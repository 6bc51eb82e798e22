/**
 * Hostile YAML for the board reader, and what must hold of its answer. The suite runs it for seconds, a
 * longer fuzz run plugs the same target in.
 */
import { boardFromYaml } from '../../src/board/from-yaml.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import type { Random } from '../fuzz/random.ts';
import type { FuzzTarget } from '../fuzz/target.ts';

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const BASE = `# a board
model: Fuzzed board
compatible: [ "acme,fuzz", 'acme,soc' ]
"#address-cells": 2
"#size-cells": 2
memory: { reg: [[0x40000000, 1G], [0x100000000, 3 GiB]] }
chosen:
  bootargs: >
    console=ttyS0
    cma=64M
memreserve: [[0x4f000000, 64K]]
dma-ranges: [0, 0x40000000, 1G]
reserved-memory:
  ranges:
  secmon@4f000000: &firmware { reg: [0x4f000000, 1M], no-map: true }
  copy: *firmware
  vpu-pool@50000000:
    compatible: shared-dma-pool
    reg:
      - [0x50000000, 4M]
      - [0x51000000, 4M]
    no-map: true
    label: vpu_pool
  linux,cma:
    compatible: shared-dma-pool
    size: 32M
    alignment: 2M
    alloc-ranges: [[0x40000000, 512M]]
    reusable: true
    linux,cma-default: true
  raw: { size: <0x00100000>, alignment: "<0 4096>", status: disabled, phandle: 7 }
devices:
  /soc: { "#address-cells": 1, "#size-cells": 1, dma-ranges: [0, 0x40000000, 1G] }
  /soc/camera@10000: { memory-region: [vpu-pool@50000000, "linux,cma"] }
  codec: { memory-region: vpu_pool, dma-coherent: true }
  /soc/gpu@20000: { iommus: true, dma-noncoherent: true }
`;

const KEYS = [
  ...[
    'model',
    'compatible',
    '"#address-cells"',
    '#size-cells',
    'memory',
    'reg',
    'chosen',
    'bootargs',
    'ranges',
  ],
  ...[
    'memreserve',
    'dma-ranges',
    'reserved-memory',
    'devices',
    'memory-region',
    'dma-coherent',
    'dma-noncoherent',
    'iommus',
    'size',
    'alignment',
    'status',
  ],
  ...[
    'alloc-ranges',
    'no-map',
    'reusable',
    'linux,cma-default',
    'phandle',
    'label',
    'pool@50000000',
    '/a/b/c',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '0',
    '50000000',
    '<<',
    '',
    '?',
    'memroy',
    '/',
    '//',
    '/__overlay__',
  ],
];

const SCALARS = [
  ...[
    '0',
    '1',
    '4',
    '-1',
    '1.5',
    '1e9',
    '.inf',
    '.nan',
    '0x',
    '0x40000000',
    '64M',
    '64 MiB',
    '010',
    '0o17',
    '1_0',
  ],
  ...['18446744073709551615', '18446744073709551616', '16777216T', '0xffffffffffffffff', '9'.repeat(400)],
  ...[
    'true',
    'false',
    'null',
    '~',
    'yes',
    '""',
    "''",
    '"\\0"',
    '"\\uD800"',
    '<0 1>',
    '<0x100000000>',
    '<>',
    '< 0',
  ],
  ...[
    'shared-dma-pool',
    '*a',
    '&a x',
    '*firmware',
    '!!int 5',
    '!!str 5',
    '!x y',
    '|',
    '>-',
    '@',
    '`',
    '%',
    '"',
    "'",
  ],
];

const TOKENS = [
  ...[
    '\n',
    '\n  ',
    '\n    ',
    '\n\t',
    ' ',
    '  ',
    '\r\n',
    '\r',
    ': ',
    ':',
    '- ',
    '? ',
    ', ',
    ',',
    '[',
    ']',
    '{',
    '}',
  ],
  ...[
    '#',
    ' #c\n',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '%TAG ! x\n',
    '&a ',
    '*a ',
    '!!map ',
    '|\n',
    '>2\n',
    '\ufeff',
    '\u0085',
  ],
  ...['\u2028', '\u0000', '\ufffd', '\u{1f4a5}', '"', "'", '\\', '<<: '],
];

/** A value by the grammar, right or wrong. */
function value(random: Random, depth: number): string {
  const kind = random.below(depth > 5 ? 1 : 5);
  if (kind === 1) return `[${times(random.below(4), () => value(random, depth + 1)).join(', ')}]`;
  if (kind === 2) {
    return `{ ${times(random.below(4), () => `${random.pick(KEYS)}: ${value(random, depth + 1)}`).join(', ')} }`;
  }
  if (kind === 3 && depth < 4) {
    const indent = '  '.repeat(depth + 1);
    return times(
      1 + random.below(4),
      () => `\n${indent}${random.pick(KEYS)}: ${value(random, depth + 1)}`,
    ).join('');
  }
  return random.pick(SCALARS);
}

const grammarBoard = (random: Random): string =>
  times(1 + random.below(10), () => `${random.pick(KEYS)}: ${value(random, 0)}\n`).join('');

function mutated(random: Random): string {
  let text = BASE;
  for (let i = 1 + random.below(6); i > 0; i--) {
    const at = random.below(text.length);
    const length = random.below(random.oneIn(5) ? 80 : 4);
    const insert = random.pick([
      () => '',
      () => random.pick(TOKENS),
      () => random.pick(SCALARS),
      () => random.pick(KEYS),
      () => text.slice(random.below(text.length)).slice(0, random.below(120)),
      () => random.pick(TOKENS).repeat(random.below(50)),
    ])();
    text = text.slice(0, at) + insert + text.slice(at + length);
  }
  return text;
}

const SIZES = [
  '0',
  '1',
  '4K',
  '5M',
  '0x123456',
  '64 MiB',
  '1G',
  '0xffffffff',
  '0xfffffffffffff000',
  '18446744073709551615',
];
const FLAGS = ['true', 'false', ''];

/** The board with other numbers and flags, lines left out and nodes in another order: most are boards. */
function tweaked(random: Random): string {
  const lines = BASE.split('\n').filter((line) => !/^ {2}\S/.test(line) || !random.oneIn(6));
  return lines
    .join('\n')
    .replaceAll(/(?<=[[ ])(0x[0-9a-f]+|[0-9]+[KMG]?)(?=[,\]\n])/g, (number) =>
      random.oneIn(4) ? random.pick(SIZES) : number,
    )
    .replaceAll(/(?<=: )true/g, (flag) => (random.oneIn(4) ? random.pick(FLAGS) : flag));
}

const soup = (random: Random): string =>
  times(random.below(200), () => random.pick(random.pick([TOKENS, SCALARS, KEYS]))).join('');

/** One small thing again and again, up to a mebibyte, in a place where it can hurt. */
function flood(random: Random): string {
  const unit = times(1 + random.below(3), () => random.pick(random.pick([TOKENS, TOKENS, SCALARS]))).join('');
  const count = Math.floor(2 ** random.below(20) / Math.max(1, unit.length));
  const open = random.pick([
    '',
    'a: ',
    '[',
    '{',
    '"',
    "'",
    'a: |\n  ',
    'reserved-memory: {',
    'devices:\n  /x: ',
  ]);
  return open + unit.repeat(count);
}

/** Many names, each its own: what quadratic code suffers from. */
function crowd(random: Random): string {
  const count = random.below(12_000);
  const line = random.pick([
    (i: number) => `  pool${i}@5000${i}: {}`,
    (i: number) => `  ${i}: { phandle: ${1 + (i % 3000)} }`,
    (i: number) => `  p${i}: ${i}`,
    (i: number) => `  p${i}: { lable: x }`,
    (i: number) => `  p${i}: &a${i} [*a${i - 1}, *a${i - 1}]`,
  ]);
  const regions = times(count, line);
  const user = random.pick([
    '',
    `devices:\n  /x: { memory-region: [${times(count, () => 'pol@1').join(', ')}] }`,
  ]);
  return `reserved-memory:\n${regions.join('\n')}\n${user}`;
}

function text(random: Random): string {
  const kind = random.below(100);
  if (kind < 20) return tweaked(random);
  if (kind < 45) return mutated(random);
  if (kind < 75) return grammarBoard(random);
  if (kind < 93) return soup(random);
  return kind < 98 ? flood(random) : crowd(random);
}

/** Checks what every refusal promises: a named error with a place, in one line. */
function checkRefusal({ diagnostics }: InvalidInput): void {
  if (!diagnostics.some((problem) => problem.severity === 'error'))
    throw new Error('refused without an error');
  for (const { code, message, position } of diagnostics) {
    if (!/^[a-z0-9]+(-[a-z0-9]+)+$/.test(code)) throw new Error(`odd code ${code}`);
    if (message === '' || message.includes('\n') || message.length > 400) {
      throw new Error(`odd message ${JSON.stringify(message)}`);
    }
    if (position?.file !== 'fuzz.yaml') throw new Error(`${code} has no position`);
  }
}

export const yamlTarget: FuzzTarget = {
  name: 'yaml',

  input(random) {
    return random.oneIn(20) ? random.bytes(random.below(300)) : new TextEncoder().encode(text(random));
  },

  /** Reads the input as the command does. */
  run(bytes) {
    try {
      const board = boardFromYaml(new TextDecoder().decode(bytes), 'fuzz.yaml');
      const { addressCells, sizeCells } = board;
      if (![1, 2].includes(addressCells) || ![1, 2].includes(sizeCells))
        throw new Error('cells out of range');
      for (const node of board.reservedMemory?.nodes ?? []) {
        if (node.position?.line === undefined) throw new Error(`${node.name} has no position`);
      }
    } catch (error) {
      if (error instanceof InvalidInput) checkRefusal(error);
      throw error;
    }
  },
};
