/**
 * What is in a bundle: what one attaches to a bug report, and all that `replay` needs.
 *
 *     info.json          which dmaheap, which Linux
 *     scenario.yaml      the history as a scenario
 *     board.dtb          the board, where it does not stand in the scenario
 *     journal.jsonl      every call and access, one a line
 *     log.txt            the kernel log as dmesg prints it
 *     hazards.jsonl      stale reads, lost writes, stray DMA, one a line
 *     memory/index.json  where the touched pages of live buffers lie
 *     memory/0xADDRESS.raw
 */

const NAMES: ReadonlySet<string> = new Set([
  'info.json',
  'scenario.yaml',
  'board.dtb',
  'journal.jsonl',
  'log.txt',
  'hazards.jsonl',
  'memory/index.json',
]);

/** Whether a bundle may have a file of that name. */
export const isBundleName = (name: string): boolean =>
  NAMES.has(name) || /^memory\/0x[0-9a-f]{1,16}\.raw$/.test(name);

export const BUNDLE_SCENARIO = 'scenario.yaml';
export const BUNDLE_BOARD = 'board.dtb';

/** Limits of what is written and read. */
export const MAX_BUNDLE_FILES = 10_000;
export const MAX_BUNDLE_FILE = 128 << 20;
export const MAX_BUNDLE_BYTES = 512 << 20;
