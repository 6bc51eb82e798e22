/** What a report knows of a kernel that died while it booted: its log. */
import type { LogLine } from '../printk.ts';
import type { TimelineData } from './report-data.ts';

/** A run without memory and without steps. @param banner which Linux it was */
export const deadBoot = (banner: string, log: readonly LogLine[]): TimelineData => ({
  pageSize: 0,
  banner,
  segments: [],
  kinds: [],
  places: [],
  bases: [],
  basesLeftOut: 0,
  buffers: [],
  tasks: [],
  steps: [],
  series: [],
  log: log.filter(({ suppressed }) => suppressed !== true).map(({ time, text }) => ({ step: 0, time, text })),
  findings: [],
});
