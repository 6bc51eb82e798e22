/** The board that session tests boot, and the inputs that a session keeps of it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import type { BootOutcome } from '../../src/kernel/boot/boot.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { Records } from '../../src/records.ts';
import type { SessionLocation } from '../../src/session/directory.ts';
import type { BootInputs } from '../../src/session/session.ts';

/** The project's directory: above this file, or above the bundle that it became part of. */
export const ROOT = process.env.DMAHEAP_TEST_ROOT ?? findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(from: string): string {
  return existsSync(join(from, 'fixtures/boards')) ? from : findRoot(dirname(from));
}

const FILE = 'camera-soc.dtb';

export function cameraInputs(): BootInputs {
  const board = new Uint8Array(readFileSync(`${ROOT}/fixtures/boards/${FILE}`));
  return { board, file: FILE, format: 'dtb', params: {} };
}

export const bootInputs =
  (inputs: BootInputs) =>
  (records: Records): BootOutcome =>
    boot(boardFromTree(decodeDtb(inputs.board, inputs.file), inputs.file), inputs.params, records);

export const at = (path: string): SessionLocation => ({ path, from: '--session' });
