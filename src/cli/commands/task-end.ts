/** `dmaheap task exec|exit`: what becomes of descriptors, mappings and buffers. */
import type { Command } from 'commander';
import { escapeText } from '../../escape-text.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { HeldBuffer } from '../../kernel/views/views.ts';
import { formatSize } from '../../units.ts';
import { checkTaskName } from '../caller.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { CallFailed, UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';
import type { Shell } from '../shell.ts';
import { numberRanges, shortList } from '../terminal/short-list.ts';

/** What a task lost. */
interface Ended {
  readonly closed: readonly number[];
  readonly mappings: number;
  readonly detached: readonly { readonly id: number; readonly device: string }[];
  /** Buffers that nobody refers to any more. */
  readonly freed: readonly HeldBuffer[];
}

/** What a task has, before it ends. */
interface Holdings {
  readonly fds: readonly number[];
  readonly mappings: number;
  readonly buffers: readonly HeldBuffer[];
}

function holdingsOf(kernel: Kernel, task: string): Holdings {
  const view = kernel.task(task);
  return {
    fds: view?.fds.map(({ fd }) => fd) ?? [],
    mappings: view?.mappings ?? 0,
    buffers: kernel.heldBuffers(task),
  };
}

/** What of it is gone. */
function lossOf(kernel: Kernel, task: string, before: Holdings): Ended {
  const { mappings = 0 } = kernel.task(task) ?? {};
  return {
    closed: before.fds.filter((fd) => !kernel.hasDescriptor(task, fd)),
    mappings: before.mappings - mappings,
    detached: before.buffers
      .flatMap(({ attachments }) => attachments)
      .filter(({ id }) => kernel.attachment(id) === undefined),
    freed: before.buffers.filter(({ file }) => !kernel.hasFile(file)),
  };
}

/** `camera exited: closed 0, 1, 2, 4; 1 mapping went; freed ino 1 (8 MiB of system)`. */
function summary(task: string, did: string, { closed, mappings, detached, freed }: Ended): string {
  const parts: string[] = [];
  if (closed.length > 0) parts.push(`closed ${shortList(numberRanges(closed))}`);
  if (mappings > 0) parts.push(`unmapped ${mappings} ${mappings === 1 ? 'mapping' : 'mappings'}`);
  if (detached.length > 0) parts.push(`detached ${shortList(detached.map(({ device }) => device))}`);
  if (freed.length > 0) {
    const list = freed.map(({ ino, size, heap }) => `ino ${ino} (${formatSize(size)} of ${heap})`);
    parts.push(`freed ${shortList(list)}`);
  }
  return `${task} ${did}: ${parts.join('; ') || 'nothing was closed'}\n`;
}

/** Refuses a task that there is none of: to start one that it may end would be no answer. */
function checkTask(shell: Shell, tasks: readonly string[], verb: string): void {
  const { task } = shell;
  if (tasks.includes(task)) return;
  const why = { kind: 'no-such-task', task, known: tasks } as const;
  throw new CallFailed([{ what: `task ${verb}: ${task}`, errno: 'ESRCH', why }]);
}

function ending(
  verb: 'exec' | 'exit',
  did: string,
  about: string,
  description: string,
): (parent: Command, registry: Registry) => void {
  return (parent, { program, shell }) => {
    const command = completes(parent.command(verb), 'task')
      .summary(about)
      .description(description)
      .argument('[name]', "the task; the command's own unless given")
      .addHelpText('after', examples(`dmaheap task ${verb}`, `dmaheap task ${verb} camera`))
      .action(async (name: string | undefined) => {
        if (name !== undefined) {
          checkTaskName(name);
          const other = shell(command).options.task ?? name;
          if (other !== name) throw new UsageError(`task ${verb} of ${name} or of --task ${other}?`);
          // The name is --task, said after the verb.
          program.setOptionValue('task', name);
        }
        const sh = shell(command);
        const session = await sh.session(`task ${verb}`);
        checkTask(
          sh,
          session.view((kernel) => kernel.taskNames()),
          verb,
        );
        const ended = await makeCalls(sh, session, ({ kernel, task, must }) => {
          const before = holdingsOf(kernel, task);
          must(`task ${verb}: ${task}`, { call: verb === 'exec' ? 'execve' : 'exit' });
          return lossOf(kernel, task, before);
        });
        sh.streams.err(escapeLine(summary(sh.task, did, ended)));
        await sh.answer(
          () => ({
            schema: `dmaheap.task-${verb}/1`,
            task: sh.task,
            closed: ended.closed,
            unmapped: ended.mappings,
            detached: ended.detached.map(({ id, device }) => ({ attachment: id, device })),
            freed: ended.freed.map(({ ino }) => ino),
          }),
          () => '',
        );
      });
  };
}

const escapeLine = (line: string): string => `${escapeText(line.trimEnd())}\n`;

/** `task exec [NAME]`. */
export const taskExec = ending(
  'exec',
  'runs another program',
  'the task runs another program',
  'execve(2): close-on-exec descriptors are closed, all mappings go, the rest stays. Says on standard error what went.',
);

/** `task exit [NAME]`. */
export const taskExit = ending(
  'exit',
  'exited',
  'the task ends',
  'exit(2): all descriptors are closed, all mappings go, and drivers give up what they had imported for the task. Says on standard error what went.',
);
