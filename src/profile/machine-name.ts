/** Architectures as `uname -m`, compilers and device trees name them. */

/** Those names, as a part of a regular expression. */
export const MACHINE = String.raw`aarch64|armv[67]\w{0,4}|riscv64|x86_64`;

/** The kernel's own name of what `uname -m` or a compiler calls `machine`: `aarch64` is arm64. */
export function architectureOfMachine(machine: string): string {
  if (machine === 'aarch64') return 'arm64';
  return /^arm(?:v[67]|$)/.test(machine) ? 'arm' : machine;
}

/** What a node of /cpus has as `compatible`, by which a board is told to be of that architecture. */
export const CPU_OF: Readonly<Partial<Record<string, string>>> = {
  arm64: 'arm,armv8',
  arm: 'arm,cortex-a7',
  riscv64: 'riscv',
};
