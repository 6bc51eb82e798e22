/** The requests that the file layer answers before a driver sees them. Models fs/ioctl.c: do_vfs_ioctl() (Linux 7.3). */
import type { OpenFile } from '../../dma-buf/dma-buf.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import type { Geometry } from '../../profile/geometry.ts';
import { FASYNC, O_NONBLOCK } from '../../uapi/fcntl.ts';
import {
  FICLONE,
  FICLONERANGE,
  FIDEDUPERANGE,
  FIFREEZE,
  FIGETBSZ,
  FIOASYNC,
  FIOCLEX,
  FIONBIO,
  FIONCLEX,
  FIOQSIZE,
  FITHAW,
  FS_IOC_FIEMAP,
} from '../../uapi/fs.ts';
import { formatHex } from '../../units.ts';
import type { DescriptorTable } from '../task.ts';
import { fail, ok, type SyscallResult, type UserPointer } from './results.ts';

/** Requests that none of these files supports, and whose ways to fail depend on more than is modelled. */
const FILE_SYSTEMS: ReadonlySet<number> = new Set([
  FIFREEZE,
  FITHAW,
  FICLONE,
  FICLONERANGE,
  FIDEDUPERANGE,
  FS_IOC_FIEMAP,
]);

/**
 * Answers a request of the file layer; one that changes flags changes `file`, which the caller stores.
 *
 * @returns `undefined` when the request is the driver's: -ENOIOCTLCMD
 */
export function vfsIoctl(
  table: DescriptorTable,
  fd: number,
  file: OpenFile,
  request: number,
  arg: UserPointer,
  { pageSize }: Geometry,
): SyscallResult | undefined {
  switch (request) {
    case FIOCLEX:
      table.setCloexec(fd, true);
      return ok(0);
    case FIONCLEX:
      table.setCloexec(fd, false);
      return ok(0);
    case FIONBIO: {
      const on = intAt(arg);
      if (on === undefined) return fail('EFAULT');
      file.flags = on === 0 ? file.flags & ~O_NONBLOCK : file.flags | O_NONBLOCK;
      return ok(0);
    }
    case FIOASYNC: {
      const on = intAt(arg);
      if (on === undefined) return fail('EFAULT');
      // None of these files has fasync(): only what changes nothing works.
      return (on !== 0) === ((file.flags & FASYNC) !== 0) ? ok(0) : fail('ENOTTY');
    }
    case FIOQSIZE:
      return file.kind === 'virtual' || file.kind === 'stream' ? undefined : fail('ENOTTY');
    case FIGETBSZ:
      if (arg === null || arg.length < 4) return fail('EFAULT');
      new DataView(arg.buffer, arg.byteOffset).setInt32(0, pageSize, true);
      return ok(0);
    default:
      if (!FILE_SYSTEMS.has(request)) return undefined;
      throw new NotModelled(`request ${formatHex(request)} of the file layer`);
  }
}

/** get_user() of an int. */
const intAt = (arg: UserPointer): number | undefined =>
  arg === null || arg.length < 4 ? undefined : new DataView(arg.buffer, arg.byteOffset).getInt32(0, true);
