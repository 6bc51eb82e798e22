/** vgem.c: buffers imported by a DRM device, fences, dumb buffers. */
import { DMA_BUF_SET_NAME_B } from '../../../src/uapi/dma-buf.ts';
import {
  DRM_IOCTL_GEM_CLOSE,
  DRM_IOCTL_MODE_CREATE_DUMB,
  DRM_IOCTL_PRIME_FD_TO_HANDLE,
  DRM_IOCTL_PRIME_HANDLE_TO_FD,
  DRM_IOCTL_VGEM_FENCE_ATTACH,
  DRM_IOCTL_VGEM_FENCE_SIGNAL,
} from '../../../src/uapi/drm.ts';
import * as fcntl from '../../../src/uapi/fcntl.ts';
import { PAGE, type Program, RDWR } from './libc.ts';
import { revents } from './poll.ts';
import { pages } from './process.ts';

export function vgem(the: Program): void {
  const h = the.heap;
  /** One request whose struct is so many words; the answer is one of them. */
  const ask = (
    name: string,
    card: number,
    request: number,
    given: readonly number[],
    at?: number,
  ): number => {
    const arg = new Uint8Array(Uint32Array.from(given).buffer);
    const result = the.ioctl(card, request, arg);
    const ret =
      result.ret < 0 || at === undefined ? result.ret : new DataView(arg.buffer).getInt32(at * 4, true);
    the.res(name, result.ret < 0 ? result : { ret });
    return ret;
  };
  const take = (name: string, card: number, fd: number) =>
    ask(name, card, DRM_IOCTL_PRIME_FD_TO_HANDLE, [0, 0, fd], 0);
  const give = (name: string, card: number, handle: number, flags: number) =>
    ask(name, card, DRM_IOCTL_PRIME_HANDLE_TO_FD, [handle, flags, -1], 2);
  const drop = (name: string, card: number, handle: number) =>
    ask(name, card, DRM_IOCTL_GEM_CLOSE, [handle, 0]);
  const fence = (name: string, card: number, handle: number, flags: number) =>
    ask(name, card, DRM_IOCTL_VGEM_FENCE_ATTACH, [handle, flags, 0, 0], 2);
  const done = (name: string, card: number, id: number) =>
    ask(name, card, DRM_IOCTL_VGEM_FENCE_SIGNAL, [id, 0]);
  const size = (name: string, fd: number): void => the.res(name, the.lseek(fd, 0n, fcntl.SEEK_END));
  const ready = (name: string, fd: number): void => {
    const { events } = revents(the, fd, 5);
    const words = `${(events & 1) !== 0 ? 'IN ' : ''}${(events & 4) !== 0 ? 'OUT ' : ''}`;
    the.tell(name, `${words}${events !== 0 ? 'ready' : 'nothing ready'}`);
  };
  const card = the.open('/dev/dri/card0', RDWR).ret;
  const two = the.open('/dev/dri/card0', RDWR).ret;
  let fd = the.get(h, 4n * PAGE, RDWR).ret;
  const other = the.get(h, 2n * PAGE, RDWR).ret;
  const m = the.place(fd, { length: 4n * PAGE });
  the.fill(m, 1n, 0x76);
  const x = take('import, handle', card, fd);
  take('import again', card, fd);
  const d = the.dup(fd).ret;
  take('import a dup', card, d);
  the.close(d);
  take('import another', card, other);
  const y = take('import by a second open', two, fd);
  take('import a closed descriptor', card, 99);
  take("import the heap's descriptor", card, h);
  // In the place of /dev/null.
  the.open('/proc/self/status', fcntl.O_RDONLY);
  take('import the card itself', card, card);
  const ro = the.get(h, PAGE, fcntl.O_RDONLY | fcntl.O_CLOEXEC).ret;
  take('import a rdonly buffer', card, ro);
  let e = give('re-export, number', card, x, RDWR);
  the.tell('same inode', the.same(the.fstat(e), the.fstat(fd)));
  the.res('its F_GETFD', the.control(e, fcntl.F_GETFD));
  size('its size', e);
  const e2 = give('re-export without flags', card, x, 0);
  the.res('without flags, its F_GETFD', the.control(e2, fcntl.F_GETFD));
  const access = the.control(e2, fcntl.F_GETFL).ret & fcntl.O_ACCMODE;
  the.tell('its access', access === fcntl.O_RDWR ? 'O_RDWR' : 'O_RDONLY');
  the.control(e2, fcntl.F_SETFL, fcntl.O_NONBLOCK);
  const isOn = (the.control(fd, fcntl.F_GETFL).ret & fcntl.O_NONBLOCK) !== 0;
  the.tell('same open description', isOn ? 'yes' : 'no');
  const n = the.made('map the re-export', the.mmap(e2, { length: 4n * PAGE }));
  the.load('the byte', n);
  the.store('write', pages(n, 1), 0x77);
  the.load('seen in the buffer', pages(m, 1));
  give('re-export with an unknown flag', card, x, fcntl.O_APPEND);
  give('re-export of no handle', card, 77, fcntl.O_RDWR);
  const second = give('re-export by the second open', two, y, RDWR);
  the.tell('re-export by the second open, same inode', the.same(the.fstat(second), the.fstat(fd)));
  take('import the re-export', card, e);
  the.setName(e, 'named');
  the.res('SYNC on the re-export', the.sync(e, 1n));
  the.res('SYNC end', the.sync(e, 5n));
  the.alive('alive');
  the.res('SET_NAME while attached', the.ioctl(fd, DMA_BUF_SET_NAME_B, Buffer.from('attached\0')));
  ready('poll, no fence', fd);
  let w = fence('attach a write fence', card, x, 1);
  ready('poll with it', fd);
  ready('poll of the re-export', e);
  fence('attach a second write fence', card, x, 1);
  done('signal the first', card, w);
  ready('poll then', fd);
  const r = fence('attach a read fence', card, x, 0);
  ready('poll with the read fence', fd);
  done('signal it', card, r);
  ready('poll after', fd);
  done('signal it again', card, r);
  done('signal no fence', card, 55);
  fence('fence on no handle', card, 77, 1);
  fence('fence with an unknown flag', card, x, 8);
  w = fence('write fence by the second open', two, y, 1);
  ready("poll with the second open's fence", fd);
  the.close(two);
  ready('poll after the second open was closed', fd);
  for (let i = 3; i < 40; i++) if (i !== h && i !== card) the.close(i);
  the.munmap(m, 4n * PAGE);
  the.munmap(n, 4n * PAGE);
  the.alive('alive by handles alone');
  e = give('re-export with no descriptor left', card, x, RDWR);
  size('size with no descriptor left', e);
  const k = the.place(e, { length: 4n * PAGE, prot: fcntl.PROT_READ });
  the.load('its byte', pages(k, 1));
  the.munmap(k, 4n * PAGE);
  the.close(e);
  drop('close the handle', card, x);
  drop('close it again', card, x);
  drop('close handle 0', card, 0);
  give('re-export of the closed handle', card, x, fcntl.O_RDWR);
  the.alive('alive then');
  fd = the.get(h, PAGE, RDWR).ret;
  take('import: a handle is used again', card, fd);
  the.close(fd);
  const dumb = new Uint8Array(Uint32Array.of(16, 64, 32, 0, 0, 0, 0, 0).buffer);
  the.res('create a dumb buffer', the.ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, dumb));
  const view = new DataView(dumb.buffer);
  const [handle, pitch, bytes] = [16, 20, 24].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  the.tell('it', `handle ${handle}, pitch ${pitch}, size ${bytes}`);
  e = give('export it', card, handle, RDWR);
  size("the dumb buffer's size", e);
  the.made('map it', the.mmap(e, { length: PAGE }));
  the.res('SYNC on it', the.sync(e, 3n));
  take('import it back', card, e);
  give('export read only, cannot be mapped for writing?', card, handle, fcntl.O_CLOEXEC);
  the.close(e);
  the.alive('alive before the card closes');
  the.close(card);
  the.alive('alive after the card closed');
}
