/** Why a program could not be run: the emulator's own failure, which is none of the program's. */

export type ExecFailureCode =
  | 'exec-host' // this host cannot run programs against the emulated kernel
  | 'exec-board' // this host cannot show that board to a program
  | 'exec-no-compiler' // nothing to make the native parts with
  | 'exec-build-failed' // the compiler did not take them
  | 'exec-untrusted' // the cache could have been written by somebody else
  | 'exec-server' // the server did not start, or went away
  | 'exec-carrier'; // the carrier cannot work here

export class ExecFailure extends Error {
  override readonly name = 'ExecFailure';
  readonly code: ExecFailureCode;
  /** What to do about it, in one sentence. */
  readonly hint?: string;

  constructor(code: ExecFailureCode, message: string, hint?: string) {
    super(message);
    this.code = code;
    if (hint !== undefined) this.hint = hint;
  }
}
