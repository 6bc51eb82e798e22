/**
 * Which architecture the compatible of a root tells, of boards whose /cpus say nothing: families of SoCs that have cores
 * of one architecture alone. From the names in arch/arm/boot/dts/ and arch/riscv/boot/dts/ (Linux 7.3). What boots
 * kernels of two is not listed (BCM2837, BCM2711, SG2000, MSM8916), nor arm64, which a board is of unless told.
 */

const ARM_32: readonly RegExp[] = [
  /^fsl,(imx(23|25|27|28|31|35|50|51|53|6(dl|q|qp|s|sl|sll|sx|ul|ull|ulz)|7(d|s|ulp))|vf[56]\d\d)$/,
  /^st,stm32mp1\d\d[a-z]?$/,
  /^ti,(am33xx|am43|am4372|dra7|dra7[0-9x]+|omap[2-5]|omap[345]\d{2,3})$/,
  /^rockchip,(rk3036|rk3066a|rk3128|rk3188|rk322[89]|rk3288|rv1108|rv1109|rv1126)$/,
  /^allwinner,(suniv-.*|sun([4-9]i)-.*)$/,
  /^(atmel|microchip),(at91sam9.*|at91rm9200|sama5d?\d*|sama7g?\d*|sam9x60|sam9x75?)$/,
  /^xlnx,zynq-7000$/,
  /^amlogic,meson(6|8|8b|8m2)$/,
  /^samsung,exynos(3250|4210|4212|4412|5250|5260|5410|5420|5422|5800)$/,
  /^nvidia,tegra(20|30|114|124)$/,
  /^marvell,armada(-370-xp|370|xp|375|380|385|388|390|398)$/,
  /^brcm,bcm283[56]$/,
  /^aspeed,ast2[456]00$/,
  /^renesas,(r8a779[0-4]|r8a774[2-5])$/,
];

const RISCV: readonly RegExp[] = [
  /^starfive,jh71[01]0$/,
  /^sifive,(fu540|fu740)(-c000)?$/,
  /^microchip,mpfs$/,
  /^thead,th1520$/,
  /^sophgo,sg204[24]$/,
  /^spacemit,k1$/,
  /^canaan,(kendryte-k210|k230)$/,
  /^allwinner,sun20i-.*$/,
  /^riscv-virtio$/,
];

/** What the names say; `undefined` where they say nothing, or both. */
export function rootArchitecture(compatible: readonly string[]): 'arm' | 'riscv64' | undefined {
  const is = (known: readonly RegExp[]) => compatible.some((name) => known.some((one) => one.test(name)));
  const [arm, riscv] = [is(ARM_32), is(RISCV)];
  if (arm === riscv) return undefined;
  return arm ? 'arm' : 'riscv64';
}
