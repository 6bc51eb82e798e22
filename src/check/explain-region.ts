/** Why a /reserved-memory node is no heap, in words, and what to do about it. */
import { claimText, defaultAreaText } from '../kernel/boot/boot-warnings.ts';
import type { RegionView, WhyNoHeap } from '../kernel/views/views.ts';
import type { RegionDetail } from '../mm/early/region-detail.ts';
import { formatHex, formatRange, formatSize, roundDown, roundUp } from '../units.ts';

const WORDS: Readonly<Record<WhyNoHeap, readonly [reason: string, advice?: string]>> = {
  disabled: ['its status is neither "ok" nor "okay"', 'remove the status property or set it to "okay"'],
  'unsupported-format': [
    '/reserved-memory has no ranges, or other #address-cells or #size-cells than the root: Linux ignores all of it',
    'give /reserved-memory an empty ranges property and the cells of the root',
  ],
  'no-reg-no-size': [
    'it has neither reg nor size: nothing to reserve',
    'add reg (a fixed place) or size (Linux finds one)',
  ],
  'malformed-reg': [
    'its reg is no whole number of <base size> entries',
    "write reg in the root's #address-cells and #size-cells",
  ],
  'size-zero': ['its size is 0', 'give it a size'],
  'reserve-failed': [
    'its memory is reserved already, by the kernel, the initrd, the device tree, firmware or another region',
    'move it, or see what is there: dmaheap dmesg',
  ],
  'invalid-size': [
    "its size property is not as long as the root's #size-cells say",
    "write size in the root's #size-cells",
  ],
  'invalid-alignment': [
    "its alignment property is not as long as the root's #address-cells say",
    "write alignment in the root's #address-cells",
  ],
  'too-many-dynamic': [
    'it comes after 64 other regions without reg, and Linux stops at 64',
    'give some of them a reg',
  ],
  'no-room': [
    'no free range is large enough at its alignment, within alloc-ranges where it has them',
    'make it smaller or widen alloc-ranges',
  ],
  'default-area-failed': [
    'the default CMA area could not be had',
    'ask for less (cma=, CONFIG_CMA_SIZE_MBYTES), or for another place',
  ],
  'skipped-for-cmdline': [
    'it is linux,cma-default, and cma= on the command line takes that role',
    'remove cma= from the command line, or linux,cma-default from the node',
  ],
  'not-shared-dma-pool': [
    'it is plain reserved memory: its compatible does not name shared-dma-pool',
    'add compatible = "shared-dma-pool" if it is meant to be allocated from',
  ],
  'reusable-and-no-map': [
    'it is both reusable and no-map: neither handler takes it',
    'keep reusable for a CMA area, or no-map for a coherent pool',
  ],
  'cma-misaligned': [
    'a CMA area must start and end at a multiple of a pageblock',
    'align base and size to a pageblock: 2 MiB with 4 KiB pages and huge pages',
  ],
  'cma-no-slot': ['all CMA areas (CONFIG_CMA_AREAS) are in use', 'raise CONFIG_CMA_AREAS or drop an area'],
  'cma-across-zones': [
    'the area crosses the border of a memory zone (4 GiB, or the end of DMA memory), so Linux leaves it without pages',
    'move it to one side of the border',
  ],
  'cma-not-configured': [
    'this kernel has no CMA, or no CMA heap',
    'set CONFIG_DMA_CMA and CONFIG_DMABUF_HEAPS_CMA',
  ],
  'coherent-off': [
    'this kernel makes no heaps of coherent pools: the series is not in it',
    'try --coherent v3, or make it reusable for a CMA heap',
  ],
  'restricted-pool': [
    'it is a restricted-dma-pool: its devices alone allocate from it, through bounce buffers, and it is no heap',
  ],
  'restricted-refused': [
    'a restricted-dma-pool must be mapped, and is neither reusable nor a default: Linux refuses it and gives its memory back',
    'remove no-map, reusable, linux,cma-default and linux,dma-default from it',
  ],
  'coherent-no-slot': [
    'the coherent series remembers no more pools (64, and v1 16): the rest get no heap',
    'drop a pool',
  ],
  'coherent-not-no-map': [
    'a pool without no-map: this architecture refuses it and gives its memory back',
    'add no-map, or make it reusable for a CMA heap',
  ],
  'mapped-ram': [
    'a pool in System RAM without no-map: the kernel maps that memory already and refuses to map it again',
    'add no-map',
  ],
  'mapped-page': [
    'its first or last page is shared with memory that the kernel maps',
    'align base and size to whole pages (4 KiB)',
  ],
  unmappable: [
    'a pool that ends above 256 TiB, or is larger than 128 GiB: the kernel cannot set it up',
    'make it smaller, or correct its reg',
  ],
  'name-taken': ['a heap of its name exists already', 'give the node another name or unit address'],
  'module-not-loaded': [
    'the module of its heap is not loaded yet',
    'load it: dmaheap modprobe cma_heap, or coherent_heap for a pool',
  ],
  'no-cma-heaps': [
    'default_cma_region was refused, and then Linux makes no CMA heap at all',
    'rename the region that took the name default_cma_region',
  ],
};

