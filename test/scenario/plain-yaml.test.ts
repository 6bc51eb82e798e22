// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scenarios
/** The quick reader of plain YAML answers as the library does, or not at all. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readYaml, type YamlSource } from '../../src/board/yaml-source.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { readPlainYaml } from '../../src/scenario/plain-yaml.ts';
import { projectPath } from '../small-board.ts';

const LIMITS = { characters: 1 << 24, tokens: 10_000_000, scalar: 1 << 24, depth: 100 };

function byLibrary(text: string): YamlSource | undefined {
  try {
    const source = readYaml(text, 'f', LIMITS);
    return source.diagnostics.length === 0 ? source : undefined;
  } catch (error) {
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

/** Both agree where the quick one answers. @returns whether it did */
function agree(text: string): boolean {
  const plain = readPlainYaml(text, 'f');
  if (plain === undefined) return false;
  const library = byLibrary(text);
  expect(plain.root, text).toEqual(library?.root);
  for (let at = 0; at <= text.length; at += 7) expect(plain.position(at)).toEqual(library?.position(at));
  return true;
}

const files = ['fixtures/scenarios', 'fixtures/scenarios/oracle', 'fixtures/boards'].flatMap((folder) =>
  readdirSync(projectPath(folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name)),
);

/** Pieces that YAML texts are made of, in any order: most are wrong, and some mean what one does not expect. */
const piece = fc.constantFrom(
  ...[
    'a',
    'key',
    'b: ',
    '- ',
    '-',
    ': ',
    ':',
    ', ',
    ',',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '#',
    ' #',
    '\n',
    '\n  ',
    '\n    ',
  ],
  ...[
    '\n- ',
    '\n  - ',
    ' ',
    '  ',
    '12',
    '0x1',
    '-1',
    '@x',
    '&a',
    '*a',
    '!t',
    '|',
    '>',
    '?',
    '? ',
    '\\n',
    '\\',
    '${i}',
    '~',
  ],
  ...[
    '"x"',
    "'it''s'",
    '{ a: b }',
    '[1, 2]',
    '"a\\"b"',
    'true',
    '%',
    '---',
    '\n---\n',
    '...',
    '\n...\n',
    '<<: x',
    'é',
    '=',
    '(',
    ')',
  ],
);

describe('plain YAML', () => {
  it.each(files)('is what %s is', (file) => {
    const answered = agree(readFileSync(projectPath(file), 'utf8'));
    expect(answered || file.startsWith('fixtures/boards')).toBe(true);
  });

  it('is not what the library has to look at', () => {
    for (const text of [
      'a: |\n  text\n',
      'a: &x 1\nb: *x\n',
      'a: two\n  lines\n',
      'a:\nb: 1\n',
      'a: 1\na: 2\n',
      'a: [1,\n  2]\n',
      'a: !t 1\n',
      'a:\t1\n',
      'a: b: c\n',
      'a: 1\n b: 2\n',
      '- - 1\n',
      'a: {b: 1\n',
      '? a\n: b\n',
    ]) {
      expect(readPlainYaml(text, 'f'), text).toBeUndefined();
    }
  });

  it('agrees with the library on whatever it answers', () => {
    let answered = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        if (agree(pieces.join(''))) answered++;
        if (agree(`a:\n  - b: ${pieces.join('')}\n`)) answered++;
      }),
      { numRuns: 20_000 },
    );
    expect(answered).toBeGreaterThan(1000);
  });
});
