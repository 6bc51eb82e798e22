/** For each of our checks a board that it is not content with, and one that it is. */
import { boardFromTree } from '../../src/board/from-tree.ts';
import type { BootOf } from '../../src/check/trial.ts';
import { compileSource } from '../../src/devicetree/compile-source.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { MiB } from '../../src/units.ts';

/** A board in source: RAM of 1 GiB at 0x40000000, and what is given. */
export function source(
  reserved: string,
  more: { readonly root?: string; readonly head?: string; readonly memory?: string } = {},
): string {
  const { root = '', head = '#address-cells = <2>; #size-cells = <2>; ranges;' } = more;
  const { memory = 'memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x40000000>; };' } = more;
  return `/dts-v1/;
/ {
	compatible = "lab,board";
	#address-cells = <2>;
	#size-cells = <2>;
	${memory}
	reserved-memory {
		${head}
		${reserved}
	};
	${root}
};
`;
}

export function bootOf(text: string, params: BootParams = {}): BootOf {
  const { tree } = compileSource({ path: 'board.dts', text }, { readFile: () => undefined });
  return { board: boardFromTree(tree, 'board.dts'), params };
}

export const POOL = 'compatible = "shared-dma-pool";';
const cma = (name: string, reg: string): string => `${name} { ${POOL} reusable; reg = <${reg}>; };`;
const pool = (name: string, reg: string): string => `${name} { ${POOL} no-map; reg = <${reg}>; };`;
const plain = (name: string, reg: string): string => `${name} { reg = <${reg}>; };`;
const dynamic = (name: string, size: string, more = ''): string =>
  `${name} { ${POOL} reusable; size = <0 ${size}>; ${more} };`;

interface Case {
  readonly bad: string;
  readonly good: string;
  readonly params?: BootParams;
  /** Of the good board, where they are others. */
  readonly goodParams?: BootParams;
  /** What is tried, and works; absent: nothing is. */
  readonly say?: string;
  /** A part of the first line that Linux prints. */
  readonly log?: string;
}

const FRAMES = cma('frames@60000000', '0 0x60000000 0 0x1000000');
const GOOD = source(FRAMES);
const NAME_64 = 'a'.repeat(64);

/** So many of something, each with a number. */
const many = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join('\n');

