/**
 * Which architecture a board's processors are of, by what its device tree says of them: the names of
 * Documentation/devicetree/bindings/arm/cpus.yaml and its neighbours (Linux 7.3).
 */

/** What a tree says of processors. */
export interface CpuFacts {
  /** `compatible` of each node of /cpus. */
  readonly compatible: readonly string[];
  /** `riscv,isa` and `riscv,isa-base` of these nodes. */
  readonly isa: readonly string[];
  /** Names of properties of these nodes. */
  readonly properties: readonly string[];
  /** `compatible` of the timers beside them, which tell what the processors do not. */
  readonly timers: readonly string[];
}

interface Known {
  /** Of `Architecture`, where it is one that is modelled. */
  readonly name: string;
  /** With its article: `a 32-bit ARM board`. */
  readonly board: string;
  readonly cpu: RegExp;
}

/** ARMv7 and before, the cores of Armv8 that run 32-bit code alone, and the licensees' cores of that time. */
const ARM_32 =
  /^(arm,(arm\d.*|cortex-(a5|a7|a8|a9|a12|a15|a17|a32|[rm]\d+[a-z]*)|sc\d+)|faraday,fa\d+|intel,(sa110|sa1100|xscale.*|pxa.*)|marvell,(feroceon|mohawk|pj1|pj4[ab]?|sheeva-v\d|xsc3|88f.*)|qcom,(krait|scorpion)|nvidia,tegra(20|30|114|124)-.*)$/;

const KNOWN: readonly Known[] = [
  { name: 'arm', board: 'a 32-bit ARM board', cpu: ARM_32 },
  {
    name: 'riscv64',
    board: 'a RISC-V board',
    cpu: /^(riscv|(sifive|thead|starfive|andestech|spacemit),.*)$/,
  },
  { name: 'x86', board: 'an x86 board', cpu: /^intel,(ce4100|quark.*|x86.*)$/ },
  { name: 'mips', board: 'a MIPS board', cpu: /^(mips,.*|brcm,bmips.*|ingenic,xburst.*|mti,.*)$/ },
  { name: 'powerpc', board: 'a PowerPC board', cpu: /^(PowerPC|powerpc|fsl,e\d).*$/ },
  { name: 'loongarch', board: 'a LoongArch board', cpu: /^loongson,la\d.*$/ },
  { name: 'arc', board: 'an ARC board', cpu: /^snps,arc.*$/ },
];

/** No kernel of these is modelled. */
const RISCV_32 = { name: 'riscv32', board: 'a 32-bit RISC-V board' } as const;

/** Names of 64-bit cores: any of them, and the board is no other. */
const ARM_64 =
  /^(arm,(armv8|cortex-(a3[45]|a5\d|a6\d|a7\d(ae|c)?|a\d{3}.*|x\d.*)|neoverse-.*|rainier)|apple,.*|cavium,.*|qcom,(kryo.*|oryon.*|falkor.*)|nvidia,(carmel|tegra194-carmel|tegra132-denver|tegra186-denver)|samsung,mongoose.*|brcm,(brahma-b53|vulcan)|apm,(potenza|strega)|ampere,.*|fujitsu,.*)$/;

/**
 * The architecture of a board where its tree leaves no doubt; `undefined` where nothing is said: most boards that people
 * write for a question have no /cpus.
 */
export function cpuArchitecture({
  compatible,
  isa,
  properties,
  timers,
}: CpuFacts): Pick<Known, 'name' | 'board'> | undefined {
  if (compatible.some((name) => ARM_64.test(name))) return { name: 'arm64', board: 'a 64-bit ARM board' };
  // What names both has cores of both, of which Linux runs on the large ones.
  if (isa.length > 0 && isa.every((one) => /^rv32/i.test(one))) return RISCV_32;
  const riscv = properties.some((name) => /^riscv,isa/.test(name));
  const known = KNOWN.find(({ name, cpu }) =>
    riscv ? name === 'riscv64' : compatible.some((one) => cpu.test(one)),
  );
  if (known !== undefined) return known;
  // Boards that run both name both.
  const old = timers.includes('arm,armv7-timer') && !timers.includes('arm,armv8-timer');
  return old ? KNOWN[0] : undefined;
}
