/** include/uapi/asm-generic/poll.h: struct pollfd as bytes. */

export const POLLIN = 0x0001;
export const POLLPRI = 0x0002;
export const POLLOUT = 0x0004;
export const POLLERR = 0x0008;
export const POLLHUP = 0x0010;
export const POLLNVAL = 0x0020;
export const POLLRDNORM = 0x0040;
export const POLLWRNORM = 0x0100;

/** sizeof(struct pollfd). */
export const POLLFD_SIZE = 8;

/** struct pollfd. */
export interface Pollfd {
  readonly fd: number;
  readonly events: number;
  readonly revents: number;
}

export function encodePollfds(fds: readonly Pollfd[]): Uint8Array {
  const bytes = new Uint8Array(fds.length * POLLFD_SIZE);
  const view = new DataView(bytes.buffer);
  for (const [i, { fd, events, revents }] of fds.entries()) {
    view.setInt32(i * POLLFD_SIZE, fd, true);
    view.setUint16(i * POLLFD_SIZE + 4, events, true);
    view.setUint16(i * POLLFD_SIZE + 6, revents, true);
  }
  return bytes;
}

/** The whole entries in `bytes`. */
export function decodePollfds(bytes: Uint8Array): Pollfd[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / POLLFD_SIZE) }, (_, i) => ({
    fd: view.getInt32(i * POLLFD_SIZE, true),
    events: view.getUint16(i * POLLFD_SIZE + 4, true),
    revents: view.getUint16(i * POLLFD_SIZE + 6, true),
  }));
}

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

/** Edge-triggered: told when it becomes ready, not as long as it is. */
export const EPOLLET = 0x8000_0000;
