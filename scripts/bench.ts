// npm run bench: every part in a process of its own, so that none warms or litters another's.
//   npm run bench [-- PART …]      start (a cold command beside node alone), arena (bytes beside memcpy and dd),
//                                  scenario (100,000 steps beside the same calls),
//                                  search (free pages in a fragmented area beside a loop in C),
//                                  exec (a real program's calls beside a bare echo)
//
// Ends with 1 when a part missed a limit. `bench:dts` is apart, since it fetches a kernel's sources.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const PARTS = ['start', 'arena', 'scenario', 'search', 'exec'];

const root = resolve(process.argv[1] ?? '.', '../..');
const chosen = process.argv.length > 2 ? process.argv.slice(2) : PARTS;
const unknown = chosen.find((part) => !PARTS.includes(part));
if (unknown !== undefined) {
  console.error(`no part ${unknown}: there are ${PARTS.join(', ')}`);
  process.exitCode = 2;
} else {
  for (const part of chosen) {
    const args = [join(root, 'scripts/run-ts.mjs'), join(root, `scripts/bench-${part}.ts`)];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (status !== 0) process.exitCode = 1;
  }
}