export const CASES: Readonly<Record<string, Case>> = {
  'unsupported-format': {
    bad: source(cma('frames@60000000', '0 0x60000000 0x1000000'), {
      head: '#address-cells = <2>; #size-cells = <1>; ranges;',
    }),
    good: GOOD,
    say: "the root's cells and ranges for /reserved-memory, and its children written in them",
    log: 'unsupported node format',
  },
  'no-reg-no-size': { bad: source(`frames { ${POOL} reusable; };`), good: GOOD },
  'malformed-reg': {
    bad: source(cma('frames@60000000', '0x60000000 0x1000000 0')),
    good: GOOD,
  },
  'size-zero': {
    bad: source(plain('log@60000000', '0 0x60000000 0 0')),
    good: source(plain('log@60000000', '0 0x60000000 0 0x1000')),
  },
  'reserve-failed': {
    bad: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
    good: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
    params: { reserve: { initrd: { base: 0x60800000n, size: 4n * MiB } } },
    goodParams: {},
    say: 'size instead of reg',
    log: "failed to reserve memory for node 'video@60000000'",
  },
  'invalid-size': {
    bad: source(`frames { ${POOL} reusable; size = <0x1000000>; };`),
    good: source(dynamic('frames', '0x1000000')),
    say: "size written in the root's cells",
    log: "invalid size property in 'frames' node",
  },
  'invalid-alignment': {
    bad: source(dynamic('frames', '0x1000000', 'alignment = <0x400000>;')),
    good: source(dynamic('frames', '0x1000000', 'alignment = <0 0x400000>;')),
    say: "alignment written in the root's cells",
    log: "invalid alignment property in 'frames' node",
  },
  'too-many-dynamic': {
    bad: source(many(65, (i) => `log-${i} { size = <0 0x1000>; };`)),
    good: source(many(64, (i) => `log-${i} { size = <0 0x1000>; };`)),
  },
  'no-room': {
    bad: source(dynamic('frames', '0x1000000', 'alloc-ranges = <0 0x10000000 0 0x10000000>;')),
    good: source(dynamic('frames', '0x1000000', 'alloc-ranges = <0 0x60000000 0 0x10000000>;')),
    say: 'no alloc-ranges',
    log: "failed to allocate memory for node 'frames'",
  },
  'default-area-failed': {
    bad: GOOD,
    good: GOOD,
    params: { cmdline: 'cma=2G' },
    goodParams: { cmdline: 'cma=64M' },
    say: 'on the command line',
    log: 'cma: Failed to reserve 2048 MiB',
  },
  'skipped-for-cmdline': {
    bad: source(dynamic('linux,cma', '0x2000000', 'linux,cma-default;')),
    good: source(dynamic('linux,cma', '0x2000000', 'linux,cma-default;')),
    params: { cmdline: 'quiet cma=64M' },
    goodParams: { cmdline: 'quiet' },
    say: 'no cma= on the command line',
    log: 'linux,cma',
  },
  'not-shared-dma-pool': {
    bad: source(
      'video-pool@60000000 { compatible = "shared-dma-pol"; no-map; reg = <0 0x60000000 0 0x1000000>; };',
    ),
    good: source('vdev0vring0@60000000 { no-map; reg = <0 0x60000000 0 0x8000>; };'),
    say: 'compatible = "shared-dma-pool"',
  },
  'vendor-heap': {
    bad: source('shared@60000000 { compatible = "dma-heap-carveout"; reg = <0 0x60000000 0 0x1000000>; };'),
    good: source(
      'ramoops@60000000 { compatible = "ramoops"; reg = <0 0x60000000 0 0x100000>; record-size = <0x20000>; };',
    ),
  },
  'reusable-and-no-map': {
    bad: source(`frames@60000000 { ${POOL} reusable; no-map; reg = <0 0x60000000 0 0x1000000>; };`),
    good: GOOD,
    say: 'no no-map',
  },
  'restricted-refused': {
    bad: source(
      'bounce@60000000 { compatible = "restricted-dma-pool"; no-map; reg = <0 0x60000000 0 0x400000>; };',
    ),
    good: source('bounce@60000000 { compatible = "restricted-dma-pool"; reg = <0 0x60000000 0 0x400000>; };'),
  },
  'cma-misaligned': {
    bad: source(cma('frames@60100000', '0 0x60100000 0 0x1000000')),
    good: GOOD,
    say: 'base 0x60000000 and size 18 MiB',
    log: 'incorrect alignment of CMA region',
  },
  'cma-no-slot': {
    bad: source(many(3, (i) => cma(`frames@6${i}000000`, `0 0x6${i}000000 0 0x400000`))),
    good: GOOD,
    params: { config: { CONFIG_CMA_AREAS: 2 } },
    goodParams: { config: { CONFIG_CMA_AREAS: 3 } },
    say: 'CONFIG_CMA_AREAS=',
    log: 'Not enough slots for CMA reserved regions',
  },
  'cma-across-zones': {
    bad: source(cma('frames@ff000000', '0 0xff000000 0 0x4000000'), {
      memory: 'memory@40000000 { device_type = "memory"; reg = <0 0x40000000 2 0>; };',
    }),
    good: source(cma('frames@100000000', '1 0 0 0x4000000'), {
      memory: 'memory@40000000 { device_type = "memory"; reg = <0 0x40000000 2 0>; };',
    }),
    say: 'the side of 0x100000000 alone: 0x100000000, 48 MiB',
    log: 'frames@ff000000',
  },
  'cma-not-configured': {
    bad: GOOD,
    good: GOOD,
    params: { config: { CONFIG_DMABUF_HEAPS_CMA: false } },
    goodParams: {},
    say: 'CONFIG_DMABUF_HEAPS_CMA=y',
  },
  'coherent-off': {
    bad: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
    good: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
    params: { coherent: 'off' },
    goodParams: { coherent: 'v3' },
  },
  'coherent-no-slot': {
    bad: source(
      many(65, (i) =>
        pool(
          `video-${i}@${(0x60000000 + i * 0x100000).toString(16)}`,
          `0 ${0x60000000 + i * 0x100000} 0 0x10000`,
        ),
      ),
    ),
    good: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
    log: 'Deferred heap areas list full',
  },
  'coherent-not-no-map': {
    bad: source(`video@60000000 { ${POOL} reg = <0 0x60000000 0 0x1000000>; };`),
    good: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
    params: { arch: 'arm' },
    say: 'no-map added',
    log: 'regions without no-map are not yet supported',
  },
  'mapped-ram': {
    bad: source(`video@60000000 { ${POOL} reg = <0 0x60000000 0 0x1000000>; };`),
    good: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
    say: 'no-map added',
  },
  'mapped-page': {
    bad: source(pool('video@60000800', '0 0x60000800 0 0x1000000')),
    good: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
    say: 'base 0x60000000',
  },
  unmappable: {
    bad: source(pool('video@1000000000000', '0x10000 0 0 0x1000000')),
    good: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
  },
  'name-taken': {
    bad: source(cma('system', '0 0x60000000 0 0x1000000')),
    good: GOOD,
    params: { coherent: 'off' },
    say: 'the name system-pool',
  },
  'module-not-loaded': { bad: GOOD, good: GOOD, params: { modules: ['cma_heap'] }, goodParams: {} },
  'board-misspelt-property': {
    bad: source(`frames@60000000 { ${POOL} reuseable; no-map; reg = <0 0x60000000 0 0x1000000>; };`),
    good: GOOD,
  },
  'board-size-beside-reg': {
    bad: source(
      `frames@60000000 { ${POOL} reusable; reg = <0 0x60000000 0 0x800000>; size = <0 0x8000000>; };`,
    ),
    good: source(
      `frames@60000000 { ${POOL} reusable; reg = <0 0x60000000 0 0x800000>; alignment = <0 0x400000>; };`,
    ),
    say: 'no size',
  },
  'board-size-for-reg': {
    bad: source(`frames@60000000 { ${POOL} reusable; size = <0 0x60000000 0 0x1000000>; };`),
    good: GOOD,
    say: 'size called reg',
  },
  'board-reserved-memory-elsewhere': {
    bad: source('', {
      root: `soc { #address-cells = <2>; #size-cells = <2>; ranges; reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; ${FRAMES} }; };`,
    }),
    good: GOOD,
    say: 'moved to /reserved-memory',
  },
  'board-memory-region': {
    bad: source(FRAMES, { root: 'camera { compatible = "lab,camera"; memory-region = <99>; };' }),
    good: source(`frames: ${FRAMES}`, {
      root: 'camera { compatible = "lab,camera"; memory-region = <&frames>; };',
    }),
  },
  'board-memory-node': {
    bad: source(FRAMES, { root: 'memory@80000000 { reg = <0 0x80000000 0 0x40000000>; };' }),
    good: GOOD,
    say: 'device_type = "memory"',
  },
  'board-flag-value': {
    bad: source(
      'video@60000000 { compatible = "shared-dma-pool"; no-map; reusable = "no"; reg = <0 0x60000000 0 0x1000000>; };',
    ),
    good: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
    say: 'no reusable',
  },
  'board-default-ignored': {
    bad: source(
      'video@60000000 { compatible = "shared-dma-pool"; linux,cma-default; reg = <0 0x60000000 0 0x1000000>; };',
    ),
    good: source(
      'video@60000000 { compatible = "shared-dma-pool"; reusable; linux,cma-default; reg = <0 0x60000000 0 0x1000000>; };',
    ),
    say: 'reusable added',
  },
  'region-several-reg': {
    bad: source(cma('video@60000000', '0 0x60000000 0 0x1000000 0 0x64000000 0 0x1000000')),
    good: source(cma('video@60000000', '0 0x60000000 0 0x1000000')),
  },
  'board-root-cells': {
    bad: '/dts-v1/; / { compatible = "lab,board"; #size-cells = <1>; memory@40000000 { device_type = "memory"; reg = <0x40000000 0x40000000>; }; };',
    good: GOOD,
  },
  'board-chosen': {
    bad: source(FRAMES, { root: 'chosen { linux,initrd-start = <0x48000000>; };' }),
    good: source(FRAMES, { root: 'chosen { bootargs = "quiet"; };' }),
  },
  'cmdline-ignored': {
    bad: GOOD,
    good: GOOD,
    params: { cmdline: 'crashkernel=128M' },
    goodParams: { cmdline: 'quiet' },
  },
  'cmdline-half-read': {
    bad: GOOD,
    good: GOOD,
    params: { cmdline: 'cma=64MB' },
    goodParams: { cmdline: 'cma=64M@0-4G' },
  },
  'cmdline-misspelt': {
    bad: GOOD,
    good: GOOD,
    params: { cmdline: 'cam=64M' },
    goodParams: { cmdline: 'cma=64M' },
  },
  'cmdline-cma-bytes': {
    bad: GOOD,
    good: GOOD,
    params: { cmdline: 'cma=64' },
    goodParams: { cmdline: 'cma=64M' },
    say: 'cma=64M',
  },
  'region-elsewhere': {
    bad: source(dynamic('frames@50000000', '0x2000000')),
    good: source(dynamic('frames', '0x2000000')),
    say: 'no unit address',
  },
  'region-overlap': {
    bad: source(
      `${pool('video@60000000', '0 0x60000000 0 0x1000000')} ${pool('audio@60800000', '0 0x60800000 0 0x1000000')}`,
    ),
    good: source(
      `${pool('video@60000000', '0 0x60000000 0 0x800000')} ${pool('audio@60800000', '0 0x60800000 0 0x1000000')}`,
    ),
  },
  'cma-overlap': {
    bad: source(
      `${cma('a@60000000', '0 0x60000000 0 0x1000000')} ${cma('b@60800000', '0 0x60800000 0 0x1000000')}`,
    ),
    good: source(
      `${cma('a@60000000', '0 0x60000000 0 0x800000')} ${cma('b@60800000', '0 0x60800000 0 0x1000000')}`,
    ),
    say: 'size instead of reg',
    log: 'OVERLAP DETECTED',
  },
  'cma-over-nomap': {
    bad: source(
      `secmon@62000000 { no-map; reg = <0 0x62000000 0 0x400000>; }; ${cma('frames@60000000', '0 0x60000000 0 0x8000000')}`,
    ),
    good: source(
      `secmon@70000000 { no-map; reg = <0 0x70000000 0 0x400000>; }; ${cma('frames@60000000', '0 0x60000000 0 0x8000000')}`,
    ),
    say: 'size instead of reg',
    log: 'OVERLAP DETECTED',
  },
  'cma-over-reserved': {
    bad: GOOD,
    good: GOOD,
    params: { reserve: { initrd: { base: 0x60800000n, size: 4n * MiB } } },
    goodParams: {},
    say: 'size instead of reg',
  },
  'cma-past-ram': {
    bad: source(cma('frames@7f000000', '0 0x7f000000 0 0x1000000'), {
      memory: 'memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x3f800000>; };',
    }),
    good: source(cma('frames@60000000', '0 0x60000000 0 0x2000000'), {
      memory: 'memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x3f800000>; };',
    }),
    say: 'which ends in RAM',
  },
  'boot-panic': {
    bad: source(cma('fpga@400000000', '4 0 0 0x400000')),
    good: GOOD,
    say: 'size instead of reg',
    log: 'Kernel panic',
  },
  'series-name-taken': {
    bad: source(pool('system', '0 0x60000000 0 0x1000000')),
    good: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
    say: 'another name',
  },
  'series-pool-moved': {
    bad: source(
      `video { ${POOL} no-map; size = <0 0x1000000>; }; audio { ${POOL} no-map; size = <0 0x1000000>; };`,
    ),
    good: source(pool('video@60000000', '0 0x60000000 0 0x1000000')),
  },
  'unit-address': {
    bad: source(cma('frames@50000000', '0 0x60000000 0 0x1000000')),
    good: GOOD,
    say: 'the name frames@60000000',
  },
  overlap: {
    bad: source(
      `${plain('a@60000000', '0 0x60000000 0 0x2000')} ${plain('b@60001000', '0 0x60001000 0 0x2000')}`,
    ),
    good: source(
      `${plain('a@60000000', '0 0x60000000 0 0x1000')} ${plain('b@60001000', '0 0x60001000 0 0x2000')}`,
    ),
    log: 'OVERLAP DETECTED',
  },
  'outside-ram': {
    bad: source(plain('fw@20000000', '0 0x20000000 0 0x1000')),
    good: source(plain('fw@60000000', '0 0x60000000 0 0x1000')),
  },
  'name-cut': {
    bad: source(cma(NAME_64, '0 0x60000000 0 0x1000000')),
    good: source(cma(NAME_64.slice(1), '0 0x60000000 0 0x1000000')),
  },
  'memory-region-disabled': {
    bad: source(
      `frames: frames@60000000 { ${POOL} reusable; reg = <0 0x60000000 0 0x1000000>; status = "disabled"; };`,
      {
        root: 'camera { compatible = "lab,camera"; memory-region = <&frames>; };',
      },
    ),
    good: source(
      `frames: frames@60000000 { ${POOL} reusable; reg = <0 0x60000000 0 0x1000000>; status = "disabled"; };`,
      {
        root: 'camera { compatible = "lab,camera"; memory-region = <&frames>; status = "disabled"; };',
      },
    ),
    say: 'status = "okay" for frames@60000000',
  },
  'memory-region-lost': {
    bad: source(`frames: ${cma('frames@60100000', '0 0x60100000 0 0x1000000')}`, {
      root: 'camera { compatible = "lab,camera"; memory-region = <&frames>; };',
    }),
    good: source(`frames: ${FRAMES}`, {
      root: 'camera { compatible = "lab,camera"; memory-region = <&frames>; };',
    }),
  },
  'default-area-out-of-reach': {
    bad: source(
      cma('linux,cma@100000000', '1 0 0 0x4000000').replace('reusable;', 'reusable; linux,cma-default;'),
      {
        memory: 'memory@40000000 { device_type = "memory"; reg = <0 0x40000000 2 0>; };',
      },
    ),
    good: source(
      cma('linux,cma@60000000', '0 0x60000000 0 0x4000000').replace(
        'reusable;',
        'reusable; linux,cma-default;',
      ),
      {
        memory: 'memory@40000000 { device_type = "memory"; reg = <0 0x40000000 2 0>; };',
      },
    ),
  },
  'pool-rounding': {
    bad: source(pool('video@60000000', '0 0x60000000 0 0xc00000')),
    good: source(pool('video@60000000', '0 0x60000000 0 0x800000')),
  },
  'board-no-memory': { bad: source(FRAMES, { memory: '' }), good: GOOD },
};
