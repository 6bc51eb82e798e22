/** /proc/PID/maps, the lines of dma-bufs. Models fs/proc/task_mmu.c: show_map_vma() (Linux 7.3). */
import { FileTable } from '../../dma-buf/dma-buf.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { PROT_EXEC, PROT_READ, PROT_WRITE } from '../../uapi/fcntl.ts';
import { areaOf, MappingTable } from '../mapping-table.ts';
import { linkTarget } from './fdinfo.ts';

/**
 * The text of a task's file, by address.
 *
 * Deviation: the program, its libraries and its stack have no lines; the number of the buffers' file system is 0.
 */
export function maps(records: Records, task: string): string {
  const { arch, geometry } = profileIn(records);
  const files = new FileTable(records);
  const table = new MappingTable(records, () => arch.taskSize);
  // show_vma_header_prefix() pads to here, by the size of a pointer.
  const width = geometry.wordMax > 0xffffffffn ? 72 : 48;
  return table
    .ofTask(task)
    .flatMap(([, record]) => {
      const file = files.get(record.file);
      if (file?.kind !== 'dma_buf') return [];
      return record.parts.map((part) => {
        const { start, end } = areaOf(record, part);
        const letter = (bit: number, word: string): string => ((part.prot & bit) !== 0 ? word : '-');
        const access = `${letter(PROT_READ, 'r')}${letter(PROT_WRITE, 'w')}${letter(PROT_EXEC, 'x')}`;
        const how = `${access}${record.shared ? 's' : 'p'}`;
        const line = `${hex(start)}-${hex(end)} ${how} ${hex(record.offset + part.from)} 00:00 ${file.ino} `;
        return { start, text: `${line.padEnd(width)} ${linkTarget(file)}\n` };
      });
    })
    .sort((a, b) => (a.start < b.start ? -1 : 1))
    .map(({ text }) => text)
    .join('');
}

const hex = (value: bigint): string => value.toString(16).padStart(8, '0');
