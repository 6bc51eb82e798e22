import { examples, type Registry } from '../registry.ts';
import { taskAdd, taskFork, taskSend } from './task-begin.ts';
import { taskExec, taskExit } from './task-end.ts';

/** `dmaheap task …`: tasks that begin, hand on descriptors, become another program and end. */
export function taskCommand(registry: Registry): void {
  const parent = registry.program
    .command('task')
    .summary('begin, fork, exec, end a task; send a descriptor')
    .description(
      'Every command acts as a task: shell, or --task NAME. These make tasks beside it and below it, and show what becomes of buffers when one hands on a descriptor, runs another program or ends.',
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap task add camera --uid 1000 --group video',
        'fd=$(dmaheap --task camera alloc system 1M)',
        'dmaheap --task camera task send $fd shell',
        'dmaheap task exit camera',
      ),
    );
  for (const register of [taskAdd, taskFork, taskSend, taskExec, taskExit]) register(parent, registry);
}
