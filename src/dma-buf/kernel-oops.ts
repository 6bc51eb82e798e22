/** A call that never returns: it kills its caller inside the kernel. Told by name; nothing of it happens here. */
export class KernelOops extends Error {
  /** @param what what the kernel does that it dies of, with its numbers */
  constructor(what: string) {
    super(
      `the call never returns: ${what}, an oops that kills the caller (as PID 1 it takes the kernel along). What is left of Linux after it is not modelled, so nothing of the call was done here`,
    );
    this.name = 'KernelOops';
  }
}
