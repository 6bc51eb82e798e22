/** Of which architecture a log is: what names it, and what lines look like on one alone. */
import { architectureOfMachine, MACHINE } from './machine-name.ts';

/** A distribution's name of what it built: `6.1.0-21-amd64`, `5.15.32-v7l+`. */
const FLAVOUR = /^Linux version \d\S{0,64}?-(amd64|arm64|armmp|riscv64|v7l?|v8)(?:-\S{1,32})?\+?(?= |$)/;
const OF_FLAVOUR: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  armmp: 'arm',
  v7: 'arm',
  v7l: 'arm',
  v8: 'arm64',
};
/** What the kernels of one architecture alone say as they begin. */
const SIGNS: readonly (readonly [line: RegExp, arch: string])[] = [
  [/^BIOS-provided physical RAM map/, 'x86_64'],
  [/^Booting Linux on physical CPU 0x[0-9a-f]{1,16} \[0x[0-9a-f]{8}\]/, 'arm64'],
  [/^CPU: ARMv7 Processor /, 'arm'],
  [/^(?:SBI specification v|riscv: base ISA extensions )/, 'riscv64'],
];
/** What lines that other readers are for look like on one architecture alone: 32 bits have addresses of 8 digits. */
const LOOKS: readonly (readonly [line: RegExp, arch: string])[] = [
  [/^(?:BIOS-)?e820: /, 'x86_64'],
  [/^HighMem +(?:empty|\[mem )/, 'arm'],
  [/^Reserved memory: created (?:CMA|DMA) memory pool at 0x[0-9a-f]{8}, /, 'arm'],
  [/^cma: Reserved \d{1,8} MiB at 0x[0-9a-f]{8}(?: |$)/, 'arm'],
  [/^OF: reserved mem: 0x[0-9a-f]{8}\.\.0x/, 'arm'],
  [/^DMA: preallocated \d{1,8} KiB pool for atomic coherent allocations/, 'arm'],
];
/** How a processor of that architecture names itself, or its compiler does. */
const ARCH = new RegExp(String.raw`\b(${MACHINE}|arm)-[\w.]{0,32}(?:linux|none)`);

/** The architecture that the line `Linux version …` names, by its compiler or by what was built. */
export function architectureOfVersion(message: string): string | undefined {
  const compiler = ARCH.exec(message)?.[1];
  if (compiler !== undefined) return architectureOfMachine(compiler);
  const flavour = FLAVOUR.exec(message)?.[1];
  return flavour === undefined ? undefined : (OF_FLAVOUR[flavour] ?? flavour);
}

/**
 * The architecture that alone has such a line.
 *
 * @returns `isAll`: the line tells nothing else; `undefined` where it may be of several
 */
export function architectureByLine(
  message: string,
): { readonly arch: string; readonly isAll: boolean } | undefined {
  const sign = SIGNS.find(([line]) => line.test(message));
  if (sign !== undefined) return { arch: sign[1], isAll: true };
  const look = LOOKS.find(([line]) => line.test(message));
  return look && { arch: look[1], isAll: false };
}