/** The reason alone, for where there is no region to look at. */
export const whyNoHeap = (why: WhyNoHeap): string => WORDS[why][0];

/** Why there is no heap, and what would help, if anything does. */
export interface RegionWords {
  readonly reason: string;
  readonly advice?: string;
  /** It is no heap by design, and one line says so of all such regions. */
  readonly plain?: true;
}

/** What is said of a region without a heap; `undefined` where all is well. */
export function explainRegion(region: RegionView): RegionWords | undefined {
  if (region.why === undefined) return undefined;
  const [reason, advice] = WORDS[region.why];
  const words = { reason, ...(advice !== undefined && { advice }) };
  if (region.detail === undefined) return words;
  const { advice: better, ...rest } = { ...words, ...detailWords(region, region.detail) };
  return better === '' || better === undefined ? rest : { ...rest, advice: better };
}

/** What the numbers add to, or say better than, the words of all regions of a kind. An advice of '' is none. */
function detailWords(region: RegionView, detail: RegionDetail): RegionWords {
  switch (detail.is) {
    case 'format':
      return formatWords(detail);
    case 'reserved-by': {
      const by = detail.reservedBy.map(claimText).join(', ');
      return by === ''
        ? {
            reason:
              'its memory is not reserved any more: another region that shared it failed and gave it back',
            advice: 'move it away from the other region',
          }
        : { reason: `its memory is reserved already, by ${by}`, advice: 'move one of them' };
    }
    case 'room':
      return roomWords(detail);
    case 'alignment':
      return alignmentWords(region, detail.pageblock);
    case 'purpose':
      return purposeWords(detail);
    case 'default-area': {
      const { cause, pageblock, largest, reservedBy } = detail;
      const advice =
        cause === 'reserved'
          ? `give another base${reservedBy?.[0] === undefined ? '' : ', or none: Linux then looks for a place'}`
          : cause === 'across-lowmem'
            ? 'give a base that lies wholly below or above the end of lowmem, or none'
            : cause === 'misaligned'
              ? `give a base at a multiple of ${formatSize(pageblock)}, or none`
              : largest === undefined
                ? 'free some memory below the limit'
                : `ask for ${formatSize(roundDown(largest.size, pageblock))} at most`;
      return { reason: defaultAreaText(detail), advice };
    }
  }
}

