/** Runs scenarios that stand in tests: on the camera board unless one stands in them. */
import { readFileSync } from 'node:fs';
import type { Board } from '../../src/board/board.ts';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import { type Diagnostic, InvalidInput } from '../../src/diagnostic.ts';
import {
  type PreparedScenario,
  prepareScenario,
  type RunOptions,
  type RunReport,
  readScenario,
  runScenario,
  type ScenarioFiles,
} from '../../src/scenario/index.ts';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { projectPath } from '../small-board.ts';

export const CMA = 'video-cma@60000000';
export const POOL = 'vpu-pool@50000000';

export function cameraBoard(): Board {
  const file = 'fixtures/boards/camera-soc.dtb';
  return boardFromTree(decodeDtb(readFileSync(projectPath(file)), file), file);
}

/** Files that scenarios of tests name. */
export const FILES: ScenarioFiles = {
  loadBoard: () => cameraBoard(),
  readFile: (name) => {
    if (name !== 'hello.txt') throw new Error(`${name}: no such file`);
    return new TextEncoder().encode('hello');
  },
  sha256,
};

/** Adds a board to steps that stand alone. */
const whole = (text: string): string => (/^board:/m.test(text) ? text : `board: camera\n${text}`);

export const prepared = (text: string): Promise<PreparedScenario> =>
  prepareScenario(readScenario(whole(text), 'test.yaml'), FILES);

export const run = async (text: string, options?: RunOptions): Promise<RunReport> =>
  runScenario(await prepared(text), options);

/** What did not hold: `3 errno: expected success, got ENOMEM`. */
export function failures(report: RunReport): string[] {
  const said = (where: string | number) => (mismatch: { what: string; expected: string; got: string }) =>
    `${where} ${mismatch.what}: expected ${mismatch.expected}, got ${mismatch.got}`;
  return [
    ...report.failures.flatMap((step) => step.mismatches.map(said(step.number))),
    ...(report.end?.mismatches.map(said('end')) ?? []),
  ];
}

/** Runs what must pass. */
export async function passes(text: string): Promise<RunReport> {
  const report = await run(text, { keepGoing: true });
  if (report.verdict !== 'passed') throw new Error(failures(report).join('\n'));
  return report;
}

/** Everything that is wrong with a file, as `LINE:COLUMN code message`; lines of the text as it is given. */
export async function problemsOf(text: string): Promise<string[]> {
  try {
    await prepareScenario(readScenario(text, 'test.yaml'), FILES);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.diagnostics.map(told);
  }
}

const told = ({ code, message, position, hint }: Diagnostic): string =>
  `${position?.line}:${position?.column} ${code} ${message}${hint === undefined ? '' : ` | ${hint}`}`;
