// npm run soak: long runs that the suite has in short, in which something goes wrong all the time, and no
// session may lose anything.
//
//     npm run soak -- [KIND] [ARGUMENT …]
//
// KIND is one of the names below; `kills` unless it is given.
import { commandsKilled } from './soak/commands-killed.ts';
import { exec } from './soak/exec.ts';
import { fullDisks } from './soak/full-disks.ts';
import { growth } from './soak/growth.ts';
import { kills } from './soak/kills.ts';
import { mixed } from './soak/mixed.ts';
import { readers } from './soak/readers.ts';
import { strace } from './soak/strace.ts';

const KINDS: Readonly<Record<string, (words: readonly string[]) => Promise<void> | void>> = {
  /** Processes that are killed. */
  kills,
  /** Commands of the built command that are ended by signals. */
  'commands-killed': commandsKilled,
  /** Many processes with mixed commands on one session. */
  mixed,
  /** The same while another process owns the session, as a server does. */
  exec,
  /** Readers and writers that never pause. */
  readers,
  /** Every system call that changes the store fails once. */
  strace,
  /** Full disks, limits of files and descriptors, read-only and foreign directories. */
  disks: fullDisks,
  /** What a session takes after many calls. */
  growth,
};

const [first = 'kills', ...rest] = process.argv.slice(2);
const run = Object.hasOwn(KINDS, first) ? KINDS[first] : undefined;
if (run !== undefined) await run(rest);
else if (/^\d+$/.test(first)) await kills([first, ...rest]);
else {
  console.error(`npm run soak -- [${Object.keys(KINDS).join('|')}] [ARGUMENT …], not ${first}`);
  process.exitCode = 2;
}
