/**
 * npm run soak -- exec [PROCESSES [COMMANDS [ROUNDS [KILLED-AFTER]]]] [--node PATH] [--seed N]
 *
 * Mixed commands of the built command on one session, which another process owns and works on as a server does; in every
 * second round that one is killed after so many milliseconds, and another one comes in its place.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleChild } from '../../test/session/bundle-child.ts';
import { runMixed } from '../../test/session/mixed-session.ts';
import { inDirectory } from './in-directory.ts';

export async function exec(words: readonly string[]): Promise<void> {
  const { positionals, values } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: { node: { type: 'string' }, seed: { type: 'string' } },
  });
  const [processes = 8, commands = 100, rounds = 6, killedAfter = 2000] = positionals.map(Number);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const { node = process.execPath } = values;
  const bundle = await bundleChild();
  console.log(`${processes} processes, ${commands} commands each, ${rounds} rounds, seed ${seed}`);
  const total = { commands: 0, lost: 0, problems: 0, longest: 0, calls: 0, leases: 0, killed: 0, waited: 0 };
  try {
    for (let round = 1; round <= rounds; round++) {
      const owner = { bundle, ...(round % 2 === 0 && { killedAfter }) };
      const result = await inDirectory((directory) =>
        runMixed(join(directory, 'session'), { processes, commands, seed: seed + round, node, owner }),
      );
      for (const problem of result.problems.slice(0, 20)) console.log(`  ${problem}`);
      const { done = 0, leases = 0, killed = 0, longest = 0 } = result.owner ?? {};
      total.commands += result.commands;
      total.lost += result.lost;
      total.problems += result.problems.length;
      total.longest = Math.max(total.longest, result.longest);
      total.calls += done;
      total.leases += leases;
      total.killed += killed;
      total.waited = Math.max(total.waited, longest);
      console.log(
        `round ${round}: ${result.commands} commands, longest ${Math.round(result.longest)} ms; the owner: ${done} calls, ` +
          `${leases} leases, longest call ${Math.round(longest)} ms, ${killed} times killed; ${result.problems.length} problems`,
      );
    }
  } finally {
    rmSync(bundle, { force: true });
  }
  console.log(
    `${total.commands} commands, longest ${Math.round(total.longest)} ms; ${total.calls} calls of owners, which were ` +
      `${total.killed} times killed, ${total.leases} leases, longest call ${Math.round(total.waited)} ms; ` +
      `${total.lost} lost, ${total.problems} problems`,
  );
  if (total.problems > 0) process.exitCode = 1;
}
