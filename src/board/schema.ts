/**
 * The YAML form of a board as a zod schema, and as the JSON Schema that editors complete from.
 *
 * The schema sees integers as `bigint` (`0x…` and decimal alike), other numbers as NaN, everything else as
 * JSON has it. It checks shapes; what they mean together is checked in `yaml-tree.ts`.
 * An `error` says what was expected; `yaml-problems.ts` makes the sentence around it.
 */
import * as z from 'zod';
import { NEWEST } from '../profile/kernels.ts';
import { architectureNames, DEFAULT_ARCHITECTURE } from '../profile/profile.ts';
import { parseSize, U64_MASK } from '../units.ts';
import { DECLARED_BACKENDS, DECLARED_ZONES, REPLACEABLE } from './declared-heaps.ts';

const DESCRIPTIONS = {
  board: 'A board for dmaheap: memory and reserved memory, under the device tree’s names.',
  size: 'Bytes or an address: 67108864, 0x4000000, 64M, 64 MiB. K, M, G and T are powers of 1024.',
  cells: 'Raw 32-bit cells as in device tree source: <0x0 0x50000000 0x0 0x400000>',
  range: 'A base and a size: [0x50000000, 4M]',
  dmaRange: 'Address on the bus, address on the parent bus (for the CPU at the root), size',
} as const;

/** One value for each property that may be got wrong, as JSON; hints and editors show it. */
export const EXAMPLES: Readonly<Record<string, unknown>> = {
  model: 'Acme camera board',
  kernel: NEWEST,
  preset: 'debian',
  config: { CMA_SIZE_MBYTES: 64 },
  arch: DEFAULT_ARCHITECTURE,
  compatible: 'acme,camera-board',
  'reserved-memory/compatible': 'shared-dma-pool',
  '#address-cells': 2,
  '#size-cells': 2,
  memory: { reg: ['0x40000000', '1G'] },
  reg: ['0x50000000', '4M'],
  chosen: { bootargs: 'cma=64M' },
  bootargs: 'cma=64M',
  memreserve: ['0x4f000000', '64K'],
  'dma-ranges': ['0x0', '0x40000000', '1G'],
  'reserved-memory': { 'pool@50000000': { reg: ['0x50000000', '4M'] } },
  ranges: true,
  status: 'disabled',
  size: '32M',
  alignment: '2M',
  'alloc-ranges': ['0x40000000', '512M'],
  'no-map': true,
  reusable: true,
  'linux,cma-default': true,
  'linux,dma-default': true,
  label: 'pool',
  phandle: 1,
  heaps: [{ name: 'system-dma32', backend: 'system', zone: 'DMA32' }],
  devices: { '/camera@10000': { 'memory-region': 'pool@50000000' } },
  'memory-region': ['pool@50000000'],
  'memory-region-names': ['frames'],
  'dma-coherent': true,
  'dma-noncoherent': true,
  iommus: true,
};

const SIZE = /^(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)\s*([KMGTkmgt](i?[bB])?|[bB])?$/;
const NUMBER = '(0[xX][0-9a-fA-F]+|[0-9]+)';
const CELLS = new RegExp(
  `^<\\s*(${NUMBER}(\\s+${NUMBER})*)?\\s*>(\\s*,\\s*<\\s*(${NUMBER}(\\s+${NUMBER})*)?\\s*>)*$`,
);

/** Longer texts are no numbers, and cost time to read as such. */
const MAX_CELLS_TEXT = 1 << 16;
const MAX_SIZE_TEXT = 64;

/** A size or an address as text, or `undefined`: what `parseSize` takes, without ambiguous leading zeros. */
export const sizeOfText = (text: string): bigint | undefined =>
  text.length <= MAX_SIZE_TEXT && SIZE.test(text) ? parseSize(text) : undefined;

/** The cells of `<0x0 0x50000000 …>`, or `undefined` when the text is none, or a cell is over 32 bits. */
export function cellsOfText(text: string): number[] | undefined {
  if (text.length > MAX_CELLS_TEXT || !CELLS.test(text)) return undefined;
  const cells = (text.match(new RegExp(NUMBER, 'g')) ?? []).map(Number);
  return cells.every((cell) => cell <= 0xffffffff) ? cells : undefined;
}

const integer = (minimum: bigint, maximum: bigint, error: string) =>
  z
    .bigint({ error })
    .min(minimum, { error })
    .max(maximum, { error })
    .meta({
      type: 'integer',
      minimum: Number(minimum),
      ...(maximum > BigInt(Number.MAX_SAFE_INTEGER) ? {} : { maximum: Number(maximum) }),
    });

