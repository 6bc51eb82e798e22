/**
 * What `dmaheap help TOPIC` prints: what holds for all commands, each on one screen. The manual page of dmaheap and
 * docs/cli.md show the same texts.
 */

import type { TopicName } from './help-topic-names.ts';

export interface HelpTopic {
  /** One line for the list of topics. */
  readonly summary: string;
  /** At most 80 columns wide, without a newline at its end. */
  readonly text: string;
}

export const HELP_TOPICS: Readonly<Record<TopicName, HelpTopic>> = {
  'exit-codes': {
    summary: 'what each exit code means',
    text: `A script can rely on these exit codes:

  0    done; also when the reader of a pipe has gone (dmaheap list | head -1)
  1    the answer is no:
       - an emulated call or access failed; its errno is printed
       - the kernel would panic while booting
       - cmp, diff or replay found a difference
       - check found an error; hazards or leaks found something
       - fit found no room; boards met a board that does not boot
       - why ERRNO found no call that failed so
       - an expectation of a scenario did not hold (run)
  2    wrong usage: an unknown option, a missing argument
  3    an input is missing, unreadable or invalid (board, scenario, overlay);
       or a file that an option names cannot be written
  4    the session is missing, busy, damaged, of another format, not yours, or
       has live buffers; its disk is full; or standard output cannot be written
  70   a bug in dmaheap: please report it, with what was printed
  130  interrupted (Ctrl-C)

exec ends with the exit code of its program, 128+N when signal N ended it, and:

  125  exec itself failed
  126  the program is there and cannot be run
  127  the program is not found`,
  },
  json: {
    summary: 'the form of what --json prints',
    text: `With --json a command prints one JSON object on standard output, errors too.

  dmaheap list --json | jq -r '.heaps[].name'

schema   names the form: "dmaheap.heaps/1". The file schema/heaps-1.json of the
         package describes it as JSON Schema. The number changes when a meaning
         changes. Members may be added without that: ignore those you do not
         know.
profile  says which Linux answered.
error    is there when the command failed: code (a stable word), message, hint,
         and errno and number of a call that failed.

- An address is a string: "0x60000000".
- A size, length or offset is a number of bytes. A number above 2^53 - 1 is a
  string "0x...", because JSON readers cannot hold it exactly.
- What is not there is null or an empty list.
- Keys are spelled as in the kernel: base_pfn, linux,cma-default.

The exit code is the same with and without --json: dmaheap help exit-codes.`,
  },
  sizes: {
    summary: 'how sizes and addresses are written',
    text: `A SIZE is a number of bytes, decimal or hexadecimal, with a unit or without:

  4096, 0x1000       bytes
  300K, 8M, 2G, 1T   powers of 1024
  64MiB, 64MB        the same: 64 * 1024 * 1024

Not taken: signs, fractions (1.5M: write 1536K) and exponents (1e9).

Lengths are rounded up to whole pages, as in Linux: 4 KiB, or what the board's
kernel has. A coherent pool then rounds up to a power of two of pages.

  0x60000000         an ADDRESS: a physical one, unless a device is named
  @0x60000000:64K    a range of physical memory: @ADDRESS:SIZE
  4:0x100:16         16 bytes from offset 0x100 of descriptor 4

Output for people uses KiB, MiB and GiB, with the bytes where they matter:
8 MiB (8388608). With --json sizes are always bytes.`,
  },
};

/** What the help of `dmaheap kernels` says of naming one. */
export const NAMING_A_KERNEL = `
A kernel is named by --kernel, by "kernel:" in a YAML board or in the "boot:" of
a scenario, or else by the environment, DMAHEAP_KERNEL:
  6.12           the newest update of 6.12 that is known
  6.12.105       this update
  nearest:6.15   the nearest one that is known, with a warning

Unless named it is the newest, with the coherent heap series v3, which is in no
release. "unverified" means: read from the source, never compared with a
recording of a running kernel.`;
