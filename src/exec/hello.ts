/** HELLO: who a connection is. */
import { HOW, MAGIC, VERSION } from './protocol.ts';
import { type FieldReader, MalformedMessage } from './wire.ts';

/** A descriptor that a program came with and that lies in the mirror or among the buffers. */
export interface BroughtDescriptor {
  readonly fd: number;
  readonly cloexec: boolean;
  readonly path: string;
}

export interface Hello {
  readonly token: string;
  readonly how: number;
  readonly pid: number;
  readonly ppid: number;
  /** The program's machine, as its ELF header has it. */
  readonly machine: number;
  readonly pageSize: number;
  readonly carrier: number;
  /** The name of the run's first task; of a supervisor, the number of its run. */
  readonly task: string;
  readonly exe: string;
  readonly descriptors: readonly BroughtDescriptor[];
}

const FD_CLOEXEC = 1;
const HOWS: ReadonlySet<number> = new Set(Object.values(HOW));

/** @throws MalformedMessage also for another magic or version */
export function readHello(fields: FieldReader): Hello {
  if (fields.u32() !== MAGIC) throw new MalformedMessage('not a carrier of dmaheap');
  const version = fields.u32();
  if (version !== VERSION) throw new MalformedMessage(`version ${version}`);
  const token = fields.str();
  const how = fields.u32();
  if (!HOWS.has(how)) throw new MalformedMessage(`HELLO of kind ${how}`);
  const hello = {
    token,
    how,
    pid: fields.u32(),
    ppid: fields.u32(),
    machine: fields.u32(),
    pageSize: fields.u32(),
    carrier: fields.u32(),
    task: fields.str(),
    exe: fields.str(),
    descriptors: fields.list(12, readDescriptor),
  };
  fields.end();
  return hello;
}

function readDescriptor(fields: FieldReader): BroughtDescriptor {
  return { fd: fields.u32(), cloexec: (fields.u32() & FD_CLOEXEC) !== 0, path: fields.str() };
}
