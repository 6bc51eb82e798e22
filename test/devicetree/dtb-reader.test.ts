import { describe, expect, it } from 'vitest';
import { decodeDtb, encodeDtb } from '../../src/devicetree/dtb.ts';
import { MAX_DEPTH } from '../../src/devicetree/dtb-reader.ts';
import { type DtNode, getProperty } from '../../src/devicetree/tree.ts';
import { type Diagnostic, InvalidInput } from '../../src/diagnostic.ts';
import { cells, node, plain, strings, tree } from './build-tree.ts';

/** One word of a structure block, or text that takes whole words. */
const words = (...parts: readonly (number | string)[]): Uint8Array => {
  const bytes: number[] = [];
  for (const part of parts) {
    if (typeof part === 'number') bytes.push(...cells(part));
    else bytes.push(...new TextEncoder().encode(part.padEnd(Math.ceil((part.length + 1) / 4) * 4, '\0')));
  }
  return Uint8Array.from(bytes);
};

interface Parts {
  readonly version?: number;
  readonly lastComp?: number;
  readonly struct: Uint8Array;
  readonly strings?: string;
  readonly reserves?: Uint8Array;
  /** Header words to replace, by byte offset. */
  readonly header?: Readonly<Record<number, number>>;
}

/** A blob laid out by hand: header, reservations at 40, structure, strings. */
function blob({
  version = 17,
  lastComp = 16,
  struct,
  strings = '',
  reserves = new Uint8Array(16),
  header = {},
}: Parts): Uint8Array {
  const structAt = 40 + reserves.length;
  const stringsAt = structAt + struct.length;
  const out = new Uint8Array(stringsAt + strings.length);
  out.set(
    cells(
      0xd00dfeed,
      out.length,
      structAt,
      stringsAt,
      40,
      version,
      Math.min(version, lastComp),
      3,
      strings.length,
      struct.length,
    ).subarray(0, 40),
  );
  for (const [at, word] of Object.entries(header)) out.set(cells(word), Number(at));
  out.set(reserves, 40);
  out.set(struct, structAt);
  out.set(new TextEncoder().encode(strings), stringsAt);
  return out;
}

const [BEGIN, END_NODE, PROP, NOP, END] = [1, 2, 3, 4, 9];
const EMPTY = words(BEGIN, '', END_NODE, END);
const STRUCT_AT = 56;

/** The one diagnostic that decoding gives. */
function problem(bytes: Uint8Array): Diagnostic {
  try {
    decodeDtb(bytes, 'board.dtb');
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    expect(error.diagnostics).toHaveLength(1);
    const [diagnostic] = error.diagnostics as [Diagnostic];
    expect(diagnostic.hint).toBeTruthy();
    expect(diagnostic.position?.file).toBe('board.dtb');
    expect(diagnostic.message).toContain(`0x${diagnostic.position?.offset?.toString(16)}`);
    return diagnostic;
  }
  throw new Error('the blob was accepted');
}

