import { join } from 'node:path';
import { packageRoot } from '../read/package-root.ts';
import { readInput } from '../read/read-input.ts';
import { examples, type Registry } from '../registry.ts';
import type { Shell } from '../shell.ts';
import { writeOutput } from '../terminal/output-file.ts';

interface PlaygroundOptions {
  readonly output?: string;
}

async function run(sh: Shell, { output }: PlaygroundOptions): Promise<void> {
  const page = readInput(join(packageRoot(), 'dist/playground.html'));
  if (output !== undefined) await writeOutput(sh, output, page);
  const html = new TextDecoder().decode(page);
  await sh.answer(
    () => ({
      schema: 'dmaheap.playground/1',
      output: output ?? null,
      bytes: page.length,
      page: output === undefined ? html : null,
    }),
    () => (output === undefined ? html : ''),
  );
}

/** `dmaheap playground`: the emulator as one HTML file. */
export function playgroundCommand({ program, shell }: Registry): void {
  const command = program
    .command('playground')
    .summary('dmaheap as a page: paste a board, see its heaps, allocate by clicking')
    .description(
      'Prints one HTML file that works without a network and without a server: open it in a browser, paste or drop a device tree, a YAML board, a kernel log or a capture, choose a kernel and a command line. It shows the heaps, the regions, why a region has no heap, and the checks; you allocate and free by clicking. It gives the same as commands, as a scenario, and as a link that holds the board. Nothing leaves the page.',
    )
    .option('--output <file>', 'write it to this file')
    .addHelpText(
      'after',
      examples(
        'dmaheap playground --output playground.html',
        'dmaheap playground > playground.html && xdg-open playground.html',
      ),
    )
    .action((options: PlaygroundOptions) => run(shell(command), options));
}
