/** Waiting without giving the thread away: sessions are synchronous. */

const nobody = new Int32Array(new SharedArrayBuffer(4));

/** @param milliseconds fractions as well */
export const sleep = (milliseconds: number): void => {
  Atomics.wait(nobody, 0, 0, milliseconds);
};
