/**
 * The map of physical memory: every page that there is belongs to exactly one thing.
 *
 * ```text
 * places   |--------- RAM ---------|=== video-cma@60000000 ===|--- RAM ---|   a region, or none
 * things   | kernel | early | free | buffer | free | buffer   | free      |   who has the pages
 * ```
 */
import type { LargestRequest } from '../dma-buf/heap-ops.ts';
import type { KernelViews } from '../kernel/kernel-views.ts';
import type { DeviceMemoryView } from '../kernel/views/device-memory-view.ts';
import type { AreaView, MemoryView } from '../kernel/views/memory-view.ts';
import type { BufferView, RegionView } from '../kernel/views/views.ts';
import { runsWithout } from '../reconstruct/page-runs.ts';
import type { PfnRange } from '../units.ts';
import { rangeEnd } from '../units.ts';
import type { MapKind } from './map-kinds.ts';

/** A region, an area or a pool: what pages are set aside for. */
export interface MapPlace extends PfnRange {
  readonly name: string;
  /** The heaps that allocate of it: several are names of one area. */
  readonly heaps: readonly string[];
  /** The area or pool that hands its pages out; absent of a region that is only reserved. */
  readonly area?: AreaView;
  /** What boot says of it; absent where no node made it. */
  readonly region?: RegionView;
  /** What it is in a word or two: `CMA`, `pool, no-map`, `reserved`. */
  readonly what: string;
  /** The largest request that its heap can answer now; absent where it has no heap. */
  readonly largest?: LargestRequest;
}

/** What has pages: a dma-buf, an image, the free pages of an area and so on. */
export interface MapThing {
  readonly kind: MapKind;
  /** What it is called: `frame0`, `video-cma@60000000`, `kernel`. */
  readonly name: string;
  /** The place that has it, or most of it, by its index; absent: none has. */
  readonly place?: number;
  /** The number of a buffer, its ino, or of what a driver has. */
  readonly number?: number;
  /** The tasks that have a buffer. */
  readonly tasks?: readonly string[];
  readonly buffer?: BufferView;
  readonly device?: DeviceMemoryView;
  /** Where it lies, ascending. */
  readonly runs: readonly PfnRange[];
  readonly pages: number;
}

/** A run of pages of one thing, in one place. */
export interface MapPart extends PfnRange {
  /** The thing and the place by their indexes. */
  readonly thing: number;
  readonly place?: number;
}

export interface MemoryMap {
  /** Bytes of a page. */
  readonly pageSize: number;
  /** Which Linux it is. */
  readonly banner: string;
  /** Where there is memory, ascending and apart: RAM, and regions outside of it. */
  readonly segments: readonly PfnRange[];
  readonly places: readonly MapPlace[];
  /** The heaps of RAM, and what the first of them can answer now; absent where that is not known. */
  readonly ram?: Pick<MapPlace, 'heaps' | 'largest'>;
  readonly things: readonly MapThing[];
  /** All of memory, ascending. */
  readonly parts: readonly MapPart[];
}

/** What claims pages, before it is known which of them it gets. */
interface Claim {
  readonly thing: Omit<MapThing, 'runs' | 'pages' | 'place'>;
  readonly runs: readonly PfnRange[];
}

/** Claims of the same right, as runs apart and ascending. */
type Layer = readonly (PfnRange & { readonly claim: Claim })[];

/** The map of a kernel as it is now. */
export function memoryMap(kernel: KernelViews): MemoryMap {
  const memory = kernel.memory();
  const places = placesOf(kernel, memory);
  const segments = joinedRuns([...memory.memory, ...places]);
  const layers = [ofBuffers(kernel), ofDevices(kernel), ...ofBoot(memory).map((one) => [one])].map(layerOf);
  const things = new Things();
  let left: readonly PfnRange[] = segments;
  for (const [index, place] of places.entries()) {
    const rest = runsWithout(left, [place]);
    share(
      runsWithout(left, rest),
      [...layers, ...ofPlace(place).map((one) => layerOf([one]))],
      things,
      index,
    );
    left = rest;
  }
  share(left, [...layers, ...ofRam(memory, segments).map((one) => layerOf([one]))], things);
  const { pageSize } = memory;
  return {
    pageSize,
    banner: kernel.info().banner,
    segments,
    places,
    ram: ramOf(kernel),
    ...things.told(),
  };
}

