/** /proc/PID/fdinfo/FD of dma-bufs, and whose they are: /proc/PID/comm. */
import type { HolderLine, Told } from '../facts.ts';
import { atOf, type Reader } from './reader.ts';

const PATH = /\/proc\/(\d{1,10})\/fdinfo\/(\d{1,10})$/;
const COMM = /\/proc\/(\d{1,10})\/comm$/;
const FIELD = /^(pos|flags|mnt_id|ino|size|count|exp_name|name):\s*(.{0,255})$/;

export function fdinfo(): Reader {
  const open = new Map<string, { -readonly [K in keyof Told<HolderLine>]: Told<HolderLine>[K] }>();
  return {
    what: 'fdinfo',
    read(line, facts) {
      const comm = COMM.exec(line.path ?? '');
      if (comm !== null) {
        if (line.raw.trim() !== '') facts.tasks.set(Number(comm[1]), line.raw.trim().slice(0, 64));
        return true;
      }
      const found = PATH.exec(line.path ?? '');
      if (found === null) return false;
      const [key, pid, fd] = found;
      const field = FIELD.exec(line.raw.trim());
      if (field === null) return line.raw.trim() === '';
      const holder = open.get(key) ?? { pid: Number(pid), fd: Number(fd), at: atOf(line) };
      if (!open.has(key)) open.set(key, holder);
      const [, name, value = ''] = field;
      if (name === 'ino' && /^\d{1,15}$/.test(value)) holder.ino = Number(value);
      else if (name === 'size' && /^\d{1,20}$/.test(value)) holder.size = BigInt(value);
      else if (name === 'exp_name') holder.expName = value;
      else if (name === 'name') holder.name = value;
      return true;
    },
    end(facts) {
      for (const holder of open.values()) if (holder.expName !== undefined) facts.holders.push(holder);
      open.clear();
    },
  };
}
