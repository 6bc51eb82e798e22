import { taskJson } from '../json/machine-json.ts';
import { examples, type Registry } from '../registry.ts';
import { renderTasks, TASK_COLUMNS } from '../render/tasks.ts';
import { addListOptions, type ListOptions, listWishes } from '../words/list-options.ts';

/** `dmaheap tasks`: who there is. */
export function tasksCommand({ program, shell }: Registry): void {
  const command = program
    .command('tasks')
    .summary('the tasks, and what they have open')
    .description(
      'Lists the tasks by pid: who each is, its descriptors and what they are, and how many mappings and attachments it has.',
    )
    .addHelpText('after', examples('dmaheap tasks', `dmaheap tasks --json | jq '.tasks[] | {name, pid}'`))
    .action(async (options: ListOptions) => {
      const sh = shell(command);
      const wishes = listWishes(options, sh.options.json);
      const session = await sh.session('tasks');
      const { tasks, profile } = session.view((kernel) => ({
        tasks: kernel.tasks(),
        profile: kernel.info().banner,
      }));
      await sh.answer(
        () => ({ schema: 'dmaheap.tasks/1', profile, tasks: tasks.map(taskJson) }),
        (ink) => renderTasks(tasks, ink, sh.page, wishes),
      );
    });
  addListOptions(command, TASK_COLUMNS);
}
