/** The pages of the kernel that most tests boot: arm64 with 4 KiB. */
import { profileOf } from '../src/profile/profile.ts';
import { putProfile } from '../src/profile/recorded-profile.ts';
import { MemoryRecords } from '../src/records.ts';

export const GEOMETRY = profileOf().profile.geometry;
export const { page: PAGE, pageSize: PAGE_SIZE, pagesPerSection: PAGES_PER_SECTION } = GEOMETRY;
export const { pageAlign, pagesToBytes, pfnDown, pfnPhys, pfnUp, wholePages } = GEOMETRY;
export const { maxPageOrder: MAX_PAGE_ORDER } = GEOMETRY;

/** Records in which a kernel has only just begun to boot: it is known which, and nothing else. */
export function bareRecords(): MemoryRecords {
  const records = new MemoryRecords();
  putProfile(records, profileOf().profile);
  return records;
}
