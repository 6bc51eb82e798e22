/** Checks of their own: places, names, who uses a region, and what is lost to rounding. */
import type { ReservedMemNode } from '../board/board.ts';
import { unitAddressOf } from '../board/reserved-memory-doubts.ts';
import { nodeAtPath } from '../devicetree/node-lookup.ts';
import { type DtNode, getProperty } from '../devicetree/tree.ts';
import { firstString } from '../devicetree/value.ts';
import type { RegionView } from '../kernel/views/views.ts';
import { PageAllocator } from '../mm/alloc/page-alloc.ts';
import {
  formatHex,
  formatRange,
  formatSize,
  type PhysRange,
  rangeEnd,
  rangesOverlap,
  sharedRange,
} from '../units.ts';
import { linesAbout, naming } from './checks-of-regions.ts';
import type { CheckAbout, Found, Repair, Severity } from './finding.ts';
import { nodeOf, pairValue, regionPath } from './repairs.ts';
import { textValue } from './tree-edit.ts';
import type { Trial } from './trial.ts';

interface PlaceCheck {
  readonly name: string;
  readonly severity: Severity;
  readonly about: string;
  readonly find: (trial: Trial) => readonly Omit<Found, 'check' | 'severity'>[];
}

type Problem = Omit<Found, 'check' | 'severity'>;

/** A problem of a region, at its node. */
function ofRegion(trial: Trial, name: string, message: string, more: Partial<Problem> = {}): Problem {
  const position = nodeOf(trial, name)?.position;
  return { message, path: regionPath(trial.board, name), ...(position && { position }), ...more };
}

const placed = ({ base, size }: Pick<RegionView, 'base' | 'size'>): PhysRange | undefined =>
  base === undefined || size === undefined || size === 0n ? undefined : { base, size };

/** Regions that have a place and got it. */
const placedRegions = ({ booted }: Trial): readonly (RegionView & PhysRange)[] =>
  booted.regions.flatMap((region) => {
    const place = region.kind === 'none' ? undefined : placed(region);
    return place === undefined ? [] : [{ ...region, ...place }];
  });

const ramOf = ({ board, params }: Trial): readonly PhysRange[] =>
  params.memory !== undefined && params.memory.length > 0 ? params.memory : board.memory;

const sorted = (addresses: readonly bigint[]): readonly bigint[] =>
  [...addresses].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** A static region whose unit address is not where its reg begins. */
function unitAddresses(trial: Trial): readonly Problem[] {
  return (trial.board.reservedMemory?.nodes ?? []).flatMap((node: ReservedMemNode) => {
    const [first] = node.reg ?? [];
    const said = unitAddressOf(node.name);
    if (first === undefined || said === undefined || said === first.base) return [];
    const name = node.name.replace(/@.*/, `@${first.base.toString(16)}`);
    const path = regionPath(trial.board, node.name);
    const repairs: Repair[] = [{ edits: [{ edit: 'rename', path, name }], say: `the name ${name}` }];
    const message = `its name says ${formatHex(said)}, and its reg ${formatHex(first.base)}: Linux goes by reg, and names heaps by the name`;
    return [
      ofRegion(trial, node.name, message, { hint: `call it ${name}`, log: [], repairs: () => repairs }),
    ];
  });
}

/** Regions that are compared with each other, and pairs that are told: a board with more has another problem. */
const MOST_COMPARED = 256;
const MOST_OVERLAPS = 32;

/** Plain regions that share memory: none gives it out, so nothing breaks but what their drivers do. */
function plainOverlaps(trial: Trial): readonly Problem[] {
  const regions = placedRegions(trial)
    .filter(({ kind }) => kind === 'reserved')
    .slice(0, MOST_COMPARED);
  const pairs = regions.flatMap((one, i) =>
    regions.slice(i + 1).flatMap((other) => (rangesOverlap(one, other) ? [[one, other] as const] : [])),
  );
  return pairs.slice(0, MOST_OVERLAPS).map(([one, other]) => {
    const about = [one, other].map(({ name }) => naming(name));
    const shared = formatRange(sharedRange(one, other));
    return ofRegion(
      trial,
      one.name,
      `it shares ${shared} with ${other.name}: two drivers use the same bytes`,
      {
        hint: 'move one of them, unless one is meant to lie inside the other',
        log: linesAbout(trial, (text) => about.every((is) => is(text))),
      },
    );
  });
}

/** Ranges of RAM that are told. */
const MOST_RANGES = 4;

