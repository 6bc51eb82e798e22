/** Tasks as text: `dmaheap tasks`. */

import { escapeText } from '../../escape-text.ts';
import type { TaskView } from '../../kernel/views/views.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { type ListColumn, type ListWishes, PAGE, type Page, renderList } from '../terminal/list-table.ts';
import { shortList } from '../terminal/short-list.ts';

export const TASK_COLUMNS: readonly ListColumn<TaskView>[] = [
  { title: 'TASK', name: true, text: ({ name }) => escapeText(name) },
  { title: 'PID', right: true, text: ({ pid }) => String(pid) },
  { title: 'UID', right: true, text: ({ uid }) => String(uid) },
  { title: 'GID', right: true, text: ({ gid }) => String(gid) },
  { title: 'GROUPS', name: true, text: ({ groups }) => groups.join(',') || '-' },
  { title: 'NOFILE', right: true, text: ({ nofile }) => String(nofile) },
  { title: 'FDS', right: true, text: ({ fds }) => String(fds.length) },
  { title: 'MAPPINGS', right: true, text: ({ mappings }) => String(mappings) },
  { title: 'ATTACHMENTS', right: true, text: ({ attachments }) => String(attachments) },
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

/** Lines of at most `width`, broken between words; those after the first are indented. */
function folded(text: string, width: number): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** A table, and below it what the descriptors of each task are. */
export function renderTasks(
  tasks: readonly TaskView[],
  ink: Ink = NO_INK,
  page: Page = PAGE,
  wishes: ListWishes = {},
): string {
  if (wishes.headings === false) return renderList(TASK_COLUMNS, tasks, wishes, page);
  if (tasks.length === 0) return 'There are no tasks.\n';
  const lists = tasks
    .filter(({ fds }) => fds.length > 0)
    .map(({ name, fds }) => folded(`${escapeText(name)}: ${shortList(fdTexts(fds))}`, page.width));
  const table = renderList(TASK_COLUMNS, tasks, wishes, page, ink.title);
  return `${table}${lists.length === 0 ? '' : `\n${lists.join('')}`}`;
}
