/** The session that a program runs on: the user's, or one that is booted into a temporary directory for the run. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryPlace } from '../../exec/temporary-place.ts';
import { removeTree } from '../../session/host-files.ts';
import { bootSession, openSession } from '../../session/local-session.ts';
import { SessionError } from '../../session/session-error.ts';
import { type BoardOptions, refuseBoardOptions } from '../read/boot-inputs.ts';
import { needsNoBoard, prepareBoot, prepareWithoutBoard } from '../read/prepare-boot.ts';
import type { Shell } from '../shell.ts';
import { VERSION } from '../version.ts';

export interface RunPlace {
  /** The session's directory. */
  readonly path: string;
  /** Whether it was made for this run. */
  readonly isTemporary: boolean;
  /** Removes a session that was made for the run; nobody has it open any more. */
  remove(): void;
}

/** @param keepsHistory whether a session that is made keeps every call, for --record */
export async function runPlace(sh: Shell, options: BoardOptions, keepsHistory: boolean): Promise<RunPlace> {
  const { board } = sh.options;
  if (board === undefined && !needsNoBoard(options)) {
    refuseBoardOptions(options);
    const session = await sh.session('exec');
    session.close();
    return { path: sh.location().path, isTemporary: false, remove: () => {} };
  }
  sh.refuseSession('exec --board');
  const prepared =
    board === undefined
      ? await prepareWithoutBoard(options, sh.environmentKernel)
      : await prepareBoot(board, options, sh.environmentKernel);
  await sh.warn([...(prepared.inputs.assumed ?? []), ...prepared.warnings]);
  // Mode 0700, as all that mkdtemp makes.
  const path = temporaryPlace(join(tmpdir(), 'dmaheap-exec-'));
  const remove = () => removeTree(path);
  try {
    const inputs = keepsHistory
      ? { ...prepared.inputs, journal: { entries: Number.POSITIVE_INFINITY } }
      : prepared.inputs;
    bootSession({ path, from: '--session' }, inputs, prepared.build, { version: VERSION });
    const session = openSession({ path, from: '--session' });
    const warnings = session.view((kernel) => kernel.warnings());
    session.close();
    await sh.warn(warnings);
    return { path, isTemporary: true, remove };
  } catch (error) {
    remove();
    if (!(error instanceof SessionError) || error.code !== 'session-disk-full') throw error;
    const hint = `free some space in ${tmpdir()}, or name a directory on another disk in TMPDIR`;
    throw new SessionError(error.code, error.message, hint, error);
  }
}
