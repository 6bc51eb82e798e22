/** `dmaheap task add|fork|send`: tasks that begin, and what they hand on. */
import type { Command } from 'commander';
import { DEFAULT_NOFILE } from '../../kernel/task.ts';
import { addTask, taskFacts } from '../../program/caller.ts';
import { checkTaskName } from '../caller.ts';
import { makeCalls, refusedCall } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { CallFailed } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';
import { readCount, readDescriptor } from '../words/arguments.ts';
import { collectGroups, readGroup, readId } from '../words/groups.ts';

interface AddOptions {
  readonly uid?: number;
  readonly gid?: number;
  readonly group?: readonly number[];
  readonly nofile?: number;
}

/** `task add NAME`. */
export function taskAdd(parent: Command, { shell }: Registry): void {
  const command = parent
    .command('add')
    .summary('a task beside the others: prints its pid')
    .description(
      "Starts a task as a login or a service manager does: nobody's child, with descriptors 0 to 2 open, root unless --uid says otherwise. Prints its pid.",
    )
    .argument('<name>', 'its name')
    .option('--uid <n>', 'its user; 0 (root) may everything', readId)
    .option('--gid <name|n>', 'its group; the number of the user unless given', readGroup)
    .option('--group <name|n>', 'a supplementary group (repeatable)', collectGroups)
    .option('--nofile <n>', `its RLIMIT_NOFILE; ${DEFAULT_NOFILE} unless given`, readCount)
    .addHelpText(
      'after',
      `\nGroups have the numbers that Debian and Yocto give them (video 44,\naudio 29, users 100); of others give the number.\n${examples(
        'dmaheap task add camera --uid 1000 --group video',
        'dmaheap task add gpu --uid 1001 --group 993 --nofile 64',
      )}`,
    )
    .action(async (name: string, { group: groups, ...options }: AddOptions) => {
      const sh = shell(command);
      checkTaskName(name);
      const session = await sh.session('task add');
      const facts = taskFacts({ name, ...options, ...(groups && { groups }) });
      const added = session.transact((kernel) => addTask({ kernel, task: name }, facts));
      if (added.ret < 0) throw new CallFailed([refusedCall(`task add: ${name}`, added)]);
      const { uid, gid, nofile } = facts;
      await sh.answer(
        () => ({
          schema: 'dmaheap.task/1',
          task: name,
          pid: added.ret,
          uid,
          gid,
          groups: facts.groups,
          nofile,
        }),
        () => `${added.ret}\n`,
      );
    });
}

/** `task fork CHILD`. */
export function taskFork(parent: Command, { shell }: Registry): void {
  const command = parent
    .command('fork')
    .summary('a child of the task: prints its pid')
    .description(
      'fork(2): a child with copies of all descriptors, close-on-exec ones too, and of all mappings. Prints its pid.',
    )
    .argument('<child>', "the child's name")
    .addHelpText('after', examples('dmaheap task fork worker', 'dmaheap --task camera task fork encoder'))
    .action(async (child: string) => {
      const sh = shell(command);
      checkTaskName(child);
      const session = await sh.session('task fork');
      const pid = await makeCalls(sh, session, ({ must }) =>
        must(`task fork: ${child}`, { call: 'fork', child }),
      );
      await sh.answer(
        () => ({ schema: 'dmaheap.task-fork/1', task: child, pid, parent: sh.task }),
        () => `${pid}\n`,
      );
    });
}

/** `task send FD TO`. */
export function taskSend(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('send'), 'fd', 'task')
    .summary('a descriptor to another task: prints its number there')
    .description(
      "Sends a descriptor over a socket (SCM_RIGHTS). The receiver gets a descriptor of the same file, the lowest that it has free; the sender keeps its own. Prints the receiver's number.",
    )
    .argument('<fd>', "a descriptor of the command's task")
    .argument('<to>', 'the task that receives it')
    .option('--cloexec', 'the receiver asks for close-on-exec (MSG_CMSG_CLOEXEC)')
    .addHelpText(
      'after',
      examples('dmaheap task send 4 camera', 'dmaheap --task camera task send 3 shell --cloexec'),
    )
    .action(async (word: string, to: string, { cloexec = false }: { readonly cloexec?: boolean }) => {
      const sh = shell(command);
      const fd = readDescriptor(word);
      checkTaskName(to);
      const session = await sh.session('task send');
      const received = await makeCalls(sh, session, ({ must }) =>
        must(`task send: ${fd} to ${to}`, { call: 'sendmsg', fd, to, cloexec }),
      );
      await sh.answer(
        () => ({ schema: 'dmaheap.task-send/1', from: sh.task, to, ret: received, fd: received, cloexec }),
        () => `${received}\n`,
      );
    });
}
