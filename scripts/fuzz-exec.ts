/**
 * npm run fuzz:exec [-- --messages N] [--seed N]
 *
 * Random messages to the server's exchange (test/exec/message-fuzz/): 2,000,000 unless told otherwise. Prints how many of each type
 * there were and how they were answered. Exit code 1 when something does not hold (the seed and the message are told), when a type was
 * never sent whole, or when too many whole messages of a type were taken for malformed ones.
 */
import { parseArgs } from 'node:util';
import { loadScenario } from '../src/cli/exec/load-scenario.ts';
import { gaps, MessageFuzz, noCounts } from '../test/exec/message-fuzz/message-fuzz.ts';
import { Random } from '../test/fuzz/random.ts';

const { values } = parseArgs({
  options: { messages: { type: 'string', default: '2000000' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const messages = Number(values.messages);
/** A session begins anew after so many, so that its history stays short. */
const A_SESSION = 20_000;

const counts = noCounts();
const start = Date.now();
let most = 0;
let done = 0;
for (let turn = 0; done < messages && process.exitCode === undefined; turn++) {
  const fuzz = new MessageFuzz({ random: new Random(seed + turn), counts, scenario: loadScenario });
  try {
    await fuzz.run(Math.min(A_SESSION, messages - done));
  } catch (error) {
    process.stdout.write(
      `seed ${seed}, turn ${turn}, message ${fuzz.made}: ${error instanceof Error ? error.stack : error}\n`,
    );
    process.exitCode = 1;
  } finally {
    done += fuzz.made;
    fuzz.close();
  }
  most = Math.max(most, process.memoryUsage.rss());
}
process.stdout.write(
  'MESSAGE              valid  changed  garbage     done  refused  malformed  of these valid\n',
);
for (const [row, counted] of counts) {
  const { valid, changed, garbage, done, refused, malformed, mistaken } = counted;
  const cells = [valid, changed, garbage, done, refused].map((value) => String(value).padStart(9)).join('');
  const share = valid === 0 ? '-' : `${((100 * mistaken) / valid).toFixed(1)} %`;
  process.stdout.write(`${row.padEnd(17)}${cells}${String(malformed).padStart(11)}${share.padStart(16)}\n`);
}
const took = (Date.now() - start) / 1000;
process.stdout.write(
  `seed ${seed}: ${done} messages in ${took.toFixed(0)} s, at most ${(most / 2 ** 20).toFixed(0)} MiB\n`,
);
for (const gap of gaps(counts)) {
  process.stdout.write(`${gap}\n`);
  process.exitCode = 1;
}
