/** The kernel log's lines that say which kernel and which machine it is, and /proc/version. */
import { architectureByLine, architectureOfVersion } from '../../profile/architecture-by-log.ts';
import { architectureOfMachine, MACHINE } from '../../profile/machine-name.ts';
import { atOf, type Reader } from './reader.ts';

const VERSION = /^Linux version (\d{1,3}\.\d{1,3}(?:\.\d{1,4})?)/;
const MODEL = /^(?:OF: fdt: ?)?Machine model: (.{1,200})$/;
/** x86 has it twice, the first time without its first word. */
const CMDLINE = /^(?:Kernel c|C)ommand line:(.{0,4096})$/;
/** `uname -a`, `uname -m` of a capture. */
const UNAME = new RegExp(
  String.raw`^Linux (?:\S{1,64} )?(\d{1,3}\.\d{1,3}(?:\.\d{1,4})?)\S{0,80} #.{0,200}? (${MACHINE})\b`,
);
const PANIC = /^Kernel panic - not syncing: /;

export const identityLines: Reader = {
  what: 'kernel log',
  read(line, facts) {
    const { message } = line;
    const at = atOf(line);
    const version = VERSION.exec(message);
    if (version !== null) {
      facts.releases.push({ release: version[1] ?? '', at });
      const arch = architectureOfVersion(message);
      if (arch !== undefined) facts.archs.push({ arch, at });
      return true;
    }
    const uname = UNAME.exec(message);
    if (uname !== null) {
      facts.releases.push({ release: uname[1] ?? '', at });
      facts.archs.push({ arch: architectureOfMachine(uname[2] ?? ''), at });
      return true;
    }
    const sign = architectureByLine(message);
    if (sign !== undefined) {
      facts.archs.push({ arch: sign.arch, weak: true, at });
      // The others tell of memory too, which other readers take of them.
      if (sign.isAll) return true;
    }
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
