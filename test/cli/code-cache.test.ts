/** The code that V8 made of the bundles at build time is a help, never a condition. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { wrap } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { COMMAND, freshPlace } from './built-command.ts';

const DIST = join(dirname(COMMAND), '../dist');
const CACHES = join(DIST, 'code-cache', `${process.versions.v8}-${process.arch}`);

test('V8 takes the cache that the build wrote', () => {
  expect(readdirSync(CACHES).sort()).toEqual(['cli.cjs', 'device-tree-source.cjs', 'scenario.cjs']);
  for (const name of readdirSync(CACHES)) {
    const source = wrap(readFileSync(join(DIST, name), 'utf8'));
    const script = new Script(source, { filename: name, cachedData: readFileSync(join(CACHES, name)) });
    expect([name, script.cachedDataRejected]).toEqual([name, false]);
  }
});

test.each([
  ['no cache', () => undefined],
  ['a cache of something else', (cache: string) => writeFileSync(join(cache, 'cli.cjs'), 'not a cache')],
  [
    'half a cache',
    (cache: string) => {
      const whole = readFileSync(join(CACHES, 'cli.cjs'));
      writeFileSync(join(cache, 'cli.cjs'), whole.subarray(0, whole.length >> 1));
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