/** Puts claims in order; of two that claim the same page the one that begins first has it. */
function layerOf(claims: readonly Claim[]): Layer {
  const all = claims.flatMap((claim) => claim.runs.map(({ pfn, pages }) => ({ pfn, pages, claim })));
  let end = 0;
  return all
    .sort((a, b) => a.pfn - b.pfn)
    .flatMap((run) => {
      const pfn = Math.max(run.pfn, end);
      const pages = run.pfn + run.pages - pfn;
      if (pages <= 0) return [];
      end = pfn + pages;
      return [{ pfn, pages, claim: run.claim }];
    });
}

/** The parts of a layer that lie in some runs, which ascend. */
function* within(layer: Layer, runs: readonly PfnRange[]): Iterable<Layer[number]> {
  let at = 0;
  for (const { pfn, pages, claim } of layer) {
    const end = pfn + pages;
    for (let run = runs[at]; run !== undefined && run.pfn + run.pages <= pfn; ) run = runs[++at];
    for (let i = at; i < runs.length; i++) {
      const run = runs[i];
      if (run === undefined || run.pfn >= end) break;
      const from = Math.max(pfn, run.pfn);
      yield { pfn: from, pages: Math.min(end, run.pfn + run.pages) - from, claim };
    }
  }
}

/** Gives things the pages of a place that they claim; the layer that comes first has them. */
function share(runs: readonly PfnRange[], layers: readonly Layer[], things: Things, place?: number): void {
  let open = runs;
  for (const layer of layers) {
    const got = [...within(layer, open)];
    if (got.length === 0) continue;
    for (const run of got) things.add(run.claim, run, place);
    open = runsWithout(open, got);
  }
}

/** The things and the parts as they are found. */
class Things {
  readonly #things: { readonly thing: Omit<MapThing, 'runs' | 'pages'>; readonly runs: PfnRange[] }[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #parts: MapPart[] = [];

  add({ thing }: Claim, { pfn, pages }: PfnRange, place: number | undefined): void {
    // A buffer, and each of what drivers hold, is one thing wherever its pages lie.
    const { kind, name, number } = thing;
    const key = `${kind} ${number ?? `${place} ${name}`}`;
    const index = this.#indexes.get(key) ?? this.#things.length;
    if (index === this.#things.length) {
      this.#indexes.set(key, index);
      this.#things.push({ thing: { ...thing, ...(place !== undefined && { place }) }, runs: [] });
    }
    this.#things[index]?.runs.push({ pfn, pages });
    this.#parts.push({ pfn, pages, thing: index, ...(place !== undefined && { place }) });
  }

  told(): Pick<MemoryMap, 'things' | 'parts'> {
    const ascending = (a: PfnRange, b: PfnRange): number => a.pfn - b.pfn;
    return {
      things: this.#things.map(({ thing, runs }) => ({
        ...thing,
        runs: runs.sort(ascending),
        pages: runs.reduce((sum, run) => sum + run.pages, 0),
      })),
      parts: this.#parts.sort(ascending),
    };
  }
}

/** Runs in ascending order, those that touch or overlap as one. */
export function joinedRuns(runs: readonly PfnRange[]): readonly PfnRange[] {
  const all: PfnRange[] = [];
  for (const { pfn, pages } of [...runs].filter((run) => run.pages > 0).sort((a, b) => a.pfn - b.pfn)) {
    const last = all.at(-1);
    if (last !== undefined && pfn <= last.pfn + last.pages) {
      all[all.length - 1] = { pfn: last.pfn, pages: Math.max(last.pages, pfn + pages - last.pfn) };
    } else all.push({ pfn, pages });
  }
  return all;
}

const AREA_WORDS = { cma: 'CMA', coherent: 'pool', declared: 'carveout' } as const;

function whatOf(region: RegionView | undefined, area?: AreaView): string {
  const isNoMap = region?.noMap === true;
  if (area === undefined) return isNoMap ? 'no-map' : 'reserved';
  return `${AREA_WORDS[area.kind]}${isNoMap ? ', no-map' : ''}`;
}

function ramOf(kernel: KernelViews): Pick<MapPlace, 'heaps' | 'largest'> {
  const heaps = kernel.heaps().flatMap(({ name, region }) => (region === undefined ? [name] : []));
  const [first] = heaps;
  return { heaps, ...(first !== undefined && { largest: kernel.largestBlock(first) }) };
}

