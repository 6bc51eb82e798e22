/** What of a scenario's boot other boot inputs change. */
export { type BootDifference, bootDifferences, type Placed } from '../program/boots/boot-differences.ts';
export { type Booted, bootedBy } from '../program/boots/booted.ts';
