/** Files that options name for a command to write: what cannot be written is told before the command begins its work. */
import type { Command } from 'commander';
import { checkOutput } from '../terminal/output-file.ts';

/** The options whose file is written. */
export const OUTPUT_OPTIONS: ReadonlySet<string> = new Set([
  '--out',
  '--output',
  '--out-dependency',
  '--junit',
  '--bundle',
  '--record',
  '--html',
  '--svg',
]);

/** @throws UnreadableInput when a file that was named could not be written after the work */
export function refuseUnwritable(command: Command): void {
  for (const option of command.options) {
    if (!OUTPUT_OPTIONS.has(option.long ?? '') || !/ [<[]file[>\]]/.test(option.flags)) continue;
    const file: unknown = command.getOptionValue(option.attributeName());
    // "-" is standard output where it is anything.
    if (typeof file === 'string' && file !== '-') checkOutput(file);
  }
}
