/**
 * npm run fuzz:exec [-- --messages N] [--seed N]
 *
 * Random messages to the server's exchange (test/exec/message-fuzz.ts): 2,000,000 unless told otherwise. Prints how many of each type
 * there were and how they were answered. Exit code 1 when something does not hold; the seed and the message are told.
 */
import { parseArgs } from 'node:util';
import { MESSAGE } from '../src/exec/protocol.ts';
import { MessageFuzz } from '../test/exec/message-fuzz.ts';
import { Random } from '../test/fuzz/random.ts';

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '2000000' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const messages = Number(values.messages);
/** A session begins anew after so many, so that its history stays short. */
const A_SESSION = 20_000;

const names = new Map<number, string>(Object.entries(MESSAGE).map(([name, type]) => [type, name]));
const sums = new Map<number, number[]>();
const start = Date.now();
let most = 0;
for (let done = 0, turn = 0; done < messages; turn++) {
  const fuzz = new MessageFuzz(new Random(seed + turn));
  try {
    while (fuzz.made < A_SESSION && done + fuzz.made < messages) fuzz.step();
  } catch (error) {
    process.stdout.write(
      `seed ${seed}, turn ${turn}, message ${fuzz.made}: ${error instanceof Error ? error.stack : error}\n`,
    );
    process.exitCode = 1;
    break;
  } finally {
    done += fuzz.made;
    fuzz.close();
  }
  for (const [type, counted] of fuzz.counts) {
    const sum = sums.get(type) ?? [0, 0, 0, 0, 0, 0];
    sums.set(
      type,
      Object.values(counted).map((value, index) => value + (sum[index] ?? 0)),
    );
  }
  most = Math.max(most, process.memoryUsage.rss());
}
process.stdout.write('MESSAGE          valid  changed  garbage     done  refused  malformed\n');
for (const [type, counted] of [...sums].sort(([a], [b]) => a - b)) {
  const [valid = 0, changed = 0, garbage = 0, ...answers] = counted;
  const cells = [valid, changed, garbage, ...answers].map((value) => String(value).padStart(9)).join('');
  process.stdout.write(`${(names.get(type) ?? String(type)).padEnd(13)}${cells}\n`);
}
const took = (Date.now() - start) / 1000;
process.stdout.write(
  `seed ${seed}: ${messages} messages in ${took.toFixed(0)} s, at most ${(most / 2 ** 20).toFixed(0)} MiB\n`,
);
