/** Lines of the kernel's log, as versions have them. */
import type { PhysAddr } from '../units.ts';

/** A line of the log with its level. */
export type LogText = readonly [level: 3 | 4 | 5 | 6, text: string];

/** How %pa prints a physical address. */
export type FormatPa = (address: PhysAddr) => string;
