/**
 * Lines of the recorded programs that a run does not print as they were recorded, each with the reason. A line that is here and is
 * printed as it was recorded fails as well, so that the list stays true.
 */

export interface Known {
  readonly program: string;
  /** The names of the lines. */
  readonly lines: RegExp;
  readonly reason: string;
  /** Where it differs; everywhere unless given: `7.3 system`. */
  readonly where?: RegExp;
  /** With which libc; with all unless given. */
  readonly libc?: 'glibc' | 'musl';
}

export const KNOWN: readonly Known[] = [
  {
    program: 'ioctl-edge',
    lines: /^flags O_ACCMODE/,
    libc: 'musl',
    reason: 'O_ACCMODE of musl has O_PATH in it, which a heap refuses on every kernel',
  },
];

/** The entry for a line, if there is one. */
export const knownFor = (program: string, where: string, libc: string, line: string): Known | undefined =>
  KNOWN.find(
    (one) =>
      one.program === program &&
      one.lines.test(line) &&
      (one.where?.test(where) ?? true) &&
      (one.libc === undefined || one.libc === libc),
  );
