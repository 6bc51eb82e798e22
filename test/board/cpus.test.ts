import { describe, expect, it } from 'vitest';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { compileSource } from '../../src/devicetree/compile-source.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { profileIn } from '../../src/profile/recorded-profile.ts';
import { MemoryRecords } from '../../src/records.ts';
import { GiB } from '../../src/units.ts';
import { board, range } from '../small-board.ts';

/** The architecture of a board with these processors, or what it is refused with; `undefined` when they tell nothing. */
function architecture(cpus: string, more = ''): string | undefined {
  const text = `/dts-v1/;
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	compatible = "walk";
	memory@40000000 { device_type = "memory"; reg = <0x40000000 0x10000000>; };
	cpus { #address-cells = <1>; #size-cells = <0>; ${cpus} };
	${more}
};`;
  const { tree } = compileSource({ path: 'board.dts', text }, { readFile: () => undefined });
  try {
    return boardFromTree(tree, 'board.dts').arch;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    expect(error.diagnostics).toMatchObject([{ code: 'board-architecture', severity: 'error' }]);
    return error.diagnostics[0]?.message;
  }
}

const cpu = (compatible: string, more = '') =>
  `cpu@0 { device_type = "cpu"; reg = <0>; compatible = ${compatible}; ${more} };`;

describe('the architecture of a board', () => {
  it.each([
    'arm,cortex-a5',
    'arm,cortex-a7',
    'arm,cortex-a8',
    'arm,cortex-a9',
    'arm,cortex-a12',
    'arm,cortex-a15',
    'arm,cortex-a17',
    'arm,arm926ej-s',
    'arm,arm1176jzf-s',
    'arm,arm1176jz-s',
    'arm,cortex-m7',
    'qcom,krait',
    'marvell,pj4b',
    'marvell,feroceon',
  ])('%s is 32-bit ARM', (name) => {
    expect(architecture(cpu(`"${name}"`))).toBe('arm');
  });

  it.each([
    '"arm,cortex-a34"',
    '"arm,cortex-a35"',
    '"arm,cortex-a53"',
    '"arm,cortex-a55"',
    '"arm,cortex-a57"',
    '"arm,cortex-a72"',
    '"arm,cortex-a78ae"',
    '"arm,cortex-a510"',
    '"arm,cortex-x1"',
    '"arm,neoverse-n1"',
    '"arm,armv8"',
    '"arm,cortex-a57", "arm,armv8"',
    '"qcom,kryo485"',
    '"apple,icestorm"',
    '"cavium,thunder", "arm,armv8"',
    '"nvidia,tegra194-carmel"',
  ])('%s is 64-bit ARM', (names) => {
    expect(architecture(cpu(names))).toBe('arm64');
  });

  it('is not known by a new core', () => {
    expect(architecture(cpu('"somebody,new-core"'))).toBeUndefined();
  });

  it('is told of a board of two clusters by the 64-bit one', () => {
    expect(
      architecture(`${cpu('"arm,cortex-m4"')} cpu@1 { reg = <1>; compatible = "arm,cortex-a53"; };`),
    ).toBe('arm64');
  });

  it('is told by the timer where the processors say nothing', () => {
    const timer = (names: string) => `timer { compatible = ${names}; };`;
    expect(architecture('', timer('"arm,armv7-timer"'))).toBe('arm');
    expect(architecture('', timer('"arm,armv8-timer", "arm,armv7-timer"'))).toBeUndefined();
    expect(architecture('')).toBeUndefined();
  });

  it.each([
    cpu('"sifive,u74", "riscv"'),
    cpu('"somebody,core"', 'riscv,isa = "rv64imafdc";'),
    cpu('"somebody,core"', 'riscv,isa-base = "rv64i";'),
  ])('%s is RISC-V', (cpus) => {
    expect(architecture(cpus)).toBe('riscv64');
  });

  it.each([
    ['a 32-bit RISC-V board', cpu('"sifive,e31", "riscv"', 'riscv,isa = "rv32imac";')],
    ['a 32-bit RISC-V board', cpu('"somebody,core"', 'riscv,isa-base = "rv32i";')],
    ['an x86 board', cpu('"intel,ce4100"')],
    ['a MIPS board', cpu('"mips,mips24KEc"')],
    ['a LoongArch board', cpu('"loongson,la264"')],
    ['a PowerPC board', 'PowerPC,8349@0 { device_type = "cpu"; reg = <0>; };'],
  ])('%s is refused by name', (board, cpus) => {
    expect(architecture(cpus)).toBe(`this is ${board}; only arm64, arm, riscv64, x86_64 are modelled`);
  });

  it('is RISC-V with a small core of 32 bits beside large ones', () => {
    const small = cpu('"sifive,e24", "riscv"', 'riscv,isa = "rv32imafc";');
    expect(architecture(`${small} cpu@1 { reg = <1>; compatible = "riscv"; riscv,isa = "rv64gc"; };`)).toBe(
      'riscv64',
    );
  });

  it.each([
    ['"acme,board", "fsl,imx6q"', 'arm'],
    ['"acme,board", "fsl,imx8mp"', undefined],
    ['"st,stm32mp157c-dk2", "st,stm32mp157"', 'arm'],
    ['"acme,board", "st,stm32mp257"', undefined],
    ['"ti,beagle-bone", "ti,am33xx"', 'arm'],
    ['"rockchip,rk3288-evb", "rockchip,rk3288"', 'arm'],
    ['"rockchip,rk3588-evb", "rockchip,rk3588"', undefined],
    ['"acme,a20", "allwinner,sun7i-a20"', 'arm'],
    ['"acme,h6", "allwinner,sun50i-h6"', undefined],
    ['"starfive,visionfive-2-v1.3b", "starfive,jh7110"', 'riscv64'],
    ['"acme,d1", "allwinner,sun20i-d1"', 'riscv64'],
    ['"riscv-virtio"', 'riscv64'],
    // Kernels of two boot on these.
    ['"raspberrypi,4-model-b", "brcm,bcm2711"', undefined],
    ['"acme,both", "fsl,imx6q", "starfive,jh7110"', undefined],
  ])('of a root %s without processors is %s', (names, arch) => {
    const root = compileSource(
      {
        path: 'board.dts',
        text: `/dts-v1/;\n/ { #address-cells = <1>; #size-cells = <1>; compatible = ${names}; };`,
      },
      { readFile: () => undefined },
    ).tree;
    const found = boardFromTree(root, 'board.dts');
    expect(found.arch).toBe(arch);
    if (arch === undefined) return;
    expect(() => boot(found, { arch: 'arm64', memory: [range(GiB, GiB)] }, new MemoryRecords())).toThrow(
      /^this is a board of (arm|riscv64), by its compatible \(/,
    );
  });

  it('is the one whose kernel boots, and no other', () => {
    const booted = (arch: string, params: BootParams = {}) => {
      const records = new MemoryRecords();
      boot(board([], { arch }), params, records);
      return profileIn(records).arch.name;
    };
    expect(booted('arm')).toBe('arm');
    expect(booted('riscv64')).toBe('riscv64');
    expect(() => booted('arm64', { arch: 'arm' })).toThrow('this is a board of arm64');
  });
});
