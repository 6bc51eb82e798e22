import { expect, it } from 'vitest';
import { Lookout } from '../../src/exec/lookout.ts';

/** A loop whose turns take 10 microseconds. */
class Loop {
  time = 0;
  #next: (() => void) | undefined;
  readonly now = () => this.time;
  readonly soon = (action: () => void) => {
    this.#next = action;
  };

  /** @returns whether the loop would not wait for events */
  turn(): boolean {
    const action = this.#next;
    this.#next = undefined;
    this.time += 0.01;
    action?.();
    return this.#next !== undefined;
  }

  /** How many turns it takes until the loop waits. */
  untilItWaits(): number {
    let turns = 1;
    while (this.turn()) turns++;
    return turns;
  }
}

it('looks for a tenth of a millisecond after an answer, and goes on while it is asked', () => {
  const loop = new Loop();
  const lookout = new Lookout({ ...loop, processors: 2 });
  lookout.answered();
  for (let i = 0; i < 100; i++) {
    for (let turn = 0; turn < 5; turn++) expect(loop.turn()).toBe(true);
    lookout.answered();
  }
  expect(loop.untilItWaits()).toBeGreaterThan(5);
  expect(loop.untilItWaits()).toBe(1);
});

it('looks once in 64 answers where nobody asks soon, and always again when somebody did', () => {
  const loop = new Loop();
  const lookout = new Lookout({ ...loop, processors: 2 });
  const looks = (answers: number): number => {
    let count = 0;
    for (let i = 0; i < answers; i++) {
      lookout.answered();
      if (loop.untilItWaits() > 1) count++;
    }
    return count;
  };
  expect(looks(640)).toBe(4 + 10);
  // The 64th of the next is looked for: a question comes meanwhile.
  expect(looks(63)).toBe(0);
  lookout.answered();
  expect(loop.turn()).toBe(true);
  expect(looks(4)).toBe(4);
  expect(looks(4)).toBe(0);
});

it('never looks with one processor', () => {
  const loop = new Loop();
  const lookout = new Lookout({ ...loop, processors: 1 });
  lookout.answered();
  expect(loop.untilItWaits()).toBe(1);
});