export const EXPECTED_SIZE = 'a size or an address';
const EXPECTED_CELLS = 'raw cells as in device tree source, each of 32 bits, such as <0x0 0x400000>';

const size = z
  .union(
    [
      integer(0n, U64_MASK, EXPECTED_SIZE),
      z
        .string({ error: EXPECTED_SIZE })
        .regex(SIZE, { error: EXPECTED_SIZE })
        .refine((text) => sizeOfText(text) !== undefined, { error: EXPECTED_SIZE }),
    ],
    { error: EXPECTED_SIZE },
  )
  .meta({ id: 'size', description: DESCRIPTIONS.size });

const cells = z
  .string({ error: EXPECTED_CELLS })
  .regex(CELLS, { error: EXPECTED_CELLS })
  .refine((text) => cellsOfText(text) !== undefined, { error: EXPECTED_CELLS })
  .meta({ id: 'cells', description: DESCRIPTIONS.cells });

const sizeOrCells = z.union([size, cells], { error: EXPECTED_SIZE });

const range = z
  .tuple([size, size], { error: '[base, size]' })
  .meta({ id: 'range', description: DESCRIPTIONS.range });

const EXPECTED_RANGES = '[base, size], or a list of such pairs';
const rangeList = z.array(range, { error: EXPECTED_RANGES });
const ranges = z.union([range, rangeList, cells], { error: EXPECTED_RANGES });
const plainRanges = z.union([range, rangeList], { error: EXPECTED_RANGES });

const EXPECTED_DMA = '[bus address, parent address, size], or a list of such triples';
const dmaRange = z
  .tuple([size, size, size], { error: EXPECTED_DMA })
  .meta({ id: 'dma-range', description: DESCRIPTIONS.dmaRange });
const dmaRanges = z.union([dmaRange, z.array(dmaRange, { error: EXPECTED_DMA }), cells], {
  error: EXPECTED_DMA,
});

const EXPECTED_TEXT = 'text';
const text = z
  .string({ error: EXPECTED_TEXT })
  .refine((value) => !value.includes('\0'), { error: 'text without NUL characters' });
const EXPECTED_TEXTS = 'text, or a list of texts';
const texts = z.union([text, z.array(text, { error: EXPECTED_TEXTS }).min(1, { error: EXPECTED_TEXTS })], {
  error: EXPECTED_TEXTS,
});

/** `6.12` is a number to YAML, and not looked at as one: `5.10` would be 5.1. */
const release = z.union([text, z.nan()], { error: EXPECTED_TEXT }).meta({ type: ['string', 'number'] });

/** A value as .config has it. */
const optionValue = z
  .union([text, z.boolean(), z.bigint(), z.nan()], { error: 'y, m, n, a number or a text' })
  .meta({ type: ['string', 'number', 'boolean'] });

const flag = z.union([z.boolean(), z.null()], { error: 'true or false' });

const rootCells = integer(1n, 2n, '1 or 2');
const nodeCells = integer(1n, 4n, 'a number from 1 to 4');

/** A property with what it means, and an example. */
const property = <T extends z.ZodType>(
  name: string,
  schema: T,
  description: string,
  example: unknown = EXAMPLES[name],
) => schema.meta({ description, examples: [example] }).optional();

const EXPECTED_LABEL = 'letters, digits and _';

const reservedMemNode = z
  .strictObject(
    {
      compatible: property(
        'compatible',
        texts,
        'shared-dma-pool makes it a pool or a CMA area.',
        EXAMPLES['reserved-memory/compatible'],
      ),
      status: property('status', text, 'Anything but "okay" and "ok" takes the node out.'),
      reg: property('reg', ranges, 'Where the region lies. Linux uses the first pair only.'),
      size: property('size', sizeOrCells, 'For a region that Linux places.'),
      alignment: property('alignment', sizeOrCells, 'Of a region that Linux places.'),
      'alloc-ranges': property('alloc-ranges', ranges, 'Where Linux may place it, tried in order.'),
      'no-map': property('no-map', flag, 'Linux does not map it. Needed for a coherent pool inside RAM.'),
      reusable: property('reusable', flag, 'Linux may use it meanwhile: with shared-dma-pool, a CMA area.'),
      'linux,cma-default': property('linux,cma-default', flag, 'This CMA area is the default one.'),
      'linux,dma-default': property('linux,dma-default', flag, 'This pool is the default one for DMA.'),
      label: property(
        'label',
        z.string({ error: EXPECTED_LABEL }).regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: EXPECTED_LABEL }),
        'The label of device tree source, as __symbols__ keeps it; memory-region may use it.',
      ),
      phandle: property(
        'phandle',
        integer(1n, 0xfffffffen, 'a number from 1 to 0xfffffffe'),
        'The number that others refer to it by; given out when absent.',
      ),
    },
    { error: 'a node with its properties' },
  )
  .meta({ id: 'reserved-memory-node', description: 'A child of /reserved-memory.' });

