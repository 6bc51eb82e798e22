/** /proc/meminfo, /proc/buddyinfo and /proc/pagetypeinfo. */
import { atOf, type Reader } from './reader.ts';

const MEMINFO = /^([A-Z][A-Za-z_()0-9]{2,31}): +(\d{1,15})(?: kB)?$/;
const BUDDY = /^Node +\d{1,5}, zone +(\S{1,16})((?: +\d{1,12}){5,30})$/;
const PAGETYPE =
  /^(?:Node +\d{1,5}, zone +\S{1,16}, type +\S{1,32}(?: +>?\d{1,13}){1,30}|Page block order: \d{1,3}|Pages per block: +\d{1,12}|Free pages count per migrate type at order .*|Number of blocks type .*|Node +\d{1,5}, zone +\S{1,16}(?: +\d{1,12}){1,12})$/;

/** Lines of /proc/meminfo by which the file is known where nothing says what it is. */
const KNOWN =
  /^(?:Mem|Cma|High|Low|Swap|Buffers|Cached|Active|Inactive|Vmalloc|Slab|SReclaim|SUnreclaim|Commit|Kernel|Page|Anon|Shmem|File|Huge|Direct|Dirty|Write|Mapped|Mlocked|Unevict|Percpu|Bounce|NFS|Sec|KReclaim|Zswap|Hardware|Balloon|GPU|Quick)/;

export const procCounters: Reader = {
  what: '/proc/meminfo, buddyinfo',
  read(line, facts) {
    const { message } = line;
    const counter = MEMINFO.exec(message);
    if (counter !== null && KNOWN.test(message)) {
      const [, name = '', kib] = counter;
      facts.meminfo.set(name, { kib: Number(kib), at: atOf(line) });
      return true;
    }
    const buddy = BUDDY.exec(message);
    if (buddy !== null) {
      const [, zone = '', counts = ''] = buddy;
      const free = counts.trim().split(/ +/).map(Number);
      facts.buddy.push({ zone, free, at: atOf(line) });
      return true;
    }
    return PAGETYPE.test(message);
  },
};
