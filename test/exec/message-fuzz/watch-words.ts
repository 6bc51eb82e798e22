/** What is said in a WATCH: right, wrong in one place, and hostile. */
import type { Random } from '../../fuzz/random.ts';
import { TOKEN } from '../carrier.ts';

type Words = Readonly<Record<string, unknown>>;

/** What a run asks for. @param task the name of its first task */
export const watchWords = (task: string, random: Random): Words => ({
  token: TOKEN,
  watch: 1,
  task,
  command: ['./app', '--size', '4K'],
  strace: random.oneIn(2),
  checkSync: random.oneIn(4),
  hostPageSize: random.oneIn(2),
  seccomp: random.oneIn(2),
});

const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  '',
  'x'.repeat(300),
  '\u0000',
  '/etc/passwd',
  [],
  {},
  [[]],
  { toString: 1, length: 64 },
  '__proto__',
];

/** The same words, one of them with another value. */
export function changedWords(words: Words, random: Random): string {
  const name = random.pick(Object.keys(words));
  const token = [TOKEN.slice(1), `${TOKEN}f`, `${TOKEN.slice(1)}e`, TOKEN.toUpperCase()];
  const value = random.pick(name === 'token' ? [...token, ...VALUES] : VALUES);
  return JSON.stringify({ ...words, [name]: value });
}

const deep = (open: string, close: string): string => `${open.repeat(20_000)}1${close.repeat(20_000)}`;

/** Words of nobody. */
const HOSTILE: readonly string[] = [
  '',
  '{',
  'null',
  '1',
  '"watch"',
  '[]',
  '{}',
  '\ufeff{}',
  deep('[', ']'),
  deep('{"with":', '}'),
  `{"token":${deep('[', ']')},"watch":1}`,
  `{"token":"${'f'.repeat(100_000)}","watch":1}`,
  `{"__proto__":{"token":"${TOKEN}","watch":1}}`,
  `{"constructor":{"prototype":{"watch":1}},"summary":true}`,
  `{"token":"${TOKEN}","watch":1.0000001}`,
  `{"token":"${TOKEN}","watch":"1"}`,
  `{"token":{"length":64},"watch":1}`,
  '{"summary":true}',
  '{"with":"/etc/passwd"}',
];

export const hostileWords = (random: Random): string => random.pick(HOSTILE);
