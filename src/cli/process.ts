/** The process that a user starts: its words, streams, environment and exit code. */
import { EXIT_INTERRUPTED } from './exit-code.ts';
import { main } from './main.ts';
import { processStreams } from './terminal/streams.ts';

const surroundings = {
  streams: processStreams,
  env: process.env,
  // Asked when a command asks: the directory may be gone.
  get cwd() {
    return process.cwd();
  },
};

main(process.argv.slice(2), surroundings).then((code) => {
  process.exitCode = code;
  // exit() waits for a call that blocks, such as opening a pipe that nobody writes to. Input that somebody still
  // holds open is waited for no longer: the default action of the signal does not.
  if (process.getActiveResourcesInfo().includes('FSReqCallback')) {
    if (code === EXIT_INTERRUPTED) process.kill(process.pid, 'SIGINT');
    return;
  }
  // Not an ordinary end: all output is written, and the store needs no closing. SQLite would write its log into the
  // database there, which costs more syncs than the commit did.
  process.exit();
});
