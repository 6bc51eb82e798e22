/** Boards that programs of this host cannot be shown. */
import type { Profile } from '../profile/profile.ts';

export interface RefusedBoard {
  readonly code: 'exec-board';
  readonly message: string;
  readonly hint: string;
}

/**
 * Why the board cannot be shown; `undefined` when it can.
 *
 * @param hostPageSize bytes
 * @param isSeccomp by the carrier that changes nothing in the program
 */
export function refuseBoard(
  { geometry }: Profile,
  hostPageSize: number,
  isSeccomp: boolean,
): RefusedBoard | undefined {
  const refuse = (message: string, hint: string): RefusedBoard => ({ code: 'exec-board', message, hint });
  const { pageSize, wordBits } = geometry;
  if (wordBits !== 64) {
    return refuse(
      `the board's kernel has ${wordBits} bits, and programs of 64 bits cannot be shown it`,
      'try them with --arch of a kernel of 64 bits, or play their calls in a scenario',
    );
  }
  if (pageSize < hostPageSize) {
    return refuse(
      `the board has pages of ${pageSize} bytes and this host of ${hostPageSize}: what the board maps the host cannot`,
      'run it on a host with smaller pages',
    );
  }
  if (pageSize > hostPageSize && isSeccomp) {
    return refuse(
      `the board has pages of ${pageSize} bytes and this host of ${hostPageSize}, which a static program cannot be shown`,
      'link the program dynamically, or choose a kernel with smaller pages',
    );
  }
  return undefined;
}
