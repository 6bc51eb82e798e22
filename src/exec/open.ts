/** OPEN: a path becomes a descriptor. */
import type { OpenFile, PathFile, VirtualOpenFile } from '../dma-buf/dma-buf.ts';
import { linkTarget } from '../kernel/virtual-files/fdinfo.ts';
import { O_CREAT, O_EXCL, O_TRUNC } from '../uapi/fcntl.ts';
import { FLAG, KIND } from './protocol.ts';
import type { Handler, Question } from './question.ts';

/** Flags that have done their work before the mirror's file is opened. */
const DONE = O_CREAT | O_EXCL | O_TRUNC;

/** What the program's descriptor is to be on the host. */
interface HostObject {
  readonly kind: number;
  /** A path of the host; empty: a file of `content`. */
  readonly path: string;
  readonly content: Uint8Array;
}

const NOTHING = new Uint8Array();

export const open: Handler = (question) => {
  const { fields, process, kernel, task } = question;
  const path = fields.str();
  const flags = fields.u32();
  fields.u32(); // the mode of a file that O_CREAT makes: none is made
  const at = fields.i32();
  fields.end();
  const board = process.border.flagsToBoard(flags | 0);
  const { ret } = question.call({ call: 'open', path, flags: board, at });
  const opened = ret < 0 ? undefined : kernel.descriptor(task, ret)?.open;
  const host = opened && hostObject(question, opened);
  if (host === undefined) {
    question.reply(ret).u32(0).u32(0).str('').str('').u32(0);
    return;
  }
  const reply = question.reply(ret).u32(FLAG.TAKEN).u32(host.kind);
  reply
    .str(host.path)
    .str(host.content)
    .u32(flags & ~DONE);
};

function hostObject({ around, kernel, task }: Question, file: Readonly<OpenFile>): HostObject | undefined {
  switch (file.kind) {
    case 'dma_heap': {
      const path = around.mirror.nodeAt(linkTarget(file));
      return { kind: KIND.HEAP, path, content: NOTHING };
    }
    case 'drm':
      return { kind: KIND.DRM, path: around.mirror.nodeAt(linkTarget(file)), content: NOTHING };
    case 'path':
    case 'virtual':
      return virtualObject({ around, kernel, task }, file);
    default:
      return undefined;
  }
}

function virtualObject(
  { around, kernel, task }: Pick<Question, 'around' | 'kernel' | 'task'>,
  { kind, path }: Readonly<PathFile | VirtualOpenFile>,
): HostObject {
  const found = kernel.lookup(path, task);
  const node = 'node' in found ? found.node : undefined;
  if (node?.kind === 'directory') {
    return { kind: KIND.DIRECTORY, path: around.mirror.directoryAt(path, node), content: NOTHING };
  }
  if (kind === 'path') {
    // What O_PATH names is never read: the mirror's file is enough, also of a file that has a text.
    const device = node?.kind === 'device' ? node.opens : {};
    const named = 'heap' in device ? KIND.HEAP : 'drm' in device ? KIND.DRM : KIND.FILE;
    return { kind: named, path: around.mirror.nodeAt(path), content: NOTHING };
  }
  const text = node?.kind === 'file' ? (node.read?.() ?? NOTHING) : NOTHING;
  return { kind: KIND.FILE, path: '', content: typeof text === 'string' ? Buffer.from(text) : text };
}
