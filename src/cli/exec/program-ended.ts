/** The program that a command ran has ended: its exit code is the command's. */
export class ProgramEnded extends Error {
  override readonly name = 'ProgramEnded';
  readonly code: number;

  /** @param code its own, 128+n for a signal */
  constructor(code: number) {
    super(`the program ended with ${code}`);
    this.code = code;
  }
}
