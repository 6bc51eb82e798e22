/** What a person types to get in a terminal what the page shows. */

import { sizeWord, spanWord } from '../scenario/export/words.ts';
import { shellWord } from '../shell-word.ts';
import type { GivenBoard } from './given-board.ts';
import type { PageInputs, PageStep } from './page-inputs.ts';

/** An option's value beside it, also where it begins with a hyphen. */
const option = (name: string, value: string): string => `--${name}=${shellWord(value)}`;

function stepCommand(step: PageStep): string {
  if (step.do === 'free') return `dmaheap free ${step.fd}`;
  const { heap, size, name } = step;
  // Behind a name that could be taken for an option nothing can be one.
  const words = [heap, String(sizeWord(size))].map(shellWord).join(' ');
  const named = name === undefined ? '' : `${option('name', name)} `;
  return heap.startsWith('-') ? `dmaheap alloc ${named}-- ${words}` : `dmaheap alloc ${named}${words}`;
}

/** The commands, one a line: the boot, what is looked at, and each step. */
export function equalCommands(
  { file, kernel, cmdline, memory = [] }: PageInputs,
  given: GivenBoard,
  steps: readonly PageStep[],
): readonly string[] {
  const board = shellWord(file.startsWith('-') ? `./${file}` : file);
  const options = [
    ...(kernel === undefined ? [] : [option('kernel', kernel)]),
    ...(cmdline === undefined ? [] : [option('cmdline', cmdline)]),
    ...memory.map((range) => option('memory', spanWord(range))),
    ...(given.warnings.some(({ assumes }) => assumes !== undefined) ? ['--repair'] : []),
  ];
  const beside = options.map((word) => ` ${word}`).join('');
  const isLog = given.reconstructed !== undefined;
  return [
    `dmaheap ${isLog ? 'reconstruct' : 'boot'} ${board}${beside}`,
    'dmaheap list',
    'dmaheap regions',
    ...(isLog ? [] : [`dmaheap check ${board}${beside}`]),
    ...steps.map(stepCommand),
  ];
}
