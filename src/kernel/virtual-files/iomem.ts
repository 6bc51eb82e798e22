/** /proc/iomem. Models kernel/resource.c: r_show() (Linux 7.3), as far as memory goes. */
import type { Records } from '../../records.ts';
import type { PhysAddr } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';
import type { Credentials } from '../task.ts';

const hex = (address: PhysAddr): string => address.toString(16).padStart(8, '0');

/** The top-level lines of /proc/iomem for memory: `40000000-7fffffff : System RAM`. */
export const procIomem = (records: Records): readonly string[] =>
  bootRecord(records).iomem.map(({ name, start, end }) => `${hex(start)}-${hex(end)} : ${name}`);

/** The file: who opened it without CAP_SYS_ADMIN sees zeros. Devices and nested lines are not modelled. */
export function iomem(records: Records, opener: Credentials): string {
  const lines =
    opener.uid === 0
      ? procIomem(records)
      : bootRecord(records).iomem.map(({ name }) => `${hex(0n)}-${hex(0n)} : ${name}`);
  return lines.map((line) => `${line}\n`).join('');
}
