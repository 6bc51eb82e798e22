/** The requests on a dma-buf's descriptor. Models drivers/dma-buf/dma-buf.c: dma_buf_ioctl() (Linux 7.3). */
import { DMA_BUF_NAME_LEN, DMA_BUF_SET_NAME_A, DMA_BUF_SET_NAME_B } from '../uapi/dma-buf.ts';
import type { Errno } from '../uapi/errno.ts';
import { formatHex } from '../units.ts';
import type { DmaBufFile } from './dma-buf.ts';
import type { Failure } from './failure.ts';

/** A request that is known but not modelled yet; never answered as if it were. */
export class NotModelled extends Error {
  constructor(what: string) {
    super(`${what} is not modelled`);
    this.name = 'NotModelled';
  }
}

/**
 * Answers a request; a name is set in `file`, which the caller stores.
 *
 * @param arg the caller's bytes: for SET_NAME the string itself, up to its NUL
 */
export function dmaBufIoctl(
  file: DmaBufFile,
  request: number,
  arg: Uint8Array | null,
): { readonly ret: 0 } | { readonly errno: Errno; readonly why?: Failure } {
  if (request !== DMA_BUF_SET_NAME_A && request !== DMA_BUF_SET_NAME_B) {
    throw new NotModelled(`request ${formatHex(request)} on a dma-buf`);
  }
  if (arg === null) return { errno: 'EFAULT' };
  const nul = arg.indexOf(0);
  const name = nul < 0 ? arg : arg.subarray(0, nul);
  // strndup_user() refuses what has no NUL within the length.
  if (name.length >= DMA_BUF_NAME_LEN) {
    return { errno: 'EINVAL', why: { kind: 'bad-argument', argument: 'len', value: BigInt(name.length) } };
  }
  file.name = new TextDecoder().decode(name);
  return { ret: 0 };
}
