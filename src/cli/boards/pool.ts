/** Boots many boards on all processors. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import type { BoardSummary } from '../../program/boots/board-summary.ts';
import { bootBoard } from './boot-board.ts';
import type { FoundBoard } from './found-board.ts';
import type { BoardJobs, BoardResults } from './worker.ts';

/** The word with which a thread is started. */
export const BOARDS_WORKER = '__boards';

/** Boards that a thread is given at once. */
const BATCH = 8;
/** With fewer for each, a thread takes longer to start than it saves. */
const LEAST_FOR_THREAD = 64;

export interface PoolOptions {
  readonly params: BootParams;
  /** How many threads there may be. */
  readonly threads: number;
  /** Told how many are done. */
  readonly onDone: (done: number) => void;
}

/** The command itself, when it is the built one; `undefined` where it runs from its source. */
function commandFile(): string | undefined {
  const here = import.meta.url;
  const file = join(dirname(here.startsWith('file:') ? fileURLToPath(here) : here), '../bin/dmaheap.cjs');
  return existsSync(file) ? file : undefined;
}

/** Boots them; what comes back is in their order. */
export async function bootBoards(
  boards: readonly FoundBoard[],
  options: PoolOptions,
): Promise<readonly BoardSummary[]> {
  const threads = Math.min(options.threads, Math.floor(boards.length / LEAST_FOR_THREAD));
  const file = threads > 1 ? commandFile() : undefined;
  return file === undefined ? bootHere(boards, options) : bootInThreads(file, threads, boards, options);
}

async function bootHere(
  boards: readonly FoundBoard[],
  { params, onDone }: PoolOptions,
): Promise<readonly BoardSummary[]> {
  const summaries: BoardSummary[] = [];
  for (const board of boards) {
    summaries.push(bootBoard(board, params));
    onDone(summaries.length);
  }
  return summaries;
}

async function bootInThreads(
  file: string,
  threads: number,
  boards: readonly FoundBoard[],
  { params, onDone }: PoolOptions,
): Promise<readonly BoardSummary[]> {
  const { Worker } = await import('node:worker_threads');
  const summaries: BoardSummary[] = new Array(boards.length);
  let [next, done] = [0, 0];
  /** What no thread has got yet; an empty list at the end. */
  const take = (): BoardJobs => {
    const first = next;
    next = Math.min(boards.length, next + BATCH);
    return { first, boards: boards.slice(first, next) };
  };
  const serve = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(file, { argv: [BOARDS_WORKER], workerData: params });
      worker.on('message', ({ first, summaries: some }: BoardResults) => {
        for (const [i, summary] of some.entries()) summaries[first + i] = summary;
        done += some.length;
        onDone(done);
        worker.postMessage(take());
      });
      worker.once('error', reject);
      worker.once('exit', () => resolve());
      worker.postMessage(take());
    });
  await Promise.all(Array.from({ length: threads }, serve));
  // A thread that died without a word has left its own behind.
  return boards.map((board, i) => summaries[i] ?? bootBoard(board, params));
}
