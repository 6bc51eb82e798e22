/**
 * What an open file shows of itself: /proc/PID/fdinfo/N and the target of /proc/PID/fd/N. Models fs/proc/fd.c:
 * seq_show() and drivers/dma-buf/dma-buf.c: dma_buf_show_fdinfo(), dmabuffs_dname() (Linux 7.3).
 */
import { type DmaBufFile, exporterOf, FileTable, type OpenFile } from '../../dma-buf/dma-buf.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { O_CLOEXEC } from '../../uapi/fcntl.ts';
import type { FdRecord } from '../task.ts';

/** The number of the dma-bufs' own mount in the recorded boots. */
const DMA_BUF_MOUNT = 13;

/**
 * The text of fdinfo/N.
 *
 * Deviation: only a dma-buf has numbers of mount and inode; others show 0.
 */
export function fdinfo(records: Records, { file: number, cloexec }: FdRecord): string {
  const { linux } = profileIn(records);
  const file = new FileTable(records).get(number);
  if (file === undefined) throw new Error(`file ${number} is not open`);
  const flags = file.flags | (cloexec ? O_CLOEXEC : 0);
  const [mount, ino] = file.kind === 'dma_buf' ? [DMA_BUF_MOUNT, file.ino] : [0, 0];
  const pos = file.kind === 'virtual' ? file.pos : 0n;
  const general = `pos:\t${pos}\nflags:\t0${flags.toString(8)}\nmnt_id:\t${mount}\n${linux.fdinfoIno ? `ino:\t${ino}\n` : ''}`;
  return file.kind === 'dma_buf' ? general + dmaBufLines(file, exporterOf(file, linux)) : general;
}

function dmaBufLines({ size, count, name }: DmaBufFile, exporter: string): string {
  const named = name === undefined ? '' : `name:\t${name}\n`;
  return `size:\t${size}\ncount:\t${count}\nexp_name:\t${exporter}\n${named}`;
}

/** What the link fd/N shows. */
export function linkTarget(file: OpenFile): string {
  switch (file.kind) {
    case 'dma_buf':
      return `/dmabuf:${file.name ?? ''}`;
    case 'dma_heap':
      return `/dev/dma_heap/${file.heap.replaceAll('/', '!')}`;
    case 'path':
    case 'virtual':
      return file.path;
    case 'drm':
      return file.node;
    case 'sync_file':
      return 'anon_inode:sync_file';
    case 'stream':
      return '/dev/console';
  }
}
