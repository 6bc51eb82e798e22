/**
 * The line that reports quote most: how much memory there is, and what has it. Models mm_init.c: mem_init_print_info()
 * (Linux 7.3), which has printed the same text at the same level since before 5.10. Up to 6.10 mem_init() prints it, before anything
 * else is allocated; since then page_alloc_init_late(), when some MiB of the page allocator's have gone to the kernel itself.
 * Both are behind the zones' lines and before any initcall.
 *
 * In no recording. From the source, all RAM (no-map or not), `cma-reserved` and `highmem` follow from what boot has placed; the rest is
 * the model's: the image's sections are those of one recorded image, `reserved` lacks small early allocations, and `available` is
 * what is neither reserved nor CMA.
 */
import type { EarlyBoot } from '../../mm/early/early-boot.ts';
import type { ZoneSpan } from '../../mm/early/zones.ts';
import type { ImagePart } from '../../profile/architecture.ts';
import type { PhysRange } from '../../units.ts';
import { KiB, MiB, rangeEnd, sharedRange } from '../../units.ts';

/** Sections of the image, bytes. */
interface ImageSections {
  readonly code: number;
  readonly rwdata: number;
  readonly rodata: number;
  readonly init: number;
  readonly bss: number;
}

/** What of a part is read-only data, or bss, where the architecture shows none of its own: as of arm64's defconfig. */
const RODATA_SHARE = 9 / 25;
const BSS_SHARE = 1 / 8;

/** An image of nobody's: where a boot loader has put none. */
const USUAL_IMAGE = 32n * MiB;

/** The sections of an image of so many bytes, by the parts that /proc/iomem shows of it. */
export function imageSections(parts: readonly ImagePart[], size: bigint): ImageSections {
  const all = parts.flatMap((part) => part.parts ?? [part]);
  const share = (name: ImagePart['name']) =>
    all.filter((part) => part.name === name).reduce((sum, { from, to }) => sum + to - from, 0);
  const [code, rodata, data, bss] = (
    ['Kernel code', 'Kernel rodata', 'Kernel data', 'Kernel bss'] as const
  ).map((name) => share(name) * Number(size)) as [number, number, number, number];
  return {
    code: rodata > 0 ? code : code * (1 - RODATA_SHARE),
    rodata: rodata > 0 ? rodata : code * RODATA_SHARE,
    rwdata: bss > 0 ? data : data * (1 - BSS_SHARE),
    bss: bss > 0 ? bss : data * BSS_SHARE,
    // What lies between them is the init section, which is given back when boot ends.
    init: Math.max(0, Number(size) - code - rodata - data - bss),
  };
}

/**
 * Prints the line.
 *
 * @param image where the kernel lies, if anywhere
 */
export function printMemoryLine(
  { memblock, cmaAreas, profile, printk }: EarlyBoot,
  spans: readonly ZoneSpan[],
  image: PhysRange | undefined,
): void {
  const { pfnUp, pfnDown, pageSize, wordBits } = profile.geometry;
  const pagesOf = (ranges: readonly PhysRange[]) =>
    ranges.reduce((sum, range) => sum + Math.max(0, pfnDown(rangeEnd(range)) - pfnUp(range.base)), 0);
  const pagesK = (pages: number) => `${(pages * pageSize) / 1024}K`;
  const bytesK = (bytes: number) => `${Math.floor(bytes / Number(KiB))}K`;

  const total = pagesOf(memblock.memory);
  const free = memblock.freeRanges();
  const available = pagesOf(free);
  const cma = cmaAreas.reduce((sum, { size }) => sum + pfnDown(size), 0);
  const high = spans
    .filter(({ name }) => name === 'HighMem')
    .flatMap(({ start, end }) => {
      const zone = { base: start, size: end - start };
      return free.map((range) => sharedRange(range, zone)).filter(({ size }) => size > 0n);
    });
  const { code, rwdata, rodata, init, bss } = imageSections(
    profile.arch.iomem.image,
    image?.size ?? USUAL_IMAGE,
  );
  const highmem =
    profile.arch.lowmem !== undefined && profile.config.CONFIG_HIGHMEM
      ? `, ${pagesK(pagesOf(high))} highmem`
      : '';
  const parts = [
    `${bytesK(code)} kernel code`,
    `${bytesK(rwdata)} rwdata`,
    `${bytesK(rodata)} rodata`,
    `${bytesK(init)} init`,
    `${bytesK(bss)} bss`,
    // An unsigned long: areas outside of RAM make it less than nothing.
    `${BigInt.asUintN(wordBits, BigInt(total - available - cma) * BigInt(pageSize / 1024))}K reserved`,
    `${pagesK(cma)} cma-reserved${highmem}`,
  ];
  printk.printEstimate(6, `Memory: ${pagesK(available)}/${pagesK(total)} available (${parts.join(', ')})`);
}
