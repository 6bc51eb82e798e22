/** A recorded case, played by a real program under `dmaheap exec`: what it saw, compared with what was recorded. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boardWithoutTree } from '../../src/board/board.ts';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { compareCase } from '../conformance/compare.ts';
import type { Fact } from '../conformance/fact.ts';
import type { ObservedArea } from '../conformance/observed.ts';
import type { OracleCase } from '../conformance/oracle-case.ts';
import { RecordedProcess } from '../conformance/recorded-process.ts';
import { bootParams, countingReads, logLine } from '../conformance/replay.ts';
import { PlayerKernel } from './player-kernel.ts';

const TASK = 'player';
const AREA_FILES = ['count', 'used', 'maxchunk', 'order_per_bit', 'base_pfn', 'bitmap'] as const;

/** Where the built command and the compiled player lie. */
export interface Programs {
  readonly dmaheap: string;
  readonly player: string;
}

/**
 * Plays a case's steps.
 *
 * @param dtb the board's blob; absent where a machine has none
 * @returns the facts of its steps and of the log that they caused
 * @throws when a step needs what the player cannot do
 */
export async function playCase(
  oracle: OracleCase,
  dtb: Uint8Array | undefined,
  programs: Programs,
): Promise<Fact[]> {
  const { inputs } = oracle;
  const file = `${inputs.board}.dtb`;
  const board =
    dtb === undefined ? boardWithoutTree(inputs.board) : boardFromTree(decodeDtb(dtb, file), file);
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-oracle-'));
  try {
    const location = { path: join(dir, 'session'), from: '--session' } as const;
    const params = bootParams(inputs);
    const bootInputs = { board: dtb ?? new Uint8Array(), file, format: 'dtb', params };
    const { panic } = bootSession(location, bootInputs, (records) => boot(board, params, records));
    if (panic !== undefined) throw new Error(`the boot panics: ${panic}`);
    mkdirSync(join(dir, 'fifos'));
    execFileSync('mkfifo', [join(dir, 'fifos/in'), join(dir, 'fifos/out')]);
    return await play(oracle, location.path, join(dir, 'fifos'), programs);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function play(oracle: OracleCase, path: string, fifos: string, programs: Programs): Promise<Fact[]> {
  const session = openSession({ path, from: '--session' });
  const exec = [
    process.execPath,
    programs.dmaheap,
    'exec',
    '--session',
    path,
    '--task',
    TASK,
    '--',
    programs.player,
  ];
  const kernel = new PlayerKernel(exec, fifos, session, TASK);
  try {
    const mark = kernel.nextSeq;
    const counted = kernel.profile.arch.showsCmaLock
      ? countingReads()
      : (_: string, area: ObservedArea) => area;
    const area = (name: string): ObservedArea | undefined => {
      const seen = areaOf(kernel, name);
      return seen && counted(name, seen);
    };
    // The recorder had read each area once before its first step.
    for (const name of oracle.expectations.boot === undefined
      ? []
      : Object.keys(oracle.expectations.boot.cma))
      area(name);
    const recorder = new RecordedProcess(kernel, area);
    const steps = oracle.inputs.steps.map((step) => recorder.step(step));
    const logAfter = kernel.log(mark).map((line) => ({
      line: logLine(line),
      suppressed: line.suppressed === true,
    }));
    const boot = { knowsCmaFree: false, pageblock: 0, log: [], heaps: [], cma: {}, meminfo: {}, iomem: [] };
    const { facts, notReplayed } = compareCase(oracle.expectations, { ...boot, steps, logAfter });
    const [missing] = Object.keys(notReplayed);
    if (missing !== undefined) throw new Error(`the step ${missing} was not played`);
    // Boots are compared without exec.
    return facts.filter(({ path: fact }) => /^(steps|log_after)/.test(fact));
  } finally {
    await kernel.close();
    session.close();
  }
}

/** An area's files in debugfs, as the program reads them. */
function areaOf(kernel: PlayerKernel, name: string): ObservedArea | undefined {
  const texts = AREA_FILES.map(
    (file) => [file, kernel.text(`/sys/kernel/debug/cma/${name}/${file}`)] as const,
  );
  if (texts.some(([, text]) => text === undefined)) return undefined;
  return Object.fromEntries(texts.map(([file, text]) => [file, text?.trimEnd()])) as unknown as ObservedArea;
}