/** Areas and pools first, then the regions that none of them is of. */
function placesOf(kernel: KernelViews, { areas, pageSize }: MemoryView): readonly MapPlace[] {
  const regions = kernel.regions();
  const size = BigInt(pageSize);
  const isOf = (area: AreaView, { name, base }: RegionView): boolean =>
    base !== undefined && BigInt(area.pfn) === base / size && name.startsWith(area.name);
  const ofAreas = areas
    .filter(({ pages }) => pages > 0)
    .map((area): MapPlace => {
      const region = regions.find((one) => isOf(area, one));
      const [heap] = area.heaps;
      const largest = heap === undefined ? undefined : kernel.largestBlock(heap);
      const { pfn, pages } = area;
      return {
        name: region?.name ?? area.name,
        pfn,
        pages,
        heaps: area.heaps,
        area,
        ...(region && { region }),
        what: whatOf(region, area),
        ...(largest && { largest }),
      };
    });
  const ofRegions = regions.flatMap((region): MapPlace[] => {
    const { name, base, size: bytes, kind } = region;
    // An area that is none has given its pages back; what could not be reserved has none.
    if (base === undefined || bytes === undefined || kind === 'none' || kind === 'cma') return [];
    if (ofAreas.some((place) => place.region === region)) return [];
    const pfn = Number(base / size);
    const end = Number((rangeEnd({ base, size: bytes }) + size - 1n) / size);
    return end > pfn ? [{ name, pfn, pages: end - pfn, heaps: [], what: whatOf(region), region }] : [];
  });
  return [...ofAreas, ...ofRegions];
}

/** The tasks that hold a buffer, or the one that made it where nobody has it by a descriptor or a mapping. */
export function tasksOf({ fds, mappings, maker }: BufferView): readonly string[] {
  const holders = [...new Set([...fds, ...mappings].map(({ task }) => task))];
  return holders.length > 0 ? holders : [maker];
}

const ofBuffers = (kernel: KernelViews): readonly Claim[] =>
  kernel.buffers().map((buffer) => ({
    thing: {
      kind: 'buffer',
      name: buffer.name ?? `buffer ${buffer.ino}`,
      number: buffer.ino,
      tasks: tasksOf(buffer),
      buffer,
    },
    runs: buffer.sgTable,
  }));

const ofDevices = (kernel: KernelViews): readonly Claim[] =>
  kernel.deviceBuffers().map((device) => ({
    thing: { kind: 'device', name: `${device.device} ${device.id}`, number: device.id, device },
    runs: device.frames,
  }));

const IMAGES: ReadonlySet<string> = new Set(['kernel', 'initrd', 'dtb']);
const isImage = (name: string): name is 'kernel' | 'initrd' | 'dtb' => IMAGES.has(name);

/** What the boot loader and the first drivers have. */
function ofBoot({ images, swiotlb, atomic }: MemoryView): readonly Claim[] {
  return [
    ...(atomic.length === 0
      ? []
      : [{ thing: { kind: 'atomic', name: 'atomic DMA pool' } as const, runs: atomic }]),
    ...(swiotlb === undefined
      ? []
      : [{ thing: { kind: 'bounce', name: 'software IO TLB' } as const, runs: [swiotlb] }]),
    ...images.map(({ name, ...run }): Claim => {
      const kind = isImage(name) ? name : 'firmware';
      return { thing: { kind, name }, runs: [run] };
    }),
  ];
}

/** What is left of a place: its free pages, and those that somebody has. */
function ofPlace({ name, area, region, ...run }: MapPlace): readonly Claim[] {
  if (area === undefined) {
    return [{ thing: { kind: region?.noMap ? 'no-map' : 'reserved', name }, runs: [run] }];
  }
  const kind = area.kind === 'cma' ? 'area-free' : 'pool-free';
  return [
    { thing: { kind, name }, runs: area.free },
    { thing: { kind: 'taken', name }, runs: [run] },
  ];
}

/** What is left of RAM. */
const ofRam = ({ free, managed }: MemoryView, all: readonly PfnRange[]): readonly Claim[] => [
  { thing: { kind: 'free', name: 'free RAM' }, runs: free },
  { thing: { kind: 'used', name: 'taken since boot' }, runs: managed },
  { thing: { kind: 'early', name: 'taken at boot' }, runs: all },
];
