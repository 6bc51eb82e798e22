/**
 * /sys/kernel/debug/dma_buf/bufinfo: every dma-buf with the devices attached to it. Models
 * drivers/dma-buf/dma-buf.c: dma_buf_debug_show() (Linux 7.3).
 */
import { attachedDevices } from '../../dma-buf/attachment.ts';
import { type DmaBufFile, exporterOf, FileTable } from '../../dma-buf/dma-buf.ts';
import type { LinuxVersion } from '../../profile/linux-version.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { mayRead, mayWrite, O_ACCMODE } from '../../uapi/fcntl.ts';

const FMODE_READ = 1;
const FMODE_WRITE = 2;

const padded = (value: number | bigint, base = 10): string => value.toString(base).padStart(8, '0');

/** f_mode of a dma-buf's file: OPEN_FMODE() of its access mode; access mode 3 allows nothing. */
function fileMode(flags: number, { dmaBufMode }: LinuxVersion): number {
  const access = flags & O_ACCMODE;
  return dmaBufMode | (mayRead(access) ? FMODE_READ : 0) | (mayWrite(access) ? FMODE_WRITE : 0);
}

/** The text; the newest buffer comes first. */
export function bufinfo(records: Records): string {
  const { linux } = profileIn(records);
  const buffers = [...new FileTable(records).dmaBufs()].reverse();
  const total = buffers.reduce((sum, [, file]) => sum + file.size, 0n);
  const blocks = buffers.map(([id, file]) => object(file, attachedDevices(records, id), linux));
  return `\nDma-buf Objects:\n${linux.bufinfoTitles}${blocks.join('')}\nTotal ${buffers.length} objects, ${total} bytes\n`;
}

function object(file: DmaBufFile, devices: readonly string[], linux: LinuxVersion): string {
  const columns = [
    padded(file.size),
    padded(file.flags, 16),
    padded(fileMode(file.flags, linux), 16),
    padded(file.count),
    exporterOf(file, linux),
    padded(file.ino),
    file.name ?? linux.unnamedBuffer,
  ];
  const attached = devices.map((device) => `\t${device}\n`).join('');
  return `${columns.join('\t')}\n\tAttached Devices:\n${attached}Total ${devices.length} devices attached\n\n`;
}
