/** What a person types to get in a terminal what the page shows. */
import { sizeWord, spanWord } from '../scenario/export/words.ts';
import type { GivenBoard } from './given-board.ts';
import type { PageInputs, PageStep } from './page-inputs.ts';

/** A word that a POSIX shell reads as it is. */
const PLAIN = /^[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+=:,./-]*$/;

/** A word as bash, zsh and fish read it, or as far as they can; what would repaint a terminal is written as escapes. */
export function shellWord(word: string): string {
  if (PLAIN.test(word)) return word;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  if (/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.test(word)) {
    return `$'${[...word].map(escaped).join('')}'`;
  }
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Inside of bash's `$'…'`. */
function escaped(character: string): string {
  if (character === "'" || character === '\\') return `\\${character}`;
  if (/[ -~]/.test(character)) return character;
  const bytes = new TextEncoder().encode(character);
  return [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

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