const reservedMemory = z
  .object(
    {
      '#address-cells': property(
        '#address-cells',
        nodeCells,
        'As the root’s when absent; Linux wants them equal.',
      ),
      '#size-cells': property('#size-cells', nodeCells, 'As the root’s when absent; Linux wants them equal.'),
      ranges: property('ranges', flag, 'There when absent. Without it Linux ignores the whole node.'),
    },
    { error: 'nodes by their names' },
  )
  .catchall(reservedMemNode);

const device = z
  .strictObject(
    {
      compatible: property('compatible', texts, 'What drivers go by; made up when absent.'),
      status: property('status', text, 'Anything but "okay" and "ok" disables the device.'),
      'memory-region': property(
        'memory-region',
        texts,
        'Names or labels of /reserved-memory nodes that it uses.',
      ),
      'memory-region-names': property(
        'memory-region-names',
        texts,
        'What its driver calls the entries of memory-region, in order.',
      ),
      'dma-coherent': property('dma-coherent', flag, 'It, or what is on this bus, sees the CPU’s caches.'),
      'dma-noncoherent': property('dma-noncoherent', flag, 'It does not, whatever the bus above says.'),
      iommus: property('iommus', flag, 'An IOMMU translates for it.'),
      'dma-ranges': property('dma-ranges', dmaRanges, 'For a bus: what its devices reach.'),
      '#address-cells': property('#address-cells', nodeCells, 'Of a bus; as its parent’s when absent.'),
      '#size-cells': property('#size-cells', nodeCells, 'Of a bus; as its parent’s when absent.'),
    },
    { error: 'a device with its properties, or {}' },
  )
  .meta({ id: 'device', description: 'A device or a bus, by its path in the device tree.' });

const EXPECTED_HEAP_NAME = 'a name as in /dev/dma_heap: 1 to 255 characters, no / and no white space';
const heapName = z
  .string({ error: EXPECTED_HEAP_NAME })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a name may not have
  .regex(/^(?!\.{1,2}$)[^/\s\u0000-\u001f]{1,255}$/, { error: EXPECTED_HEAP_NAME });
const wordOf = <const T extends readonly string[]>(words: T) => z.enum(words, { error: words.join(' or ') });

const declaredHeap = z
  .strictObject(
    {
      name: heapName.meta({
        description: 'Its node in /dev/dma_heap; {region} stands for the name of the region or area.',
        examples: ['system-dma32', 'carveout_{region}'],
      }),
      backend: wordOf(DECLARED_BACKENDS).meta({ description: 'What hands out its memory.' }),
      zone: wordOf(DECLARED_ZONES).optional().meta({ description: 'Of system: the highest zone.' }),
      cached: z.boolean({ error: 'true or false' }).optional().meta({
        description: 'Whether the CPU maps it cached; true when absent, of a no-map carveout false.',
      }),
      region: text.optional().meta({ description: 'The /reserved-memory node that is its memory.' }),
      compatible: text
        .optional()
        .meta({ description: 'Of carveout: a heap for each /reserved-memory node that has it.' }),
      range: range.optional().meta({ description: 'Memory that no node stands for: [base, size].' }),
      exporter: heapName
        .optional()
        .meta({ description: "exp_name of its buffers; the heap's name when absent, of tee tee." }),
      initcall: wordOf(['fs_initcall'] as const)
        .optional()
        .meta({
          description:
            "fs_initcall: before mainline's heaps; when absent in the place of what is replaced, or last.",
        }),
      source: text
        .optional()
        .meta({ description: 'Where its facts are public: repository, path, function.' }),
    },
    { error: 'a heap: name, backend and what else is declared of it' },
  )
  .meta({ id: 'declared-heap', description: 'A heap that mainline does not have.' });

export const declaredHeaps = z.array(declaredHeap, { error: 'a list of heaps' });
/** Heaps as a file declares them, sizes as they are written. */
export type WrittenHeaps = z.output<typeof declaredHeaps>;

