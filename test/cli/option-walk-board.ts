/** The files of the walk over commands and options. */

/** The device of the board, by its name. */
export const CAMERA = 'a0000000.camera';

export const FILES: Readonly<Record<string, string>> = {
  'walk.dts': `/dts-v1/;
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	compatible = "walk";
	memory@40000000 { device_type = "memory"; reg = <0x40000000 0x10000000>; };
	chosen { };
	reserved-memory {
		#address-cells = <1>;
		#size-cells = <1>;
		ranges;
		video { compatible = "shared-dma-pool"; reusable; reg = <0x48000000 0x1000000>; };
		pool: pool@4a000000 { compatible = "shared-dma-pool"; no-map; reg = <0x4a000000 0x100000>; };
#ifdef WALK
		more@4b000000 { no-map; reg = <0x4b000000 0x100000>; };
#endif
	};
	camera@a0000000 { compatible = "walk,camera"; reg = <0xa0000000 0x1000>; memory-region = <&pool>; };
};
`,
  'walk.log': `[    0.000000] Kernel command line: quiet
[    0.000000] Reserved memory: created DMA memory pool at 0x000000004a000000, size 1024 KiB
[    0.000000] OF: reserved mem: initialized node pool@4a000000, compatible id shared-dma-pool
[    0.000000] OF: reserved mem: 0x000000004a000000..0x000000004a0fffff (1024 KiB) nomap non-reusable pool@4a000000
[    1.000000] dma_heap pool@4a000000: assigned reserved memory node pool@4a000000
`,
  'walk.dtso': `/dts-v1/;
/plugin/;
&{/} { walk = "laid over"; };
`,
  'plain.dtso': `/dts-v1/;
/plugin/;
&{/} { late { }; };
`,
  'walk.yaml': `board: walk.dtb
steps:
  - alloc: { heap: nowhere, size: 4K }
  - alloc: { heap: nowhere, size: 8K }
`,
  'inline.yaml': `board: { memory: { reg: [0x40000000, 256M] } }
steps:
  - alloc: { heap: system, size: 4K }
`,
};
