/** The core runs in a browser: bundled for one it asks for no module of Node, and for nothing that only Node has. */
import { readFileSync } from 'node:fs';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { sha256 } from '../src/session/kept-bytes.ts';
import { projectPath } from './small-board.ts';

/** What a page would do: boots a board, allocates, runs a scenario. */
const PAGE = `
import { Kernel, boot, boardFromTree, decodeDtb, InMemoryPhysMemory, layoutOf, MemoryRecords } from './src/index.ts';
import { prepareScenario, readScenario, runScenario } from './src/scenario/index.ts';

export function heaps(dtb) {
  const records = new MemoryRecords();
  boot(boardFromTree(decodeDtb(dtb, 'board.dtb'), 'board.dtb'), {}, records);
  const kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
  return kernel.heaps().map(({ name }) => name);
}

export async function passes(dtb, text, sha256) {
  const files = {
    loadBoard: () => boardFromTree(decodeDtb(dtb, 'board.dtb'), 'board.dtb'),
    readFile: () => new Uint8Array(),
    sha256,
  };
  return runScenario(await prepareScenario(readScenario(text, 'page.yaml'), files), {}).failures;
}
`;

const SCENARIO = `
board: board.dtb
steps:
  - { alloc: { heap: system, size: 4K }, as: buf }
  - write: { to: buf, bytes: 00 ff }
  - read: { from: buf, length: 2 }
    expect: { bytes: 00ff, sha256: ${sha256(Uint8Array.of(0, 255))} }
  - read: { from: buf, length: 2 }
    expect: { sha256: '00' }
`;

const DTB = readFileSync(projectPath('fixtures/boards/camera-soc.dtb'));

interface Page {
  heaps(dtb: Uint8Array): readonly string[];
  passes(dtb: Uint8Array, text: string, sha: typeof sha256): Promise<readonly unknown[]>;
}

test('bundled for a browser, with no module of Node and none of its globals', async () => {
  const { outputFiles, metafile } = await build({
    absWorkingDir: projectPath('.'),
    stdin: { contents: PAGE, resolveDir: projectPath('.') },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'page',
    metafile: true,
    write: false,
  });
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  expect(imports.filter(({ path, external }) => external === true || path.startsWith('node:'))).toEqual([]);
  // JavaScript's own, and what browsers have of the rest.
  const context = createContext({ TextEncoder, TextDecoder });
  const page = runInContext(`${outputFiles[0]?.text}; page`, context) as Page;
  expect(page.heaps(DTB)).toHaveLength(6);
  expect(await page.passes(DTB, SCENARIO, sha256)).toMatchObject([{ mismatches: [{ what: 'sha256' }] }]);
});
