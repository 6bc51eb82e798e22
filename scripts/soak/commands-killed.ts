/**
 * npm run soak -- commands-killed [COMMANDS [SEED]] [--node PATH]
 *
 * Commands of the built command that get SIGKILL, SIGTERM, SIGINT or SIGHUP at random
 * times, half of them about when they commit.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../../test/fuzz/random.ts';
import { KilledCommands, SIGNALS } from '../../test/session/killed-commands.ts';
import { inDirectory } from './in-directory.ts';

/** Percent of the time that the same command took undisturbed. */
const LATEST = 130;

export async function commandsKilled(words: readonly string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { node: { type: 'string' } },
  });
  const [commands = 300, seed = Date.now() % 1_000_000] = positionals.map(Number);
  const random = new Random(seed);
  const bySignal = new Map<string, number>();
  console.log(`${commands} commands, seed ${seed}`);
  const counts = await inDirectory(async (directory) => {
    const session = new KilledCommands(join(directory, 'session'), random, values.node);
    await session.boot();
    for (let i = 1; i <= commands; i++) {
      const signal = random.pick(SIGNALS);
      const { killed } = session.counts;
      await session.kill(signal, random.oneIn(2) ? undefined : random.below(LATEST + 1));
      if (session.counts.killed > killed) bySignal.set(signal, (bySignal.get(signal) ?? 0) + 1);
      if (i % 50 === 0) console.log(`${i} commands`);
    }
    return session.counts;
  });
  const signals = [...bySignal].map(([signal, count]) => `${signal} ${count}`).join(', ');
  console.log(
    `${counts.commands} commands: ${counts.answered} were done before the signal, ${counts.killed} were killed (${signals}).`,
  );
  console.log(
    `Of those killed, ${counts.before} had not happened, ${counts.after} had, ${counts.noChange} change nothing.`,
  );
  console.log('After each the session was whole, and as before or as after the command.');
}
