/** Tasks as text: `dmaheap tasks`. */
import type { TaskView } from '../../kernel/views/views.ts';
import { escapeText } from '../terminal/escape.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { shortList } from '../terminal/short-list.ts';
import { renderTable } from '../terminal/table.ts';

const COLUMNS = [
  { title: 'TASK' },
  { title: 'PID', right: true },
  { title: 'UID', right: true },
  { title: 'GID', right: true },
  { title: 'GROUPS' },
  { title: 'NOFILE', right: true },
  { title: 'FDS', right: true },
  { title: 'MAPPINGS', right: true },
  { title: 'ATTACHMENTS', right: true },
];

/** What a descriptor is, in a word or two. */
function fdText({ fd, cloexec, kind, ino, path }: TaskView['fds'][number]): string {
  const what =
    kind === 'dma_buf'
      ? `dma-buf ino ${ino ?? '?'}`
      : kind === 'sync_file' || kind === 'stream'
        ? kind
        : escapeText(path ?? kind);
  return `${fd} ${what}${cloexec ? ' (close-on-exec)' : ''}`;
}

/** `0-2 stream`: a shell's first three are nothing to read one by one. */
function fdTexts(fds: TaskView['fds']): string[] {
  const [first, second, third, ...rest] = fds;
  const three = [first, second, third];
  const plain = three.every((one, fd) => one?.fd === fd && one.kind === 'stream' && !one.cloexec);
  return plain ? ['0-2 stream', ...rest.map(fdText)] : fds.map(fdText);
}

/** A table, and below it what the descriptors of each task are. */
export function renderTasks(tasks: readonly TaskView[], ink: Ink = NO_INK): string {
  if (tasks.length === 0) return 'There are no tasks.\n';
  const rows = tasks.map((task) => [
    escapeText(task.name),
    String(task.pid),
    String(task.uid),
    String(task.gid),
    task.groups.join(',') || '-',
    String(task.nofile),
    String(task.fds.length),
    String(task.mappings),
    String(task.attachments),
  ]);
  const lists = tasks
    .filter(({ fds }) => fds.length > 0)
    .map(({ name, fds }) => `${escapeText(name)}: ${shortList(fdTexts(fds))}\n`);
  return `${renderTable(COLUMNS, rows, ink.title)}${lists.length === 0 ? '' : `\n${lists.join('')}`}`;
}
