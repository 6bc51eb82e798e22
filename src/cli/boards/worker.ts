/** The other threads that boot boards: each is this command again, with a word that says so. */
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import type { BoardSummary } from '../../program/boots/board-summary.ts';
import { bootBoard } from './boot-board.ts';
import type { FoundBoard } from './found-board.ts';

/** What a thread is given; nothing more comes after an empty list. */
export interface BoardJobs {
  readonly first: number;
  readonly boards: readonly FoundBoard[];
}

/** What comes back. */
export interface BoardResults {
  readonly first: number;
  readonly summaries: readonly BoardSummary[];
}

/** Boots what it is given, until there is no more. @returns false where this is no such thread */
export async function serveBoards(): Promise<boolean> {
  const { parentPort, workerData } = await import('node:worker_threads');
  if (parentPort === null) return false;
  const params = workerData as BootParams;
  await new Promise<void>((resolve) => {
    parentPort.on('message', ({ first, boards }: BoardJobs) => {
      if (boards.length === 0) return resolve();
      const results: BoardResults = { first, summaries: boards.map((board) => bootBoard(board, params)) };
      parentPort.postMessage(results);
    });
  });
  parentPort.close();
  return true;
}
