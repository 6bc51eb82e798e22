import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { directoryOf, sourceFiles } from '../../src/cli/read/source-files.ts';
import type { BinaryFile, RefusedFile, SourceFile } from '../../src/devicetree/source.ts';

/** A fresh directory with files, each holding its own name. */
function files(...names: readonly string[]): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'dmaheap-files-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const name of names) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), name);
  }
  return dir;
}

/** A reader for a source in `dir/src`. */
const reader = (dir: string, include: readonly string[] = [], allowOutside = false) =>
  sourceFiles({
    directory: join(dir, 'src'),
    include: include.map((name) => join(dir, name)),
    allowOutside,
  });

/** What was read, or why it was not. */
function textOf(answer: SourceFile | BinaryFile | RefusedFile | undefined): string | undefined {
  if (answer === undefined) return undefined;
  return 'refused' in answer ? answer.refused.code : 'text' in answer ? answer.text : 'bytes';
}

test('looks beside the includer, then along the include path; between brackets only there', () => {
  const dir = files('src/a', 'src/both', 'src/deep/both', 'one/a', 'one/both', 'two/both', 'two/c');
  const read = reader(dir, ['one', 'two']);
  const main = join(dir, 'src/board.dts');
  expect(textOf(read('both', undefined, 'quote'))).toBe('src/both');
  expect(textOf(read('both', join(dir, 'src/deep/x.dtsi'), 'quote'))).toBe('src/deep/both');
  expect(textOf(read('a', join(dir, 'src/deep/x.dtsi'), 'quote'))).toBe('one/a');
  expect(textOf(read('both', main, 'angle'))).toBe('one/both');
  expect(textOf(read('c', main, 'quote'))).toBe('two/c');
  expect(textOf(read('c', main, 'binary'))).toBe('bytes');
  expect(textOf(read('none', main, 'quote'))).toBeUndefined();
  expect(read('deep/both', main, 'quote')).toMatchObject({
    path: join(dir, 'src/deep/both'),
    text: 'src/deep/both',
  });
});

test('refuses what lies outside, whichever way it is named, and says what to add', () => {
  const dir = files('src/a', 'other/secret', 'src-not/secret');
  symlinkSync('../other/secret', join(dir, 'src/link'));
  symlinkSync('../other', join(dir, 'src/linked'));
  const names = ['../other/secret', join(dir, 'other/secret'), 'link', 'linked/secret', '../src-not/secret'];
  const read = reader(dir);
  const answers = names.flatMap((name) => [read(name, undefined, 'quote'), read(name, undefined, 'binary')]);
  expect(answers.map(textOf)).toEqual(answers.map(() => 'include-outside'));
  for (const name of names) {
    expect(textOf(reader(dir, [], true)(name, undefined, 'quote'))).toMatch(/secret$/);
    expect(textOf(reader(dir, ['other', 'src-not'])(name, undefined, 'quote'))).toMatch(/secret$/);
  }
  expect(reader(dir)('link', undefined, 'quote')).toEqual({
    refused: {
      code: 'include-outside',
      message: '"link" lies outside the directories of the source and of -I',
      hint: `add -I ${join(dir, 'other')}, or --allow-outside if you trust the source`,
    },
  });
  // Two ways that lead back are no way out.
  expect(textOf(reader(dir)('../src/a', undefined, 'quote'))).toBe('src/a');
});

test('the root directory as -I permits everything', () => {
  const dir = files('src/a', 'other/x');
  const read = sourceFiles({ directory: join(dir, 'src'), include: ['/'], allowOutside: false });
  expect(textOf(read(join(dir, 'other/x').slice(1), undefined, 'angle'))).toBe('other/x');
});

test('directories that an include directory links to count as given, as in a kernel tree', () => {
  const dir = files(
    'src/a',
    'arch/arm64/soc.dtsi',
    'arch/arm64/vendor/x.dtsi',
    'arch/y.dtsi',
    'file',
    'p/real/deep',
  );
  symlinkSync('../arch/arm64', join(dir, 'p/arm64'));
  symlinkSync('../file', join(dir, 'p/file'));
  symlinkSync('nowhere', join(dir, 'p/dangling'));
  symlinkSync('circle', join(dir, 'p/circle'));
  symlinkSync('../../arch', join(dir, 'p/real/linked'));
  const read = reader(dir, ['p']);
  expect(textOf(read('arm64/soc.dtsi', undefined, 'angle'))).toBe('arch/arm64/soc.dtsi');
  expect(textOf(read('file', undefined, 'angle'))).toBe('include-outside');
  expect(textOf(read('dangling', undefined, 'angle'))).toBeUndefined();
  expect(textOf(read('circle', undefined, 'angle'))).toBeUndefined();
  // Only direct links, or a source could bring its own.
  expect(textOf(read('real/linked/y.dtsi', undefined, 'angle'))).toBe('include-outside');
  // `..` behind a link is the parent of where it leads.
  const from = join(dir, 'p/arm64/vendor/x.dtsi');
  expect(textOf(read('../soc.dtsi', from, 'quote'))).toBe('arch/arm64/soc.dtsi');
  expect(textOf(read('../../y.dtsi', from, 'quote'))).toBe('include-outside');
  expect(textOf(reader(dir, ['p', 'arch'])('../../y.dtsi', from, 'quote'))).toBe('arch/y.dtsi');
});

test('what is no file is said, and nothing is waited for', () => {
  const dir = files('src/directory/x', 'src/file', 'one/directory');
  const read = reader(dir, [], true);
  expect(textOf(read('directory', undefined, 'quote'))).toBe('not-a-file');
  expect(textOf(read('/dev/zero', undefined, 'binary'))).toBe('not-a-file');
  expect(textOf(read('file/below', undefined, 'quote'))).toBeUndefined();
  expect(textOf(read('x'.repeat(5000), undefined, 'quote'))).toBeUndefined();
  // A file further along the include path goes before a directory.
  expect(textOf(reader(dir, ['one'])('directory', undefined, 'quote'))).toBe('one/directory');
});

test.runIf(process.platform === 'linux')('a file whose reading fails is said too', () => {
  const read = reader(files('src/a'), [], true);
  expect(textOf(read('/proc/self/mem', undefined, 'binary'))).toBe('file-unreadable');
});

test('a file beyond the limit, and one with a byte order mark', () => {
  const dir = files('src/a');
  writeFileSync(join(dir, 'src/huge'), new Uint8Array(33 * 2 ** 20));
  writeFileSync(join(dir, 'src/bom'), '\ufefftext');
  expect(textOf(reader(dir)('huge', undefined, 'quote'))).toBe('file-too-large');
  expect(textOf(reader(dir)('bom', undefined, 'quote'))).toBe('text');
  const blob = reader(dir)('bom', undefined, 'binary');
  expect(blob).toEqual({ path: join(dir, 'src/bom'), bytes: readFileSync(join(dir, 'src/bom')) });
});

test('include directories that are none are left out', () => {
  const dir = files('src/a', 'file');
  const read = reader(dir, ['nowhere', 'file']);
  expect(textOf(read('a', undefined, 'quote'))).toBe('src/a');
  expect(textOf(read('a', undefined, 'angle'))).toBeUndefined();
});

test('a source’s own includes start from its directory', () => {
  expect(['x/board.dts', 'board.dts', '-'].map(directoryOf)).toEqual(['x', '.', process.cwd()]);
});
