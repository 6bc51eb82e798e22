/**
 * npm run soak -- mixed [PROCESSES [COMMANDS [ROUNDS]]] [--node PATH] [--seed N]
 *
 * Mixed commands of the built command on one session while a core is busy with something else.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runMixed } from '../../test/session/mixed-session.ts';
import { inDirectory } from './in-directory.ts';

export async function mixed(words: readonly string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { node: { type: 'string' }, seed: { type: 'string' } },
  });
  const [processes = 16, commands = 200, rounds = 5] = positionals.map(Number);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const { node = process.execPath } = values;
  console.log(`${processes} processes, ${commands} commands each, ${rounds} rounds, seed ${seed}`);
  const total = { commands: 0, failures: 0, lost: 0, longest: 0, problems: 0 };
  const busy = spawn(node, ['-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    for (let round = 1; round <= rounds; round++) {
      const begin = Date.now();
      const result = await inDirectory((directory) =>
        runMixed(join(directory, 'session'), { processes, commands, seed: seed + round, node }),
      );
      const failures = [...result.failures.values()].reduce((sum, count) => sum + count, 0);
      total.commands += result.commands;
      total.failures += failures;
      total.lost += result.lost;
      total.longest = Math.max(total.longest, result.longest);
      total.problems += result.problems.length;
      for (const problem of result.problems.slice(0, 20)) console.log(`  ${problem}`);
      console.log(
        `round ${round}: ${result.commands} commands in ${Math.round((Date.now() - begin) / 1000)} s, ` +
          `${failures} failures, ${result.refused} without memory, ${result.open} open at the end, ` +
          `${result.lost} lost, longest command ${Math.round(result.longest)} ms`,
      );
    }
  } finally {
    busy.kill('SIGKILL');
  }
  console.log(
    `${total.commands} commands: ${total.failures} failures, ${total.lost} lost, ` +
      `${total.problems} problems, longest command ${Math.round(total.longest)} ms`,
  );
  if (total.problems > 0) process.exitCode = 1;
}
