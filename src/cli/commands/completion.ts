import { Argument, type Command } from 'commander';
import { formatSize } from '../../units.ts';
import { type Candidate, complete, type Dynamic } from '../complete.ts';
import { completionScript, SHELLS, type ShellName } from '../completion-scripts.ts';
import { escapeText } from '../escape.ts';
import { examples, type Registry } from '../registry.ts';
import { Shell, type Surroundings } from '../shell.ts';

/** A name that would not be the same word after it was typed is not offered. */
const typeable = ([word]: Candidate): boolean => word !== '' && word === escapeText(word);

/** Asks the session, if there is one: completion never complains. */
async function sessionWords(shell: Shell): Promise<Dynamic> {
  let heaps: readonly Candidate[] = [];
  let descriptors: readonly Candidate[] = [];
  try {
    const session = await shell.session('completion');
    session.view((kernel) => {
      heaps = kernel
        .heaps()
        .map((heap) => [heap.name, `${heap.backend}, ${formatSize(heap.free)} free`] as const);
      descriptors = kernel
        .buffers()
        .flatMap((buffer) =>
          buffer.fds.map(({ fd }) => [String(fd), `${formatSize(buffer.size)} of ${buffer.heap}`] as const),
        );
    });
  } catch {
    // No session, or none that can be used: nothing to offer.
  }
  return { heaps: () => heaps.filter(typeable), descriptors: () => descriptors };
}

/**
 * Answers the scripts: prints what may stand where the last word stands. It is no command of the program,
 * because its words are a command line that is not finished.
 */
export async function answerCompletion(
  program: Command,
  surroundings: Surroundings,
  words: readonly string[],
): Promise<void> {
  const at = words.indexOf('--session');
  const session = at >= 0 && at < words.length - 2 ? words[at + 1] : undefined;
  const shell = new Shell(surroundings, session === undefined ? {} : { session });
  const completion = complete(program, words, await sessionWords(shell));
  const line = ([word, about = '']: Candidate) => `${word}\t${escapeText(about)}\n`;
  shell.streams.out(completion === 'files' ? ':files\n' : completion.map(line).join(''));
}

/** `dmaheap completion bash|zsh|fish`: the script for a shell. */
export function completionCommand({ program, shell }: Registry): void {
  const command = program
    .command('completion')
    .summary('a completion script for your shell')
    .description('Prints a script that completes commands, options, heap names and descriptors.')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        'eval "$(dmaheap completion bash)"        # in ~/.bashrc',
        'source <(dmaheap completion zsh)         # in ~/.zshrc',
        'dmaheap completion fish | source         # in ~/.config/fish/config.fish',
      ),
    )
    .action(async (name: ShellName) => {
      const script = completionScript(name);
      await shell(command).answer(
        () => ({ schema: 'dmaheap.completion/1', shell: name, script }),
        () => script,
      );
    });
}
