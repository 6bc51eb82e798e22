/** What the header of an ELF file calls an architecture: include/uapi/linux/elf-em.h. */

const MACHINES: ReadonlyMap<number, string> = new Map([
  [40, 'arm'],
  [62, 'x86_64'],
  [183, 'arm64'],
  [243, 'riscv64'],
]);

/** The name of the architecture with that e_machine; `undefined` when it is none of ours. */
export const architectureOfMachine = (machine: number): string | undefined => MACHINES.get(machine);
