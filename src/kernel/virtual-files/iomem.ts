/** /proc/iomem. Models kernel/resource.c: r_show() (Linux 7.3), as far as memory goes. */
import type { Resource } from '../../mm/early/system-ram.ts';
import type { Records } from '../../records.ts';
import type { PhysAddr } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';
import type { Credentials } from '../task.ts';

const hex = (address: PhysAddr): string => address.toString(16).padStart(8, '0');

/** The lines of /proc/iomem for memory: `40000000-7fffffff : System RAM`, and what is nested below, indented. */
export const procIomem = (records: Records): readonly string[] =>
  linesOf(records, ({ start, end }) => `${hex(start)}-${hex(end)}`);

const linesOf = (records: Records, place: (resource: Resource) => string): readonly string[] =>
  bootRecord(records).iomem.flatMap((top) => nestedLines(top, place));

const nestedLines = (resource: Resource, place: (resource: Resource) => string): readonly string[] => [
  `${place(resource)} : ${resource.name}`,
  ...(resource.children ?? []).flatMap((child) => nestedLines(child, place)).map((line) => `  ${line}`),
];

/** The file: who opened it without CAP_SYS_ADMIN sees zeros. Devices are not modelled. */
export function iomem(records: Records, opener: Credentials): string {
  const lines = opener.uid === 0 ? procIomem(records) : linesOf(records, () => `${hex(0n)}-${hex(0n)}`);
  return lines.map((line) => `${line}\n`).join('');
}
