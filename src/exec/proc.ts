/** LINK and PROC: files of /proc/PID, of which the host has the most and the model what is about buffers and nodes. */
import { BACKENDS } from '../dma-buf/backends.ts';
import type { DmaBufFile } from '../dma-buf/dma-buf.ts';
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
/** The same of a mapping that no file is behind. */
const ANONYMOUS_LINE = /^[0-9a-f]+-[0-9a-f]+ /;
const VM_FLAGS = /^VmFlags: (.*)$/;
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
  else if (name === 'maps' || name === 'smaps') shown = mapsText(question, text);
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

/** maps or smaps, with buffers in the place of the files that have their bytes. */
function mapsText(question: Question, text: string): string {
  let buffer: DmaBufFile | undefined;
  const lines = text.split('\n').map((line) => {
    const [, head, path] = MAPS_LINE.exec(line) ?? [];
    if (head !== undefined && path !== undefined) {
      buffer = bufferAt(question, path);
      if (buffer === undefined) return line;
      return `${`${head} 00:00 ${buffer.ino} `.padEnd(PATH_COLUMN)}${linkTarget(buffer)}`;
    }
    if (ANONYMOUS_LINE.test(line)) buffer = undefined;
    const flags = buffer && VM_FLAGS.exec(line)?.[1];
    return buffer === undefined || flags === undefined
      ? line
      : `VmFlags: ${vmFlags(question, buffer, flags)}`;
  });
  return lines.join('\n');
}

function bufferAt({ kernel, around }: Question, path: string): DmaBufFile | undefined {
  const file = around.buffers.fileAt(kernel, path);
  const open = file === undefined ? undefined : kernel.openFile(file);
  return open?.kind === 'dma_buf' ? open : undefined;
}

/** What the host's flags of a file's mapping become: frames may not grow, be dumped or copied at will; programs may not lie there. */
function vmFlags({ kernel }: Question, { backing }: DmaBufFile, flags: string): string {
  const { linux } = kernel.profile;
  const kept = flags.split(' ').filter((flag) => flag !== '' && !(linux.dmaBufNoExec && flag === 'me'));
  const frames = BACKENDS[backing.backend].mapsFrames(linux, backing.declared);
  // With a space behind each, as show_smap_vma_flags() prints them.
  return [...kept, ...(frames ? ['pf', 'io', 'de', 'dd'] : [])].map((flag) => `${flag} `).join('');
}
