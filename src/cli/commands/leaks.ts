import type { BufferView } from '../../kernel/views/views.ts';
import { AnsweredNo } from '../failures.ts';
import { bufferJson } from '../json/json.ts';
import { examples, type Registry } from '../registry.ts';
import { renderLeaks } from '../render/leaks.ts';

/** Whether a task holds a buffer: by a descriptor, a mapping, or a device that imported it for the task. */
const heldBy = ({ fds, mappings, attachments }: BufferView, task: string): boolean =>
  [...fds, ...mappings, ...attachments].some((holder) => holder.task === task);

/** `dmaheap leaks`: who still holds what; exit 1 when there is something. */
export function leaksCommand({ program, shell }: Registry): void {
  const command = program
    .command('leaks')
    .summary('buffers that are still alive, who holds them, and the call that made each')
    .description(
      'Lists the buffers that are alive: the task and the number of the call that made each, and by which descriptor, mapping or importer it is held. With --task only those that the task holds. Exit 1 when there are any, so that CI can ask.',
    )
    .addHelpText(
      'after',
      examples('./test-capture.sh && dmaheap leaks', 'dmaheap leaks --task camera', 'dmaheap leaks --json'),
    )
    .action(async () => {
      const sh = shell(command);
      const { task } = sh.options;
      // A name that no task can have is a mistake, not an answer.
      if (task !== undefined) sh.task;
      const session = await sh.session('leaks');
      const { buffers, profile, isTask } = session.view((kernel) => ({
        isTask: task === undefined || kernel.hasTask(task),
        buffers: kernel.buffers().filter((buffer) => task === undefined || heldBy(buffer, task)),
        profile: kernel.info().banner,
      }));
      // A task that ended leaks nothing, and its name may be mistyped.
      if (!isTask) sh.streams.err(`note: there is no task ${task} now\n`);
      await sh.answer(
        () => ({
          schema: 'dmaheap.leaks/1',
          profile,
          task: task ?? null,
          buffers: buffers.map(bufferJson),
        }),
        (ink) => renderLeaks(buffers, ink, sh.page),
      );
      if (buffers.length > 0) throw new AnsweredNo();
    });
}
