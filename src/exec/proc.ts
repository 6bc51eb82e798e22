/** LINK and PROC: files of /proc/PID, of which the host has the most and the model what is about buffers and nodes. */
import type { Kernel } from '../kernel/kernel.ts';
import { linkTarget } from '../kernel/virtual-files/fdinfo.ts';
import { errnoNumber } from '../uapi/errno.ts';
import type { Handler, Question } from './question.ts';

/** What the link /proc/PID/fd/N of a host path shows. */
export const link: Handler = (question) => {
  const { fields } = question;
  const path = fields.str();
  fields.end();
  const shown = shownPath(question, path);
  question.reply(shown === undefined ? -errnoNumber('ENOENT') : 0).str(shown ?? '');
};

function shownPath({ kernel, around }: Question, path: string): string | undefined {
  const file = around.buffers.fileAt(kernel, path);
  const open = file === undefined ? undefined : kernel.openFile(file);
  return open === undefined ? around.mirror.emulatedPath(path) : linkTarget(open);
}

/** A line of /proc/PID/maps: addresses, access and offset; device and inode; the path. */
const MAPS_LINE = /^([0-9a-f]+-[0-9a-f]+ \S+ [0-9a-f]+) \S+ \d+\s+(\/.*)$/;
/** Where the path begins: show_vma_header_prefix(). */
const PATH_COLUMN = 73;

export const proc: Handler = (question) => {
  const { fields, kernel, around } = question;
  const pid = fields.u32();
  const name = fields.str();
  const text = fields.str();
  fields.end();
  const task = around.taskOf(pid);
  const fd = /^fdinfo\/(\d+)$/.exec(name)?.[1];
  let shown = text;
  if (fd !== undefined) shown = (task && fdinfo(kernel, question, task, Number(fd))) ?? text;
  else if (name === 'maps' || name === 'smaps') {
    shown = text
      .split('\n')
      .map((line) => mapsLine(question, line))
      .join('\n');
  }
  question.reply(0).str(shown);
};

function fdinfo(kernel: Kernel, { process }: Question, task: string, fd: number): string | undefined {
  const kind = kernel.descriptor(task, fd)?.open.kind;
  // The host knows the position of a file that it has.
  if (kind === undefined || kind === 'stream' || kind === 'virtual') return undefined;
  const found = kernel.lookup(`/proc/${task}/fdinfo/${fd}`, task);
  const text = 'node' in found && found.node.kind === 'file' ? found.node.read?.() : undefined;
  if (typeof text !== 'string') return undefined;
  return text.replace(/^flags:\t0([0-7]+)$/m, (_, flags: string) => {
    const host = process.border.flagsToHost(Number.parseInt(flags, 8));
    return `flags:\t0${host.toString(8)}`;
  });
}

function mapsLine(question: Question, line: string): string {
  const [, head, path] = MAPS_LINE.exec(line) ?? [];
  if (head === undefined || path === undefined) return line;
  const { kernel, around } = question;
  const file = around.buffers.fileAt(kernel, path);
  const open = file === undefined ? undefined : kernel.openFile(file);
  if (open?.kind !== 'dma_buf') return line;
  return `${`${head} 00:00 ${open.ino} `.padEnd(PATH_COLUMN)}${linkTarget(open)}`;
}
