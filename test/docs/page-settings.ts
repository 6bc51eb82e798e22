/** What the commands of each page find, and those that are not run. */

export interface PageSettings {
  /** Files beside `fixtures`. */
  readonly files?: Readonly<Record<string, string>>;
  /** What was done before the page begins. */
  readonly before?: string;
}

const SOC = `#define POOL(label, at, size) \\
	label: pool@at { compatible = "shared-dma-pool"; reg = <0x##at size>; no-map; }
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	memory@40000000 { device_type = "memory"; reg = <0x40000000 0x20000000>; };
	reserved-memory {
		#address-cells = <1>;
		#size-cells = <1>;
		ranges;
		pool: pool@48000000 { compatible = "shared-dma-pool"; reg = <0x48000000 0x100000>; no-map; };
	};
	video: video@1000 { reg = <0x1000 0x100>; memory-region = <&pool>; };
};
`;

const BOARD = `/dts-v1/;
#include "soc.dtsi"
&video { status = "okay"; };
`;

/** Memory that a TEE or a vendor may have. */
const SECURE = `/dts-v1/;
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	memory@40000000 { device_type = "memory"; reg = <0x40000000 0x20000000>; };
	reserved-memory {
		#address-cells = <1>;
		#size-cells = <1>;
		ranges;
		secure@50000000 { reg = <0x50000000 0x400000>; no-map; };
	};
};
`;

const BOARD_FILES = {
  'board.dts': BOARD,
  'soc.dtsi': SOC,
  'include/rev.h': '#define REV 2\n',
  'camera.dtso': '/dts-v1/;\n/plugin/;\n&video { status = "disabled"; };\n',
  'larger.dtso': '/dts-v1/;\n/plugin/;\n&pool { reg = <0x48000000 0x400000>; };\n',
};

/** A log that somebody pasted. */
const LOG = `[    0.000000] Linux version 6.12.118 (gcc)
[    0.000000] Reserved memory: created CMA memory pool at 0x0000000060000000, size 64 MiB
[    0.000000] OF: reserved mem: initialized node video@60000000, compatible id shared-dma-pool
[    0.000000] OF: reserved mem: 0x0000000060000000..0x0000000063ffffff (65536 KiB) map reusable video@60000000
[    0.000000]   node   0: [mem 0x0000000040000000-0x000000007fffffff]
[    0.000000] Kernel command line: console=ttyS0 quiet
[   93.123456] cma: __cma_alloc: video@60000000: alloc failed, req-size: 2048 pages, ret: -12
[   93.123460] cma: number of available pages: 1000@24+2040@2056=> 3040 free of 16384 total pages
`;
const PASTED = {
  'dmesg.txt': LOG,
  'iomem.txt': '40000000-7fffffff : System RAM\n',
  'bufinfo.txt': '\nDma-buf Objects:\n\nTotal 0 objects, 0 bytes\n',
};

const CAMERA = 'cp fixtures/boards/camera-soc.dtb board.dtb; cp fixtures/boards/camera-soc.yaml board.yaml';

