// npm run soak: long runs that the suite has in short.
//
//     npm run soak -- [KIND] [ARGUMENT …]
//
// KIND is one of the names below; `kills` unless it is given.
import { commandsKilled } from './soak/commands-killed.ts';
import { kills } from './soak/kills.ts';
import { mixed } from './soak/mixed.ts';
import { readers } from './soak/readers.ts';

const KINDS = { kills, mixed, readers, 'commands-killed': commandsKilled };

const [first = '', ...rest] = process.argv.slice(2);
const isKind = (word: string): word is keyof typeof KINDS => Object.hasOwn(KINDS, word);
if (isKind(first)) await KINDS[first](rest);
else if (first === '' || /^\d+$/.test(first)) await kills(process.argv.slice(2));
else {
  console.error(`npm run soak -- [${Object.keys(KINDS).join('|')}] [ARGUMENT …], not ${first}`);
  process.exitCode = 2;
}
