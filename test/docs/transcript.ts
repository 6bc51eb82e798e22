/** The fenced blocks of a page, and what their commands print. */
import type { Place } from '../cli/built-command.ts';

export interface Block {
  /** The word behind the fence: `console`, `sh`, `yaml`. */
  readonly language: string;
  readonly text: string;
  /** The line of its fence, from 1. */
  readonly line: number;
}

const BLOCK = /^```(.*)\n([\s\S]*?)^```$/gm;
const [BEGIN, END] = ['\x01', '\x02'];

export const blocksOf = (page: string): readonly Block[] =>
  [...page.matchAll(BLOCK)].map(({ 1: language = '', 2: text = '', index }) => ({
    language,
    text,
    line: page.slice(0, index).split('\n').length,
  }));

/** The commands of a block: after `$ ` where their output follows, else every line. */
export function commandsIn({ language, text }: Block): readonly string[] {
  const lines = text.split('\n');
  if (language === 'console')
    return lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2));
  return language === 'sh' ? lines.filter((line) => /^[^#\s]/.test(line)) : [];
}

export interface Printed {
  readonly output: string;
  readonly code: number;
}

/**
 * Runs the commands of a page in one shell: standard output and error as they come. Lines of `sh` are examples that
 * do not follow each other: each that boots has a session of its own.
 */
function run(
  blocks: readonly Block[],
  place: Place,
  isRun: (command: string) => boolean,
): readonly Printed[] {
  const lines = blocks.flatMap((block) =>
    commandsIn(block).map((command) => {
      const own = block.language === 'sh' && command.startsWith('dmaheap boot');
      const line = isRun(command) ? command : ':';
      return own ? `( DMAHEAP_SESSION=$(mktemp -d)/s; export DMAHEAP_SESSION; ${line}\n)` : `{ ${line}\n}`;
    }),
  );
  const script = lines.map((line) => `printf '${BEGIN}'\n${line} 2>&1\nprintf '${END}%s' $?`).join('\n');
  return place
    .inShell(script)
    .stdout.split(BEGIN)
    .slice(1)
    .map((part) => {
      const [output = '', code] = part.split(END);
      return { output: output.replaceAll('$PLACE', '/home/me'), code: Number(code) };
    });
}

export interface PageRun {
  /** The page with every console block as its commands print it now. */
  readonly page: string;
  /** What became of each command, by its text. */
  readonly printed: readonly (Printed & { readonly command: string })[];
}

/** @param isRun whether a command can be run; the others keep what stands under them */
export function runPage(page: string, place: Place, isRun: (command: string) => boolean): PageRun {
  const blocks = blocksOf(page);
  const results = run(blocks, place, isRun);
  const printed = blocks.flatMap(commandsIn).map((command, i) => ({
    command,
    ...(results[i] ?? { output: 'the shell ended before it', code: -1 }),
  }));
  let next = 0;
  const now = page.replaceAll(BLOCK, (whole, language: string, text: string) => {
    const commands = commandsIn({ language, text, line: 0 });
    if (language !== 'console') {
      next += commands.length;
      return whole;
    }
    // A blank line between two commands is the page's own.
    const blank = /\n\n\$ /.test(text) ? '\n' : '';
    const parts = commands.map((command) => {
      const { output } = printed[next++] ?? { output: '' };
      const kept = isRun(command) ? output : writtenUnder(command, text);
      const gap = text.includes(`\n\n$ ${command}\n`) ? blank : '';
      return `${gap}$ ${command}\n${kept}`;
    });
    return `\`\`\`console\n${parts.join('')}\`\`\``;
  });
  return { page: now, printed };
}

function writtenUnder(command: string, text: string): string {
  const start = text.indexOf(`$ ${command}\n`) + command.length + 3;
  const end = text.indexOf('\n$ ', start - 1);
  return text.slice(start, end < 0 ? undefined : end + 1);
}