/** Regions where there is no RAM. */
function outsideRam(trial: Trial): readonly Problem[] {
  const ram = ramOf(trial);
  return placedRegions(trial).flatMap((region) => {
    const { name, kind, noMap, base, size } = region;
    // A no-map region or a pool may be memory of its own: SRAM, or what the loader has not told.
    if (kind !== 'reserved' || noMap || ram.some((range) => rangesOverlap(range, region))) return [];
    const shown = ram.slice(0, MOST_RANGES).map(formatRange).join(', ');
    const message = `no RAM is there (RAM is ${shown}${ram.length > MOST_RANGES ? ' and more' : ''}): reserving it has no effect`;
    return [
      ofRegion(trial, name, message, {
        hint: `correct its reg, ${formatRange({ base, size })}, unless that is memory of its own`,
        log: [],
      }),
    ];
  });
}

const NAME_MAX = 63;

function longNames(trial: Trial): readonly Problem[] {
  return placedRegions(trial).flatMap(({ name, kind, heaps }) => {
    if (kind !== 'cma' || name.length <= NAME_MAX) return [];
    const cut = name.slice(0, NAME_MAX);
    return [
      ofRegion(
        trial,
        name,
        `a CMA area's name has ${NAME_MAX} characters at most: its heap is called ${heaps[0] ?? cut}`,
        {
          hint: 'give the node a shorter name',
          log: [],
        },
      ),
    ];
  });
}

/** Whether the node and all above it are enabled. */
function isEnabled(root: DtNode, path: string): boolean {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.every((_, i) => {
    const node = nodeAtPath(root, `/${parts.slice(0, i + 1).join('/')}`);
    const status = node && getProperty(node, 'status');
    const text = status && firstString(status.value);
    return text === undefined || text === 'ok' || text === 'okay';
  });
}

/** Enabled devices with a region that is not there for them. */
function usersOf(
  trial: Trial,
  isLost: (region: RegionView) => boolean,
  say: (region: RegionView) => Partial<Problem> & { message: string },
): readonly Problem[] {
  const { board, booted } = trial;
  const root = board.tree?.root;
  if (root === undefined) return [];
  const byName = new Map(booted.regions.map((region) => [region.name, region]));
  return board.users.flatMap(({ path, regions }) => {
    if (!isEnabled(root, path)) return [];
    const position = getProperty(nodeAtPath(root, path) ?? root, 'memory-region')?.position;
    return regions.flatMap((name) => {
      const region = byName.get(name);
      if (region === undefined || !isLost(region)) return [];
      return [{ path: `${path}:memory-region`, ...(position && { position }), log: [], ...say(region) }];
    });
  });
}

const disabledRegions = (trial: Trial): readonly Problem[] =>
  usersOf(
    trial,
    ({ why }) => why === 'disabled',
    ({ name }) => {
      const path = regionPath(trial.board, name);
      return {
        message: `it names ${name}, which is disabled: the device gets no memory of its own from it`,
        hint: `enable ${name}, or leave memory-region out`,
        repairs: () => [
          {
            edits: [{ edit: 'set', path, property: 'status', value: textValue('okay') }],
            say: `status = "okay" for ${name}`,
          },
        ],
      };
    },
  );

const lostRegions = (trial: Trial): readonly Problem[] =>
  usersOf(
    trial,
    ({ kind, why }) => kind === 'none' && why !== 'disabled' && why !== undefined,
    ({ name, why = '' }) => ({
      message: `it names ${name}, which could not be set up (${why}): the device gets no memory of its own from it`,
      hint: `see what is told of ${name}`,
    }),
  );

/** The end of what devices reach without limits of their own: of the lowest zone that there is. */
function dmaZoneEnd({ records, profile }: Trial): bigint | undefined {
  const pages = new PageAllocator(records);
  const [lowest] = pages.zones();
  if (lowest !== 'DMA' && lowest !== 'DMA32') return undefined;
  const { pfn, pages: count } = pages.zoneSpan(lowest);
  return profile.geometry.pfnPhys(pfn + count);
}

