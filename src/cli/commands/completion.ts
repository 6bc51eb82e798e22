import { Argument, type Command } from 'commander';
import { escapeText } from '../../escape-text.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { isTaskName } from '../../kernel/task.ts';
import type { Session } from '../../session/session.ts';
import { formatSize } from '../../units.ts';
import { type Candidate, complete, type Dynamic } from '../completion/complete.ts';
import { completionScript, SHELLS, type ShellName } from '../completion/completion-scripts.ts';
import { pathsBeginning } from '../completion/virtual-paths.ts';
import { examples, type Registry } from '../registry.ts';
import { Shell, type Surroundings } from '../shell.ts';

/** A name that would not be the same word after it was typed is not offered. */
const typeable = ([word]: Candidate): boolean => word !== '' && word === escapeText(word);

/** Asks the session, if there is one and when it is needed: completion never complains. */
async function sessionWords(shell: Shell): Promise<Dynamic> {
  let session: Session | undefined;
  try {
    session = await shell.session('completion');
  } catch {
    // No session, or none that can be used: nothing to offer.
  }
  const ask = (look: (kernel: Kernel) => readonly Candidate[]): readonly Candidate[] => {
    try {
      return (session?.view(look) ?? []).filter(typeable);
    } catch {
      return [];
    }
  };
  return {
    heaps: () =>
      ask((kernel) =>
        kernel.heaps().map(({ name, backend, free }) => [name, `${backend}, ${formatSize(free)} free`]),
      ),
    descriptors: () =>
      ask((kernel) =>
        kernel
          .heldBuffers(shell.task)
          .flatMap(({ fds, size, heap }) =>
            fds.map((fd): Candidate => [String(fd), `${formatSize(size)} of ${heap}`]),
          ),
      ),
    devices: () => ask((kernel) => kernel.devices().map(({ name, path }) => [name, path ?? ''])),
    tasks: () =>
      ask((kernel) => kernel.tasks().map(({ name, pid, uid }) => [name, `pid ${pid}, user ${uid}`])),
    paths: (begun) =>
      ask((kernel) => pathsBeginning(kernel, begun, shell.task).map((path): Candidate => [path])),
  };
}

/** The value of a global option on a line that is not finished. */
function optionValue(words: readonly string[], option: string): string | undefined {
  const at = words.indexOf(option);
  return at >= 0 && at < words.length - 2 ? words[at + 1] : undefined;
}

/**
 * Answers the scripts: prints what may stand where the last word stands. It is no command of the program,
 * because its words are a command line that is not finished.
 */
export async function answerCompletion(
  surroundings: Surroundings,
  words: readonly string[],
  programFor: (words: readonly string[]) => Promise<Command>,
): Promise<void> {
  const [session, task] = [optionValue(words, '--session'), optionValue(words, '--task')];
  const shell = new Shell(surroundings, {
    ...(session !== undefined && { session }),
    ...(task !== undefined && isTaskName(task) && { task }),
  });
  // The last word is not finished: it names nothing yet.
  const program = await programFor(words.slice(0, -1));
  const completion = complete(program, words, await sessionWords(shell));
  const line = ([word, about = '']: Candidate) => `${word}\t${escapeText(about)}\n`;
  shell.streams.out(completion === 'files' ? ':files\n' : completion.map(line).join(''));
}

/** `dmaheap completion bash|zsh|fish`: the script for a shell. */
export function completionCommand({ program, shell }: Registry): void {
  const command = program
    .command('completion')
    .summary('a completion script for your shell')
    .description(
      'Prints a script that completes commands, options, and what the session has: heaps, descriptors, devices, tasks, paths of /proc and /sys.',
    )
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
