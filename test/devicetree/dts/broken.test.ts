import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CompiledDts } from '../../../src/devicetree/dts/compile.ts';
import type { OriginPosition } from '../../../src/devicetree/source.ts';
import type { Diagnostic, SourcePosition } from '../../../src/diagnostic.ts';
import { compileFile, dtcFile, hasDtc } from './compile-file.ts';

const FOLDER = 'fixtures/dts/broken';
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.dts'));

/** What we refuse although dtc 1.6 takes it (1.7 does not), or that stops at a limit dtc does not have. */
const STRICTER = ['plugin-path-fixup.dts', 'expression-too-deep.dts', 'too-deep.dts', 'node-name-chars.dts'];

const place = ({ file, line, column }: SourcePosition): string =>
  `${file.replace(`${FOLDER}/`, '')}:${line}:${column}`;

/** A diagnostic as a compiler prints it, with the line, a caret and the includes. */
function shown({ code, severity, message, position, path, hint }: Diagnostic, compiled: CompiledDts): string {
  const lines = [`${position === undefined ? '' : `${place(position)}: `}${severity} ${code}: ${message}`];
  const text = position && compiled.lineText(position);
  if (text !== undefined) {
    const shortened = text.length > 100 ? `${text.slice(0, 100)}…` : text;
    lines.push(
      `  | ${shortened}`,
      `  | ${text.slice(0, (position?.column ?? 1) - 1).replace(/[^\t]/g, ' ')}^`,
    );
  }
  for (let at = (position as OriginPosition | undefined)?.includedFrom; at; at = at.includedFrom) {
    if (lines.length < 8) lines.push(`  included from ${place(at)}`);
  }
  if (path !== undefined) lines.push(`  in ${path}`);
  if (hint !== undefined) lines.push(`  hint: ${hint}`);
  return lines.join('\n');
}

describe('a broken source', () => {
  it('is one of at least 30', () => {
    expect(names.length).toBeGreaterThanOrEqual(30);
  });

  it.each(names)('%s', async (name) => {
    const compiled = compileFile(FOLDER, name);
    expect(compiled.tree).toBeUndefined();
    const text = compiled.diagnostics.map((diagnostic) => shown(diagnostic, compiled)).join('\n\n');
    await expect(`${text}\n`).toMatchFileSnapshot(`../../../${FOLDER}/${name.replace('.dts', '.txt')}`);
  });

  it.skipIf(!hasDtc).each(names.filter((name) => !STRICTER.includes(name)))('dtc refuses %s too', (name) => {
    expect(dtcFile(FOLDER, name)).toBeTypeOf('string');
  });
});
