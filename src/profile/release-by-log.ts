/** Which releases print what: for a log whose first line, that names the kernel, is missing; and forms of files. */
import { KERNELS } from './kernels.ts';

/** Releases by their rows in KERNELS, both included. */
interface Form {
  readonly line: RegExp;
  readonly since?: string;
  readonly until?: string;
}

const FORMS: readonly Form[] = [
  { line: /^OF: reserved mem: 0x[0-9a-f]+\.\.0x/, since: '6.6' },
  { line: /^Reserved memory: created DMA memory pool at 0x[0-9a-f]+, size \d+ KiB/, since: '7.3' },
  { line: /^Reserved memory: created DMA memory pool at 0x[0-9a-f]+, size \d+ MiB/, until: '7.2' },
  { line: /^cma: Reserved \d+ MiB at 0x[0-9a-f]+ on node/, since: '6.6', until: '6.12' },
  { line: /^cma: cma_alloc: alloc failed/, until: '5.10' },
  { line: /^cma: cma_alloc: \S+: alloc failed/, since: '5.15', until: '6.6' },
  { line: /^cma: __cma_alloc: .*ret: -12/, since: '6.12', until: '6.12' },
  { line: /^cma: __cma_alloc: .*ret: -16/, since: '6.18', until: '6.18' },
  { line: /^cma: __cma_alloc_frozen: /, since: '7.2' },
  { line: /^cma: number of available pages: \d+@/, since: '5.10', until: '6.12' },
  { line: /^cma: range 0:/, since: '6.18' },
  { line: /^OF: fdt: Reserved memory: failed/, until: '6.6' },
  { line: /^OF: reserved mem: Reserved memory: /, since: '6.12' },
  { line: /^(?:cma: )?Skipping dt linux,cma-default node/, since: '7.2' },
  { line: /^Reserved memory: bypass /, until: '6.12' },
  // Of files.
  { line: /^bufinfo mode 0208$/, since: '6.18' },
  { line: /^bufinfo mode 0008$/, until: '6.12' },
  { line: /^bufinfo exporter heap_helpers$/, until: '5.10' },
  { line: /^bufinfo exporter system$/, since: '5.15' },
  { line: /^bufinfo with name$/, since: '6.1' },
  { line: /^bufinfo without name$/, until: '5.15' },
  { line: /^debugfs cma-$/, until: '5.15' },
  { line: /^debugfs plain$/, since: '6.1' },
  { line: /^debugfs ranges$/, since: '6.18' },
  { line: /^meminfo GPUActive$/, since: '7.2' },
  { line: /^meminfo without GPUActive$/, until: '6.18' },
  { line: /^meminfo Balloon$/, since: '6.18' },
  { line: /^meminfo without Balloon$/, until: '6.12' },
  { line: /^meminfo SecPageTables$/, since: '6.1' },
  { line: /^meminfo without SecPageTables$/, until: '5.15' },
  { line: /^heap default_cma_region$/, since: '6.18' },
];

const place = (release: string): number => KERNELS.findIndex((row) => row.release === release);

/** The releases that can have printed all of these lines, the oldest first; all where no line tells. */
export function releasesThatPrint(messages: Iterable<string>): readonly string[] {
  let from = 0;
  let to = KERNELS.length - 1;
  for (const message of messages) {
    for (const { line, since, until } of FORMS) {
      if (!line.test(message)) continue;
      if (since !== undefined) from = Math.max(from, place(since));
      if (until !== undefined) to = Math.min(to, place(until));
    }
  }
  // Lines of two kernels leave none.
  return KERNELS.slice(from, to + 1).map(({ release }) => release);
}
