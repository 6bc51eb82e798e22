/**
 * Bytes from one descriptor to another, of which one is asked about here and the other is the caller's: none of these files
 * can be spliced. Models fs/splice.c and fs/read_write.c (Linux 7.3).
 */
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { mayRead, mayWrite } from '../../uapi/fcntl.ts';
import type { KernelState } from '../state.ts';
import type { Opened } from './opened.ts';
import { fail, ok, type SyscallResult } from './results.ts';
import { hasOffsets } from './transfers.ts';

export interface Splice {
  /** Whether the descriptor is read from, or written to. */
  readonly side: 'in' | 'out';
  /** The offset into it, where one is given. */
  readonly offset?: bigint;
  /** Bytes. */
  readonly len: bigint;
}

function refuseSide({ file }: Opened, { side }: Splice): SyscallResult | undefined {
  if (file.kind === 'stream' || file.kind === 'virtual' || file.kind === 'drm')
    throw new NotModelled(`splicing a file of kind ${file.kind}`);
  const may = side === 'in' ? mayRead(file.flags) : mayWrite(file.flags);
  return may ? undefined : fail('EBADF', { kind: 'access-mode', flags: file.flags });
}

/** sendfile(2): do_sendfile(). */
export function sendfile(_state: KernelState, opened: Opened, call: Splice): SyscallResult {
  const refused = refuseSide(opened, call);
  if (refused !== undefined) return refused;
  return fail(
    call.side === 'in' && call.offset !== undefined && !hasOffsets(opened.file) ? 'ESPIPE' : 'EINVAL',
  );
}

/** splice(2), tee(2): do_splice(), do_tee(). Nothing to be moved is no error. */
export function splice(_state: KernelState, opened: Opened, call: Splice): SyscallResult {
  if (call.len === 0n) return ok(0);
  return refuseSide(opened, call) ?? fail('EINVAL');
}

/** vmsplice(2): get_pipe_info(). */
export const vmsplice = (): SyscallResult => fail('EBADF');

/** copy_file_range(2): generic_file_rw_checks() looks at the files' types before it looks at their modes. */
export function copyFileRange(_state: KernelState, { file }: Opened): SyscallResult {
  if (file.kind === 'stream') throw new NotModelled('copying a range of a standard stream');
  if (file.kind !== 'virtual') return fail('EINVAL');
  if (file.directory) return fail('EISDIR');
  throw new NotModelled('copying a range of a virtual file');
}
