/**
 * COMMAND below the supervisor, with this process's own standard streams. The supervisor relays how it ended:
 * its code, 128+n for a signal.
 */
import { spawn } from 'node:child_process';
import { ExecFailure } from './exec-failure.ts';

/** Meant for the program. Of those that a terminal sends to it as well, the supervisor passes none on twice. */
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;

/**
 * Runs it to its end.
 *
 * @param words the supervisor, its options and the command
 * @param env the whole environment
 * @param out where its standard output goes: to ours, or to our standard error
 * @returns the exit code
 * @throws ExecFailure when the supervisor cannot be started
 */
export function supervised(
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  out: 'out' | 'err',
): Promise<number> {
  const [file = '', ...args] = words;
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { ...env }, stdio: ['inherit', out === 'out' ? 1 : 2, 2] });
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    for (const signal of PASSED_ON) process.on(signal, pass);
    const restore = () => {
      for (const signal of PASSED_ON) process.removeListener(signal, pass);
    };
    child.once('error', (error) => {
      restore();
      reject(new ExecFailure('exec-carrier', `the supervisor cannot be started: ${error.message}`));
    });
    child.once('exit', (code, signal) => {
      restore();
      // Its own death, which is no answer of the program.
      if (code === null) reject(new ExecFailure('exec-carrier', `the supervisor was killed by ${signal}`));
      else resolve(code);
    });
  });
}
