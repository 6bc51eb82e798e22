/** What a report shows of names that were made to break pages. */
import type { ReportData } from '../../src/report/report-data.ts';

/** A name that would run, one that would turn its line round, and one as long as a node's may be. */
export const HOSTILE = ['</script><script>alert(1)</script>', 'a\u202egnp.exe', 'n'.repeat(63)] as const;

const [script, turning, long] = HOSTILE;

/** Three steps on 64 pages: two buffers in an area, one of which goes. */
export const hostileReport: ReportData = {
  title: script,
  pageSize: 4096,
  banner: 'Linux 7.3',
  segments: [16, 64],
  kinds: ['free', 'area-free', 'kernel'],
  places: [{ name: long, pfn: 48, pages: 32, heaps: [turning], what: 'CMA area' }],
  bases: [{ step: 0, parts: [16, 8, 2, -1, 0, 24, 0, -1, 0, 32, 1, 0] }],
  basesLeftOut: 0,
  buffers: [
    { ino: 1, name: script, heap: turning, task: script, bytes: 16384, born: 1, died: 3, runs: [48, 4] },
    { ino: 2, name: turning, heap: turning, task: 'shell', bytes: 8192, born: 2, runs: [60, 2] },
  ],
  tasks: [script, 'shell'],
  steps: [
    { text: 'alloc: one', task: 0 },
    { text: 'alloc: two', task: 1, line: 7 },
    { text: 'free: one', task: 0, ended: 'EBADF' },
  ],
  series: [{ heap: turning, pages: 32, points: [0, 32, 32, 1, 28, 28, 2, 26, 18, 3, 30, 18] }],
  log: [{ step: 0, time: 0, text: `Reserved memory: created CMA memory pool ${long}` }],
  findings: [
    { severity: 'note', name: 'EBADF', message: script, step: 3 },
    { severity: 'warning', name: 'cma-misaligned', message: turning, place: long, hint: script },
  ],
  inputs: [{ name: 'Command line', value: script }],
  files: [],
  comparison: { with: script, differences: [turning] },
  notes: [script],
};