/** Which of three causes it is. */
function formatWords({ cells, root, ranges }: Extract<RegionDetail, { is: 'format' }>): RegionWords {
  const differences = (['addressCells', 'sizeCells'] as const).flatMap((key) => {
    const name = key === 'addressCells' ? '#address-cells' : '#size-cells';
    if (cells[key] === root[key]) return [];
    return [
      `/reserved-memory has ${cells[key] === 0 ? 'no ' : ''}${name}${cells[key] === 0 ? '' : ` ${cells[key]}`}, the root has ${root[key]}`,
    ];
  });
  const causes = [...differences, ...(ranges ? [] : ['/reserved-memory has no ranges'])];
  const cures = [
    ...(differences.length > 0
      ? [`#address-cells = <${root.addressCells}>; #size-cells = <${root.sizeCells}>;`]
      : []),
    ...(ranges ? [] : ['ranges;']),
  ];
  return {
    reason: `${causes.join('; ')}: Linux ignores all of it`,
    advice: `give /reserved-memory ${cures.join(' ')}`,
  };
}

function roomWords(detail: Extract<RegionDetail, { is: 'room' }>): RegionWords {
  const { asked, alignment, allocRanges, ram, ramInRanges, largest } = detail;
  const where =
    allocRanges === undefined ? 'in RAM' : `in alloc-ranges ${allocRanges.map(formatRange).join(', ')}`;
  if (allocRanges !== undefined && ramInRanges === 0n) {
    const is = ram.map(formatRange).join(', ');
    return {
      reason: `its alloc-ranges ${allocRanges.map(formatRange).join(', ')} hold no RAM, which is ${is}`,
      advice: 'give alloc-ranges that lie in RAM, or none',
    };
  }
  const most =
    largest === undefined
      ? 'nothing is free there'
      : `the largest free run is ${formatSize(largest.size)} at ${formatHex(largest.base)}`;
  return {
    reason: `no room for ${formatSize(asked)} at multiples of ${formatSize(alignment)} ${where}: ${most}`,
    advice: `${largest === undefined ? '' : 'make it smaller, or '}${allocRanges === undefined ? 'reserve less beside it' : 'widen alloc-ranges'}`,
  };
}

/** By how much an area misses pageblocks, and the nearest that does not. */
function alignmentWords({ base = 0n, size = 0n }: RegionView, pageblock: bigint): RegionWords {
  const block = formatSize(pageblock);
  const off = (what: string, value: bigint): string[] =>
    value % pageblock === 0n
      ? []
      : [
          `its ${what} ${what === 'size' ? formatSize(value) : formatHex(value)} is ${formatSize(value % pageblock)} past one`,
        ];
  const near = (value: bigint, text: (value: bigint) => string) => {
    const down = roundDown(value, pageblock);
    const up = roundUp(value, pageblock);
    return down === up ? text(up) : down === 0n ? text(up) : `${text(down)} or ${text(up)}`;
  };
  return {
    reason: `a CMA area must start and end at a multiple of a pageblock, ${block} here: ${[...off('base', base), ...off('size', size)].join(', ')}`,
    advice: `nearest: base ${near(base, formatHex)}, size ${near(size, formatSize)}`,
  };
}

function purposeWords({ purpose, linux }: Extract<RegionDetail, { is: 'purpose' }>): RegionWords {
  const plain = 'it is plain reserved memory';
  switch (purpose.for) {
    case 'pool':
      return purpose.written === undefined
        ? { reason: WORDS['not-shared-dma-pool'][0], advice: WORDS['not-shared-dma-pool'][1] ?? '' }
        : {
            reason: `${plain}: its compatible is "${purpose.written}"`,
            advice: 'did you mean compatible = "shared-dma-pool"?',
          };
    case 'vendor-heap':
      return {
        reason: `${plain}: ${purpose.compatible} is a vendor heap that ${linux} does not have`,
        advice: 'a vendor’s heap is declared: --vendor NAME or FILE, see docs/vendor-heaps.md',
      };
    case 'driver':
      return { reason: `${plain}, for the driver of ${purpose.compatible}`, advice: '', plain: true };
    case 'firmware':
      return { reason: `${plain}: nothing is allocated from it`, advice: '', plain: true };
  }
}