/** A default area that some device cannot be given memory from. */
function outOfReach(trial: Trial): readonly Problem[] {
  const area = trial.booted.regions.find(({ isDefault, kind }) => isDefault && kind === 'cma');
  const place = area && placed(area);
  if (area === undefined || place === undefined) return [];
  const last = rangeEnd(place) - 1n;
  const zoneEnd = dmaZoneEnd(trial);
  const devices = (trial.board.devices ?? []).filter(
    ({ busDmaLimit, iommu, memoryRegions }) =>
      busDmaLimit !== undefined && busDmaLimit < last && !iommu && memoryRegions.length === 0,
  );
  const isHigh = zoneEnd !== undefined && last >= zoneEnd;
  if (!isHigh && devices.length === 0) return [];
  const limits = [
    ...(isHigh ? [`the DMA zone, which ends at ${formatHex(zoneEnd - 1n)}`] : []),
    ...devices
      .slice(0, 4)
      .map(({ path, busDmaLimit = 0n }) => `${path}, whose bus ends at ${formatHex(busDmaLimit)}`),
    ...(devices.length > 4 ? [`${devices.length - 4} more devices`] : []),
  ];
  const message = `the default CMA area (${formatRange(place)}) is out of reach of ${limits.join(', ')}: what is allocated from it there fails, or is bounced`;
  const hint = 'give it alloc-ranges, or a place, below that limit';
  if (area.origin !== 'dynamic' && area.origin !== 'static') return [{ message, hint, log: [] }];
  const most = [...(isHigh ? [zoneEnd] : []), ...devices.map(({ busDmaLimit = 0n }) => busDmaLimit + 1n)];
  const [end = 0n] = sorted(most);
  const [start = end] = sorted(ramOf(trial).map(({ base }) => base));
  const path = regionPath(trial.board, area.name);
  const repairs: Repair[] =
    area.origin === 'dynamic' && start < end
      ? [
          {
            edits: [
              {
                edit: 'set',
                path,
                property: 'alloc-ranges',
                value: pairValue(trial.board, start, end - start),
              },
            ],
            say: `alloc-ranges ${formatRange({ base: start, size: end - start })}`,
          },
        ]
      : [];
  return [
    ofRegion(trial, area.name, message, {
      hint,
      log: linesAbout(trial, naming(area.name)),
      repairs: () => repairs,
    }),
  ];
}

/** A pool of which one buffer gets less than half what is there: blocks are powers of two. */
function roundingWaste(trial: Trial): readonly Problem[] {
  return trial.booted.heaps.flatMap(({ name, backend, region, size, largest }) => {
    if (backend !== 'coherent' || region === undefined || largest >= size) return [];
    const message = `its ${formatSize(size)} are no power of two: one buffer gets ${formatSize(largest)} at most, and every buffer is rounded up to a power of two`;
    return [
      ofRegion(trial, region, message, {
        hint: `sizes that lose nothing: ${formatSize(largest)}, ${formatSize(largest * 2n)}; heap ${name}`,
        log: [],
      }),
    ];
  });
}

const CHECKS: readonly PlaceCheck[] = [
  {
    name: 'unit-address',
    severity: 'warning',
    about: 'a region whose name says another address than its reg',
    find: unitAddresses,
  },
  {
    name: 'overlap',
    severity: 'warning',
    about: 'plain regions that share memory',
    find: plainOverlaps,
  },
  {
    name: 'outside-ram',
    severity: 'note',
    about: 'a plain region where there is no RAM',
    find: outsideRam,
  },
  {
    name: 'name-cut',
    severity: 'warning',
    about: "a CMA area's name that is cut off",
    find: longNames,
  },
  {
    name: 'memory-region-disabled',
    severity: 'warning',
    about: 'a memory-region that points to a disabled region',
    find: disabledRegions,
  },
  {
    name: 'memory-region-lost',
    severity: 'warning',
    about: 'a memory-region that points to a region that could not be set up',
    find: lostRegions,
  },
  {
    name: 'default-area-out-of-reach',
    severity: 'warning',
    about: 'a default CMA area above the DMA zone, or above what the bus of a device reaches',
    find: outOfReach,
  },
  {
    name: 'pool-rounding',
    severity: 'note',
    about: 'a coherent pool whose size is no power of two',
    find: roundingWaste,
  },
];

export const PLACE_CHECKS: readonly CheckAbout[] = CHECKS.map(({ name, severity, about }) => ({
  name,
  severity,
  about,
  by: 'dmaheap',
}));

/** A kernel that died has no zones, nor heaps. */
export function placeFindings(trial: Trial): readonly Found[] {
  const isDead = trial.booted.panic !== undefined;
  const needsKernel = new Set(['default-area-out-of-reach', 'pool-rounding']);
  return CHECKS.filter(({ name }) => !isDead || !needsKernel.has(name)).flatMap(({ name, severity, find }) =>
    find(trial).map((problem) => ({ check: name, severity, ...problem })),
  );
}