describe('decodeDtb', () => {
  it('reads a version 17 blob made by hand, with positions', () => {
    const struct = words(
      BEGIN,
      '',
      NOP,
      PROP,
      8,
      0,
      1,
      2,
      PROP,
      3,
      2,
      'ok',
      BEGIN,
      'cpu@0',
      END_NODE,
      NOP,
      END_NODE,
      NOP,
      END,
    );
    const reserves = Uint8Array.from([...cells(1, 0x80000000, 0, 0x1000), ...cells(0, 0, 0, 0)]);
    const { root, memReserves, bootCpuid } = decodeDtb(
      blob({ struct, reserves, strings: 'a\0status\0' }),
      'x.dtb',
    );
    expect(memReserves).toEqual([{ address: 0x180000000n, size: 0x1000n }]);
    expect(bootCpuid).toBe(3);
    expect(plain(root)).toEqual({
      name: '',
      properties: [
        ['a', '0000000100000002'],
        ['status', '6f6b00'],
      ],
      children: [{ name: 'cpu@0', properties: [], children: [] }],
    });
    expect(root.position).toEqual({ file: 'x.dtb', offset: 72 });
    expect(getProperty(root, 'a')?.position).toEqual({ file: 'x.dtb', offset: 72 + 12 });
    expect(root.children[0]?.position).toEqual({ file: 'x.dtb', offset: 72 + 12 + 20 + 16 });
  });

  it('reads version 16, whose structure block has no size', () => {
    expect(decodeDtb(blob({ version: 16, struct: EMPTY, header: { 36: 0 } }), 'x').root.name).toBe('');
  });

  it.each([2, 3])(
    'reads version %i: full paths as names, values of 8 bytes and more aligned to 8',
    (version) => {
      const struct = words(
      BEGIN, '/', // 8 bytes
      PROP, 4, 0, 7, // 16: a short value is not moved
      PROP, 8, 0, 0xdead, 1, 2, // 24: the value would start at 36, so it starts at 40
      PROP, 8, 0, 0xdead, 3, 4, // 48 … would start at 60, starts at 64
      BEGIN, '/soc@0', BEGIN, '/soc@0/dma@1', END_NODE, END_NODE, END_NODE, END,
    ); // biome-ignore format: laid out as the block is
      const { root } = decodeDtb(blob({ version, lastComp: 2, struct, strings: 'p\0' }), 'x');
      expect(root.properties.map(({ value }) => [...value])).toEqual([
        [0, 0, 0, 7],
        [0, 0, 0, 1, 0, 0, 0, 2],
        [0, 0, 0, 3, 0, 0, 0, 4],
      ]);
      expect(root.name).toBe('');
      expect(root.children[0]?.name).toBe('soc@0');
      expect(root.children[0]?.children[0]?.name).toBe('dma@1');
    },
  );

  it('reads a version above 17 that says 17 readers understand it', () => {
    expect(decodeDtb(blob({ version: 18, struct: EMPTY }), 'x').root.children).toEqual([]);
  });

  it('keeps equal names of siblings and of properties', () => {
    const twice = tree(node('', {}, [node('a'), node('a')]));
    expect(decodeDtb(encodeDtb(twice), 'x').root.children.map((child) => child.name)).toEqual(['a', 'a']);
    const struct = words(BEGIN, '', PROP, 0, 0, PROP, 4, 0, 1, END_NODE, END);
    expect(decodeDtb(blob({ struct, strings: 'p\0' }), 'x').root.properties).toHaveLength(2);
  });

  it('takes names with control characters and bytes above 127 as they are', () => {
    const odd = tree(node('', { 'p\x1b[31m': 1 }, [node('\x07\n\xff')]));
    const { root } = decodeDtb(encodeDtb(odd), 'x');
    expect(root.children[0]?.name).toBe('\x07\n\xff');
    expect(root.properties[0]?.name).toBe('p\x1b[31m');
  });

  it('ignores what follows the end tag and totalsize', () => {
    const bytes = blob({ struct: words(BEGIN, '', END_NODE, END, 0xffffffff) });
    expect(decodeDtb(Buffer.concat([bytes, Buffer.alloc(100, 0xff)]), 'x').root.name).toBe('');
  });

  it('reads a blob that is a view into a larger buffer', () => {
    const bytes = blob({ struct: EMPTY });
    const larger = new Uint8Array(bytes.length + 64);
    larger.set(bytes, 13);
    expect(decodeDtb(larger.subarray(13, 13 + bytes.length), 'x').root.name).toBe('');
  });

  it('allows blocks to overlap, as libfdt does', () => {
    const struct = words(BEGIN, '', PROP, 0, 0, END_NODE, END, 'reg');
    const at = STRUCT_AT + struct.length - 4;
    expect(decodeDtb(blob({ struct, header: { 12: at, 32: 4 } }), 'x').root.properties[0]?.name).toBe('reg');
  });
});

