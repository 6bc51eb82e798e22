/** A call that Linux answers and that is not modelled; never answered as if it were. */
export class NotModelled extends Error {
  /** @param what the call, by name */
  constructor(what: string) {
    super(`${what} is not modelled`);
    this.name = 'NotModelled';
  }
}
