/** The options of a boot, for commands that take them with --board. */
import type { Option } from 'commander';

/** The heading of boot inputs where they need --board: one line in the help, which names the command that has them all. */
export const WITH_BOARD = 'With --board:';

/** What the help says of them. */
export const BOARD_HELP = '\nWith --board FILE also the options of a boot: dmaheap boot --help lists them.';

/** The same of commands that name their board themselves. */
export const LIKE_BOOT = '\nAlso the boot inputs, and how source is read: dmaheap boot --help lists them.';

/** Puts an option under its heading. */
export const inHelp = (option: Option, heading: string): Option =>
  option.helpGroup(heading).hideHelp(heading === WITH_BOARD);