describe('a file that is no blob', () => {
  it.each([
    ['device-tree source', '/dts-v1/;\n/ { };\n', /device-tree source.*d0 0d fe ed/],
    ['source without its version', '/ {\n model = "x";\n};\n', /device-tree source/],
    ['a YAML board', 'memory:\n  - 1G\n', /text file/],
    ['gzip', '\x1f\x8b\x08\x00', /gzip/],
    ['an ELF file', '\x7fELF\x02', /ELF/],
    ['a dtbo image', '\xd7\xb7\xab\x1e\x00', /Android device-tree table/],
    ['swapped bytes', '\xed\xfe\x0d\xd0\x00', /bytes swapped/],
    ['something else', '\x00\x01\x02\x03\x04', /expected a device-tree blob.*found 00 01 02 03/],
    ['less than a word', '\xd0\x0d', /found d0 0d/],
  ])('%s is named', (_, content, message) => {
    const { code, message: said } = problem(Uint8Array.from(content, (c) => c.charCodeAt(0)));
    expect(code).toBe('dtb-bad-magic');
    expect(said).toMatch(message);
  });

  it('an empty file is empty', () => {
    expect(problem(new Uint8Array()).code).toBe('dtb-empty');
  });
});

describe('a damaged header', () => {
  const good = blob({ struct: EMPTY });
  it.each([
    ['a cut header', good.subarray(0, 20), 'dtb-truncated', 20],
    ['a cut file', good.subarray(0, 60), 'dtb-truncated', 4],
    ['version 1', blob({ struct: EMPTY, header: { 20: 1, 24: 1 } }), 'dtb-version', 20],
    ['version 18 only', blob({ struct: EMPTY, header: { 20: 18, 24: 18 } }), 'dtb-version', 24],
    [
      'version below its compatible one',
      blob({ struct: EMPTY, header: { 20: 16, 24: 17 } }),
      'dtb-version',
      24,
    ],
    ['totalsize below the header', blob({ struct: EMPTY, header: { 4: 39 } }), 'dtb-total-size', 4],
    ['totalsize of 2^32 - 1', blob({ struct: EMPTY, header: { 4: 0xffffffff } }), 'dtb-truncated', 4],
    ['reservations in the header', blob({ struct: EMPTY, header: { 16: 32 } }), 'dtb-bad-offset', 16],
    ['reservations off 8', blob({ struct: EMPTY, header: { 16: 44 } }), 'dtb-misaligned', 16],
    ['structure in the header', blob({ struct: EMPTY, header: { 8: 0 } }), 'dtb-bad-offset', 8],
    ['structure past the end', blob({ struct: EMPTY, header: { 8: 0xfffffffc } }), 'dtb-bad-offset', 8],
    ['structure off 4', blob({ struct: EMPTY, header: { 8: 54 } }), 'dtb-misaligned', 8],
    ['structure too long', blob({ struct: EMPTY, header: { 36: 0xfffffff0 } }), 'dtb-bad-offset', 8],
    ['strings past the end', blob({ struct: EMPTY, header: { 12: 0x10000 } }), 'dtb-bad-offset', 12],
    ['strings too long', blob({ struct: EMPTY, header: { 32: 1 } }), 'dtb-bad-offset', 12],
  ] as const)('%s', (_, bytes, code, offset) => {
    const diagnostic = problem(bytes);
    expect(diagnostic.code).toBe(code);
    expect(diagnostic.position?.offset).toBe(offset);
  });

  it('a reservation list without an end', () => {
    const reserves = Uint8Array.from([...cells(0, 0x1000, 0, 0x1000)]);
    const struct = words(...new Array(8).fill(NOP));
    expect(problem(blob({ struct, reserves })).code).toBe('dtb-memreserve-unterminated');
  });
});

