// npm run soak: long runs in which something goes wrong all the time, and no session may lose anything.
//
//     npm run soak -- [kills] [KILLS [SEED]]   processes are killed, a thousand times unless told otherwise
//     npm run soak -- strace                   every system call that changes the store fails once
//     npm run soak -- disks                    full disks, file-size and descriptor limits, read-only and foreign
//                                              directories; run by strace, too
import { soakFullDisks } from './soak/full-disks.ts';
import { soakKills } from './soak/kills.ts';
import { soakStrace } from './soak/strace.ts';

const [first = 'kills', ...rest] = process.argv.slice(2);
const isNumber = /^\d+$/.test(first);
switch (isNumber ? 'kills' : first) {
  case 'kills': {
    const [kills = 1000, seed = Date.now() % 1_000_000] = (isNumber ? [first, ...rest] : rest).map(Number);
    await soakKills(kills, seed);
    break;
  }
  case 'strace':
    tell([...(await soakStrace()), ...(await soakFullDisks())]);
    break;
  case 'disks':
    tell(await soakFullDisks());
    break;
  default:
    console.error(`no such soak: ${first} (kills, strace, disks)`);
    process.exitCode = 2;
}

function tell(unexpected: readonly string[]): void {
  for (const line of unexpected) console.log(`UNEXPECTED ${line}`);
  if (unexpected.length > 0) process.exitCode = 1;
}
