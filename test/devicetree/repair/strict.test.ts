/**
 * Where nothing is to be mended nothing changes: each source of the fixtures gives the same blob, or the same errors,
 * whether somebody mends or not; and a source that compiles is never looked through.
 */
import { dirname } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { loadTree } from '../../../src/cli/read/load-tree.ts';
import * as repair from '../../../src/devicetree/repair/compile-pasted.ts';
import { InvalidInput } from '../../../src/diagnostic.ts';
import { fixtureSeeds } from '../../fuzz/fixture-seeds.ts';
import { projectPath } from '../../small-board.ts';

const sources = [...fixtureSeeds('.dts'), ...fixtureSeeds('.dtb'), ...fixtureSeeds('.yaml')]
  .map(({ name }) => projectPath(`fixtures/${name}`))
  // Each of the recorded boards is there in two forms.
  .filter((name, index) => !name.includes('/oracle/') || index % 5 === 0)
  .filter((name) => !name.includes('/scenarios/') && !name.includes('/reports/r'));

/** What loading a file gives, as a text. */
async function outcome(file: string, wishes: { readonly mendsForm?: true }): Promise<string> {
  try {
    const loaded = await loadTree(file, {
      include: [dirname(file), `${dirname(file)}/include`],
      overlayAsBoard: true,
      ...wishes,
    });
    const { warnings } = loaded;
    return JSON.stringify([Buffer.from(loaded.bytes()).toString('hex'), warnings]);
  } catch (error) {
    if (error instanceof InvalidInput) return 'invalid';
    if ((error as Error).name === 'UnreadableInput') return 'unreadable';
    throw error;
  }
}

describe('all fixtures', () => {
  it('are many', () => {
    expect(sources.length).toBeGreaterThan(100);
  });

  it('that are whole give the same to the byte, and nothing is mended', { timeout: 120_000 }, async () => {
    const mended = vi.spyOn(repair, 'compilePasted');
    let whole = 0;
    for (const file of sources) {
      const strict = await outcome(file, {});
      if (strict === 'invalid' || strict === 'unreadable') continue;
      mended.mockClear();
      expect([file, await outcome(file, { mendsForm: true })]).toEqual([file, strict]);
      expect([file, mended.mock.calls.length]).toEqual([file, 0]);
      whole++;
    }
    expect(whole).toBeGreaterThan(100);
  });

  it('that are broken otherwise than in form stay broken', { timeout: 120_000 }, async () => {
    const mended = vi.spyOn(repair, 'compilePasted');
    mended.mockClear();
    const broken = sources.filter((file) => file.includes('/dts/broken/') && file.endsWith('.dts'));
    const taken: string[] = [];
    for (const file of broken) {
      const what = await outcome(file, { mendsForm: true });
      if (what !== 'invalid' && what !== 'unreadable') taken.push(file.replace(/.*\//, ''));
    }
    // What is mended of them is of the kinds that people's pastes have.
    expect(taken.sort()).toMatchInlineSnapshot(`
      [
        "missing-semicolon-after-node.dts",
        "missing-semicolon-before-node.dts",
        "missing-semicolon.dts",
        "no-such-include.dts",
        "no-version.dts",
        "path-references.dts",
        "phandle-references.dts",
        "too-many.dts",
      ]
    `);
    expect(mended.mock.calls.length).toBeGreaterThan(taken.length);
  });
});