describe('a damaged structure block', () => {
  const long = 'n'.repeat(5000);
  const deep = words(...new Array(MAX_DEPTH + 1).fill([BEGIN, '']).flat());
  it.each([
    ['an unknown tag', words(BEGIN, '', 7, END_NODE, END), 'dtb-bad-tag', STRUCT_AT + 8],
    ['no end', words(BEGIN, '', END_NODE), 'dtb-truncated', STRUCT_AT + 12],
    ['a name without an end', words(BEGIN, 0x61616161), 'dtb-truncated', STRUCT_AT],
    [
      'a name without an end that fills the path',
      words(BEGIN, '', BEGIN, long),
      'dtb-name-too-long',
      STRUCT_AT + 8,
    ],
    ['a property head that is cut', words(BEGIN, '', PROP, 4), 'dtb-truncated', STRUCT_AT + 16],
    ['a value that is cut', words(BEGIN, '', PROP, 5, 0, 1), 'dtb-truncated', STRUCT_AT + 8],
    [
      'a value of 4 GiB',
      words(BEGIN, '', PROP, 0xffffffff, 0, 1, END_NODE, END),
      'dtb-truncated',
      STRUCT_AT + 8,
    ],
    [
      'a name outside the strings',
      words(BEGIN, '', PROP, 0, 5, END_NODE, END),
      'dtb-bad-string',
      STRUCT_AT + 8,
    ],
    [
      'a name far outside the strings',
      words(BEGIN, '', PROP, 0, 0xffffffff, END_NODE, END),
      'dtb-bad-string',
      STRUCT_AT + 8,
    ],
    ['a name without a NUL', words(BEGIN, '', PROP, 0, 2, END_NODE, END), 'dtb-bad-string', STRUCT_AT + 8],
    ['a property outside', words(PROP, 0, 0, END), 'dtb-bad-nesting', STRUCT_AT],
    [
      'a property after a child',
      words(BEGIN, '', BEGIN, 'a', END_NODE, PROP, 0, 0, END_NODE, END),
      'dtb-bad-nesting',
      STRUCT_AT + 20,
    ],
    ['an end too many', words(BEGIN, '', END_NODE, END_NODE, END), 'dtb-bad-nesting', STRUCT_AT + 12],
    ['an end too few', words(BEGIN, '', END), 'dtb-bad-nesting', STRUCT_AT + 8],
    ['two roots', words(BEGIN, '', END_NODE, BEGIN, '', END_NODE, END), 'dtb-two-roots', STRUCT_AT + 12],
    ['no root', words(NOP, END), 'dtb-no-root', STRUCT_AT + 4],
    ['a named root', words(BEGIN, 'x', END_NODE, END), 'dtb-root-name', STRUCT_AT],
    ['nodes too deep', deep, 'dtb-too-deep', STRUCT_AT + MAX_DEPTH * 8],
    ['nothing', new Uint8Array(), 'dtb-truncated', STRUCT_AT],
  ] as const)('%s', (_, struct, code, offset) => {
    const diagnostic = problem(blob({ struct, strings: 'a\0b' }));
    expect(diagnostic.code).toBe(code);
    expect(diagnostic.position?.offset).toBe(offset);
  });

  it('names the node', () => {
    const { path, message } = problem(blob({ struct: words(BEGIN, '', BEGIN, 'soc', BEGIN, 'dma@1', 77) }));
    expect(path).toBe('/soc/dma@1');
    expect(message).toContain('in node /soc/dma@1');
  });

  it('a name without a slash before version 16', () => {
    expect(problem(blob({ version: 3, lastComp: 2, struct: EMPTY })).code).toBe('dtb-bad-node-name');
  });

  it('a property name that never ends', () => {
    const struct = words(BEGIN, '', PROP, 0, 0, END_NODE, END);
    expect(problem(blob({ struct, strings: 'x'.repeat(5000) })).code).toBe('dtb-name-too-long');
  });
});

describe('nesting and size', () => {
  const nest = (depth: number): DtNode => {
    let inner = node('leaf');
    for (let i = 2; i < depth; i++) inner = node(`n${i}`, {}, [inner]);
    return node('', {}, [inner]);
  };

  it(`goes ${MAX_DEPTH} levels deep, in the reader and in the writer`, () => {
    const deepest = tree(nest(MAX_DEPTH));
    expect(plain(decodeDtb(encodeDtb(deepest), 'x').root)).toEqual(plain(deepest.root));
    expect(() => encodeDtb(tree(nest(MAX_DEPTH + 1)))).toThrow(InvalidInput);
  });

  it('is linear in properties that share the tails of one long name', () => {
    const count = 60_000;
    const struct = words(
      BEGIN,
      '',
      ...Array.from({ length: count }, (_, i) => [PROP, 0, i]).flat(),
      END_NODE,
      END,
    );
    const diagnostic = problem(blob({ struct, strings: `${'x'.repeat(count)}\0` }));
    expect(diagnostic.code).toBe('dtb-name-too-long');
  });

  it('values are views on the input', () => {
    const bytes = encodeDtb(tree(node('', { a: strings('hello') })));
    expect(getProperty(decodeDtb(bytes, 'x').root, 'a')?.value.buffer).toBe(bytes.buffer);
  });
});