/** A vendor's file, and what stands under `vendor` in a scenario. */
export const vendorSchema = z
  .strictObject(
    {
      $schema: text.meta({ description: 'For editors; not looked at.' }).optional(),
      vendor: heapName.meta({
        description: 'Who declares: what answers call it.',
        examples: ['rockchip-5.10'],
      }),
      kernel: release
        .optional()
        .meta({ description: 'The Linux that the tree is made of; it boots where nothing else names one.' }),
      replaces: z
        .array(wordOf(REPLACEABLE), { error: `a list of ${REPLACEABLE.join(', ')}` })
        .optional()
        .meta({ description: 'Modules of mainline that the tree has something else for.' }),
      heaps: declaredHeaps.meta({ description: 'The heaps, in the order in which they register.' }),
    },
    { error: 'vendor, heaps and what else is declared' },
  )
  .meta({ id: 'vendor', title: 'dmaheap vendor', description: "The heaps of a vendor's kernel." });
export type WrittenVendor = z.output<typeof vendorSchema>;

/** The JSON Schema of a vendor's file. */
export function vendorJsonSchema(): unknown {
  return z.toJSONSchema(vendorSchema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
}

/** A board, before anything is made of it. */
export const boardSchema = z
  .strictObject(
    {
      $schema: text.meta({ description: 'For editors; not looked at.' }).optional(),
      model: property('model', text, 'The board’s name for people.'),
      compatible: property('compatible', texts, 'The board’s names for Linux, most exact first.'),
      kernel: property('kernel', release, 'The Linux that it runs; --kernel replaces it.'),
      preset: property(
        'preset',
        text,
        'The configuration of that kernel, by name: debian; --preset replaces it.',
      ),
      config: property(
        'config',
        z.record(z.string(), optionValue, { error: 'options of the configuration by name' }),
        'Options of its configuration, as .config has them; --config replaces single ones.',
      ),
      arch: property(
        'arch',
        z.enum(architectureNames(), { error: architectureNames().join(', ') }),
        'The architecture of its kernel: arm64 unless its compatible says another.',
      ),
      '#address-cells': property('#address-cells', rootCells, '32-bit cells of an address; 2 when absent.'),
      '#size-cells': property('#size-cells', rootCells, '32-bit cells of a size; 2 when absent.'),
      memory: property(
        'memory',
        z.strictObject(
          { reg: ranges.meta({ description: 'The RAM, in order.', examples: [['0x40000000', '1G']] }) },
          { error: 'a node with its properties' },
        ),
        'The RAM. Absent when the boot loader fills it in: then boot needs --memory.',
      ),
      chosen: property(
        'chosen',
        z.strictObject(
          { bootargs: property('bootargs', text, 'The kernel command line; --cmdline replaces it.') },
          { error: 'a node with its properties' },
        ),
        'What the boot loader tells Linux.',
      ),
      memreserve: property('memreserve', plainRanges, 'As /memreserve/ in device tree source.'),
      'dma-ranges': property('dma-ranges', dmaRanges, 'Of the root: what its devices reach.'),
      'reserved-memory': property('reserved-memory', reservedMemory, 'In order: Linux goes by it.'),
      heaps: property('heaps', declaredHeaps, 'Heaps that are not mainline’s: docs/vendor-heaps.md.'),
      devices: property(
        'devices',
        z.record(z.string(), device, { error: 'devices by their paths' }),
        'Devices and buses that matter for memory, by path.',
      ),
    },
    { error: 'its properties, such as model, memory and reserved-memory' },
  )
  .meta({ title: 'dmaheap board', description: DESCRIPTIONS.board });

/** The JSON Schema (draft 7, which editors know best) of a YAML board. */
export function boardJsonSchema(): unknown {
  return z.toJSONSchema(boardSchema, { target: 'draft-7', io: 'input', unrepresentable: 'any' });
}

/** The keys that a mapping of the board may have, by where it stands; children of open maps excepted. */
export const BOARD_KEYS = {
  board: Object.keys(boardSchema.shape).filter((key) => key !== '$schema'),
  memory: ['reg'],
  chosen: ['bootargs'],
  'reserved-memory': Object.keys(reservedMemory.shape),
  'reserved-memory-node': Object.keys(reservedMemNode.shape),
  device: Object.keys(device.shape),
  heap: Object.keys(declaredHeap.shape),
  vendor: Object.keys(vendorSchema.shape).filter((key) => key !== '$schema'),
} as const;
