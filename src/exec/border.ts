/**
 * Host is not board: what the program's machine and the board's number each in their own way. Errnos and all open flags but four are
 * the same on every machine that Linux runs on today.
 */
import { architectureOfMachine } from '../profile/elf-machine.ts';
import { openFlagsOf } from '../profile/profile.ts';
import type { ArchOpenFlags } from '../uapi/fcntl.ts';

const FLAGS = ['O_DIRECTORY', 'O_NOFOLLOW', 'O_DIRECT', 'O_LARGEFILE'] as const;

export class Border {
  readonly #host: ArchOpenFlags;
  readonly #board: ArchOpenFlags;

  /** @param board the open flags of the board's architecture */
  constructor(host: ArchOpenFlags, board: ArchOpenFlags) {
    this.#host = host;
    this.#board = board;
  }

  /** Open flags of the program, as the board numbers them. */
  flagsToBoard(flags: number): number {
    return translated(flags, this.#host, this.#board);
  }

  /** Open flags of the board, as the program numbers them. */
  flagsToHost(flags: number): number {
    return translated(flags, this.#board, this.#host);
  }
}

/** The border of a program's machine, by the number in its ELF header; `undefined` for one that is not known. */
export function borderOf(machine: number, board: ArchOpenFlags): Border | undefined {
  const name = architectureOfMachine(machine);
  return name === undefined ? undefined : new Border(openFlagsOf(name), board);
}

function translated(flags: number, from: ArchOpenFlags, to: ArchOpenFlags): number {
  let made = flags;
  for (const flag of FLAGS) made &= ~from[flag];
  for (const flag of FLAGS) if ((flags & from[flag]) !== 0) made |= to[flag];
  return made;
}
