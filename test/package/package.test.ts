/** What `npm pack` would ship: nothing that is not needed, and no more bytes than the docs say. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { commandPages } from '../../scripts/man/command-pages.ts';
import { formPages } from '../../scripts/man/form-pages.ts';
import { projectPath } from '../small-board.ts';

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

let packed: Packed;
beforeAll(() => {
  // Without its script, which builds everything anew.
  const { stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: projectPath('.'),
    encoding: 'utf8',
  });
  const [first] = JSON.parse(stdout || '[]');
  if (first === undefined) throw new Error(stderr);
  packed = first;
});

/** What may be there, by the beginning of its path. */
const SHIPPED =
  /^(bin|dist|docs|fixtures\/(boards|scenarios)|man|native|prebuilt|profiles|schema)\/|^(CHANGELOG\.md|LICENSE|README\.md|package\.json)$/;

test('only what is needed is packed', () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths.filter((path) => !SHIPPED.test(path))).toEqual([]);
  expect(
    paths.filter((path) => /\.test\.|(^|\/)(node_modules|coverage|oracle|\.dmaheap)\//.test(path)),
  ).toEqual([]);
  for (const path of [
    'bin/dmaheap.cjs',
    'dist/cli.cjs',
    'schema/scenario.json',
    'dist/THIRD-PARTY.txt',
    'LICENSE',
  ]) {
    expect(paths).toContain(path);
  }
});

test('the size is at most what docs/ci.md says', () => {
  const [, packedMb, unpackedMb] =
    /at most ([\d.]+) MB packed and ([\d.]+) MB unpacked/.exec(
      readFileSync(projectPath('docs/ci.md'), 'utf8'),
    ) ?? [];
  expect(packed.size / 1e6).toBeLessThan(Number(packedMb));
  expect(packed.unpackedSize / 1e6).toBeLessThan(Number(unpackedMb));
});

test('npm puts every manual page where man looks: package.json lists them', async () => {
  const { man } = JSON.parse(readFileSync(projectPath('package.json'), 'utf8'));
  const pages = [...(await commandPages('2026-11-29')), ...formPages('2026-11-29')];
  expect(man).toEqual(pages.map(({ file }) => `./man/${file}`).sort());
});