export const SETTINGS: Readonly<Record<string, PageSettings>> = {
  'README.md': {
    files: { ...BOARD_FILES, ...PASTED },
    before: CAMERA,
  },
  'docs/device-tree.md': {
    files: {
      ...BOARD_FILES,
      'mail.txt': `> This is the node:
> reserved-memory {
> 	#address-cells = <2>;
> 	#size-cells = <2>;
> 	ranges;
> 	pool@50000000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x50000000 0 0x4000000>
> 	};
> };
`,
      'guess.dts': `/dts-v1/;
/ { #address-cells = <2>; #size-cells = <2>;
 memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x40000000>; };
 reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
  cam@91000000 { compatible = "shared-dma-pool"; no-map; reg = <0 CAM_BASE 0 0x100000>; };
 };
};
`,
      'secret.dtsi': '/ { };\n',
      'src/board.dts': '/dts-v1/;\n#include "../secret.dtsi"\n/ { };\n',
      'typing/soc.dtsi': `#define POOL(label, at, size) label: pool@at { reg = <0x##at size no-map; }\n${SOC.slice(
        SOC.indexOf('/ {'),
      ).replace(/pool: pool@.*/, 'POOL(pool, 48000000, 0x100000);')}`,
      'typing/typo.dts': `${BOARD}&vidoe { status = "okay"; };\n`,
    },
    before: 'dmaheap dt board.dts -O dtb -o plain.dtb',
  },
  'docs/size-a-region.md': { before: CAMERA },
  'docs/upgrade.md': {
    before: `${CAMERA}; cp fixtures/scenarios/ci-gate.yaml gate.yaml; cp -r fixtures/scenarios/boards boards`,
  },
  'docs/reproduce.md': { files: PASTED },
  'docs/kernels.md': { before: `${CAMERA}; tar -czf dtbs.tar.gz -C fixtures/boards camera-soc.dtb` },
  'docs/reconstruct.md': {
    files: {
      'dmesg.txt': LOG,
    },
  },
  'docs/cli.md': { before: 'dmaheap boot fixtures/boards/camera-soc.dtb' },
  'docs/ci.md': {
    before: 'mkdir -p scenarios && cp -r fixtures/scenarios/ci-gate.yaml fixtures/scenarios/boards scenarios',
  },
  'docs/scenarios.md': {
    before: 'cp -r fixtures/boards .',
    files: {
      'gate.yaml': `title: Four 4K buffers fit
board: boards/camera-soc.dtb
steps:
  - alloc: { heap: video-cma@60000000, size: 8M }
    as: hole
  - alloc: { heap: video-cma@60000000, size: 48M }
    expect: { phys: 0x60800000 }
  - free: hole
  - alloc: { heap: video-cma@60000000, size: 12M }
expect:
  buffers: 2
`,
      'gates/gate.yaml': 'board: ../boards/camera-soc.dtb\nsteps:\n  - sleep: 1\n',
    },
  },
  'docs/vendor-heaps.md': {
    files: {
      'rk.dts': `/dts-v1/;
/ {
	#address-cells = <2>;
	#size-cells = <2>;
	compatible = "example,board";
	memory@0 { device_type = "memory"; reg = <0 0 0 0x40000000>; };
};
`,
      'acme.dts': SECURE,
      'tee.dts': SECURE,
      'acme.yaml': `vendor: acme
kernel: 6.6
heaps:
  - { name: 'acme_{region}', backend: carveout, region: secure }
  - { name: acme-low, backend: system, zone: DMA32, cached: false }
`,
      'tee.yaml': `vendor: board-tee
heaps:
  - { name: 'protected,secure-video', backend: tee, region: secure }
`,
    },
  },
  'docs/board-yaml.md': {
    files: {
      'board.yaml': `model: A board
memory:
  reg: [0x40000000, 1G]
reserved-memory:
  linux,cma:
    compatible: shared-dma-pool
    reusable: true
    linux,cma-default: true
    size: 1.5G
  vpu-pool@50000000:
    compatible: shared-dma-pool
    no-mapp: true
    reg: [0x50000000, 4M]
`,
    },
  },
};

/** Commands that this test does not run, by page, each with its reason. */
export const NOT_RUN: Readonly<Record<string, readonly (readonly [command: RegExp, why: string])[]>> = {
  'README.md': [
    [/^npm ci /, 'it installs'],
    [/^npm test$/, 'it runs this test'],
    [/^dmaheap exec /, 'it needs Linux and a C compiler: test/native'],
  ],
  'docs/exec.md': [[/^/, 'they need a compiler: test/native/exec-page.test.ts']],
  'docs/device-tree.md': [[/\/sys\/firmware\/fdt/, 'it needs a machine that was booted with a device tree']],
  'docs/cli.md': [
    [/completion (bash|zsh|fish)/, 'it is for start-up files of three shells: test/cli/completion.test.ts'],
  ],
};

/** Languages of blocks that hold no commands. */
export const NO_COMMANDS: readonly string[] = ['yaml', 'json', 'text', 'ts'];
