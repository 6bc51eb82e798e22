/** The kernel log's lines that say which kernel and which machine it is, and /proc/version. */
import { architectureOfMachine } from '../../profile/machine-name.ts';
import { atOf, type Reader } from './reader.ts';

const VERSION = /^Linux version (\d{1,3}\.\d{1,3}(?:\.\d{1,4})?)/;
const MODEL = /^(?:OF: fdt: ?)?Machine model: (.{1,200})$/;
/** x86 has it twice, the first time without its first word. */
const CMDLINE = /^(?:Kernel c|C)ommand line:(.{0,4096})$/;
/** `uname -a`, `uname -m` of a capture. */
const UNAME =
  /^Linux (?:\S{1,64} )?(\d{1,3}\.\d{1,3}(?:\.\d{1,4})?)\S{0,80} #.{0,200}? (aarch64|armv[67]\w{0,4}|riscv64|x86_64)\b/;
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
const PANIC = /^Kernel panic - not syncing: /;
/** How a processor of that architecture names itself, or its compiler does. */
const ARCH = /\b(aarch64|riscv64|x86_64|armv[67]\w{0,4}|arm)-[\w.]{0,32}(?:linux|none)/;

export const identityLines: Reader = {
  what: 'kernel log',
  read(line, facts) {
    const { message } = line;
    const at = atOf(line);
    const version = VERSION.exec(message);
    if (version !== null) {
      facts.releases.push({ release: version[1] ?? '', at });
      const compiler = ARCH.exec(message)?.[1];
      const flavour = FLAVOUR.exec(message)?.[1];
      if (compiler !== undefined) facts.archs.push({ arch: architectureOfMachine(compiler), at });
      else if (flavour !== undefined) facts.archs.push({ arch: OF_FLAVOUR[flavour] ?? flavour, at });
      return true;
    }
    const uname = UNAME.exec(message);
    if (uname !== null) {
      facts.releases.push({ release: uname[1] ?? '', at });
      facts.archs.push({ arch: architectureOfMachine(uname[2] ?? ''), at });
      return true;
    }
    const sign = SIGNS.find(([text]) => text.test(message));
    if (sign !== undefined) {
      facts.archs.push({ arch: sign[1], weak: true, at });
      return true;
    }
    // These tell of memory too, which other readers take of them.
    const look = LOOKS.find(([text]) => text.test(message));
    if (look !== undefined) facts.archs.push({ arch: look[1], weak: true, at });
    if (PANIC.test(message)) {
      facts.panics.push(at);
      return true;
    }
    const model = MODEL.exec(message);
    if (model !== null) {
      facts.models.push({ model: (model[1] ?? '').trim(), at });
      return true;
    }
    const cmdline = CMDLINE.exec(message);
    if (cmdline !== null) {
      const early = message.startsWith('C');
      facts.cmdlines.push({ cmdline: (cmdline[1] ?? '').trim(), ...(early && { early }), at });
      return true;
    }
    if (!/\/proc\/cmdline$|^\/cmdline$/.test(line.path ?? '') || message === '') return false;
    facts.cmdlines.push({ cmdline: message.slice(0, 4096), at });
    return true;
  },
};
