/** The tasks as their users see them. */
import type { KernelState } from '../state.ts';
import { DescriptorTable, findTask, taskNames } from '../task.ts';
import type { TaskView } from './views.ts';

/** All tasks by pid. */
export function taskViews(state: KernelState): TaskView[] {
  const attachments = new Map<string, number>();
  for (const { task } of state.attachments.all()) attachments.set(task, (attachments.get(task) ?? 0) + 1);
  const views = [...taskNames(state.records)].flatMap(
    (name) => taskView(state, name, attachments.get(name) ?? 0) ?? [],
  );
  return views.sort((a, b) => a.pid - b.pid);
}

/** One task, or `undefined` when there is none of that name. */
export function taskViewOf(state: KernelState, name: string): TaskView | undefined {
  const attachments = [...state.attachments.all()].filter(({ task }) => task === name);
  return taskView(state, name, attachments.length);
}

function taskView(state: KernelState, name: string, attachments: number): TaskView | undefined {
  const task = findTask(state.records, name);
  if (task === undefined) return undefined;
  const { pid, credentials, nofile } = task;
  return {
    name,
    pid,
    ...credentials,
    nofile,
    fds: [...new DescriptorTable(state.records, name).entries()].map(([fd, { file, cloexec }]) => {
      const open = state.files.get(file);
      const ino = open?.kind === 'dma_buf' ? open.ino : undefined;
      const path = open?.kind === 'dma_heap' ? `/dev/dma_heap/${open.heap}` : undefined;
      return {
        fd,
        cloexec,
        kind: open?.kind ?? 'stream',
        ...(ino !== undefined && { ino }),
        ...(path !== undefined && { path }),
        ...((open?.kind === 'virtual' || open?.kind === 'path') && { path: open.path }),
        ...(open?.kind === 'drm' && { path: open.node }),
      };
    }),
    mappings: state.mappings.ofTask(name).length,
    attachments,
  };
}
