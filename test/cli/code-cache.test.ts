/** The code that V8 made of the bundles at build time is a help, never a condition. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { COMMAND, freshPlace } from './built-command.ts';

const DIST = join(dirname(COMMAND), '../dist');
const CACHES = join(DIST, 'code-cache', `${process.versions.v8}-${process.arch}`);
const BUNDLES = readdirSync(DIST)
  .filter((name) => name.endsWith('.cjs'))
  .sort();

/** The build id, which a bundle begins with: a hash of the rest. */
const idOf = (name: string): string => readFileSync(join(DIST, name), 'utf8').slice(2, 18);

const CLI = `cli.cjs-${idOf('cli.cjs')}`;

test('a bundle begins with a hash of the rest', () => {
  for (const name of BUNDLES) {
    const text = readFileSync(join(DIST, name), 'utf8').slice('//0123456789abcdef\n'.length);
    expect(createHash('sha256').update(text).digest('hex').slice(0, 16)).toBe(idOf(name));
  }
});

test('V8 takes the cache that the build wrote', () => {
  const caches = BUNDLES.map((name) => [name, `${name}-${idOf(name)}`] as const);
  caches.push(['cli.cjs', `${CLI}-often`]);
  expect(readdirSync(CACHES).sort()).toEqual(caches.map(([, file]) => file).sort());
  for (const [name, file] of caches) {
    const source = readFileSync(join(DIST, name), 'utf8');
    const cachedData = readFileSync(join(CACHES, file));
    const script = new Script(source, { filename: name, cachedData });
    expect([name, script.cachedDataRejected]).toEqual([name, false]);
  }
});

test.each([
  ['no cache', () => undefined],
  ['a cache of something else', (cache: string) => writeFileSync(join(cache, CLI), 'not a cache')],
  [
    'half a cache',
    (cache: string) => {
      const whole = readFileSync(join(CACHES, CLI));
      writeFileSync(join(cache, CLI), whole.subarray(0, whole.length >> 1));
    },
  ],
])('%s changes nothing', (_, spoil) => {
  const place = freshPlace();
  const copy = join(place.dir, 'package');
  cpSync(dirname(COMMAND), join(copy, 'bin'), { recursive: true });
  const cache = join(copy, 'dist', 'code-cache', `${process.versions.v8}-${process.arch}`);
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(DIST)) {
    if (name.endsWith('.cjs')) cpSync(join(DIST, name), join(copy, 'dist', name));
  }
  spoil(cache);
  const ran = (command: string) => place.inShell(`${command} dt boards/camera-soc.dts`);
  expect(ran(`"${process.execPath}" package/bin/dmaheap.cjs`)).toEqual(ran('dmaheap'));
});
