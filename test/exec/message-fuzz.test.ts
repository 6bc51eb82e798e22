/** Some thousand random messages of each kind; `npm run fuzz:exec` sends two million. */
import { expect, it } from 'vitest';
import { loadScenario } from '../../src/cli/exec/load-scenario.ts';
import { Random } from '../fuzz/random.ts';
import { SEED } from '../fuzz/seed.ts';
import { gaps, MessageFuzz, noCounts } from './message-fuzz/message-fuzz.ts';

it('every type of message comes whole and is taken so, and nothing of what comes breaks the server', async () => {
  const counts = noCounts();
  for (let turn = 0; turn < 2; turn++) {
    const fuzz = new MessageFuzz({ random: new Random(SEED + turn), counts, scenario: loadScenario });
    try {
      await fuzz.run(1500);
    } finally {
      fuzz.close();
    }
  }
  expect(gaps(counts)).toEqual([]);
});

it('a type that is missing, or taken for malformed, is told', () => {
  const counts = noCounts();
  for (const counted of counts.values()) counted.valid = 100;
  counts.set('EXEC', { valid: 0, changed: 9, garbage: 9, done: 9, refused: 0, malformed: 9, mistaken: 0 });
  counts.set('OPEN', { valid: 9, changed: 0, garbage: 0, done: 0, refused: 0, malformed: 9, mistaken: 9 });
  expect(gaps(counts)).toEqual([
    'OPEN: 9 of 9 valid messages were malformed',
    'EXEC: no valid message was sent',
  ]);
});
