import { describe, expect, it } from 'vitest';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { compileSource } from '../../src/devicetree/compile-source.ts';
import { InvalidInput } from '../../src/diagnostic.ts';

/** What a board with these processors is refused with; `undefined` when it is taken. */
function refusal(cpus: string, more = ''): string | undefined {
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
    boardFromTree(tree, 'board.dts');
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    expect(error.diagnostics).toMatchObject([{ code: 'board-architecture', severity: 'error' }]);
    return error.diagnostics[0]?.message;
  }
}

const cpu = (compatible: string, more = '') =>
  `cpu@0 { device_type = "cpu"; reg = <0>; compatible = ${compatible}; ${more} };`;

describe('the architecture of a board', () => {
  const ARM = 'this is a 32-bit ARM board; only arm64 is modelled';

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
    expect(refusal(cpu(`"${name}"`))).toBe(ARM);
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
    '"somebody,new-core"',
  ])('%s is not refused', (names) => {
    expect(refusal(cpu(names))).toBeUndefined();
  });

  it('is told of a board of two clusters by the 64-bit one', () => {
    expect(
      refusal(`${cpu('"arm,cortex-m4"')} cpu@1 { reg = <1>; compatible = "arm,cortex-a53"; };`),
    ).toBeUndefined();
  });

  it('is told by the timer where the processors say nothing', () => {
    const timer = (names: string) => `timer { compatible = ${names}; };`;
    expect(refusal('', timer('"arm,armv7-timer"'))).toBe(ARM);
    expect(refusal('', timer('"arm,armv8-timer", "arm,armv7-timer"'))).toBeUndefined();
    expect(refusal('')).toBeUndefined();
  });

  it.each([
    ['a RISC-V board', cpu('"sifive,u74", "riscv"')],
    ['a RISC-V board', cpu('"somebody,core"', 'riscv,isa = "rv64imafdc";')],
    ['a RISC-V board', cpu('"somebody,core"', 'riscv,isa-base = "rv64i";')],
    ['an x86 board', cpu('"intel,ce4100"')],
    ['a MIPS board', cpu('"mips,mips24KEc"')],
    ['a LoongArch board', cpu('"loongson,la264"')],
    ['a PowerPC board', 'PowerPC,8349@0 { device_type = "cpu"; reg = <0>; };'],
  ])('%s is named', (board, cpus) => {
    expect(refusal(cpus)).toBe(`this is ${board}; only arm64 is modelled`);
  });
});
