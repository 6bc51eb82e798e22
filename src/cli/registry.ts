/** How commands get into the program. */
import type { Command } from 'commander';
import type { Shell } from './shell.ts';

export interface Registry {
  readonly program: Command;
  /** The shell for an action of this command, with the global options as given. */
  readonly shell: (command: Command) => Shell;
}

/** The examples at the end of a command's help. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
