/**
 * The checks boot a board up to 48 times, so a worker does it: the same script as the page's, from a blob, which the
 * page's policy allows and nothing else.
 */
import { type CheckNote, checkedBoard } from '../checked-board.ts';
import type { PageInputs } from '../page-inputs.ts';

/** What the worker answers. */
export type CheckAnswer = { readonly notes: readonly CheckNote[] } | { readonly failed: string };

function answerTo(inputs: PageInputs): CheckAnswer {
  try {
    return { notes: checkedBoard(inputs) };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether this script runs as the worker. */
export const isWorker = typeof document === 'undefined';

/** Answers one question after another. */
export function serveChecks(): void {
  self.addEventListener('message', ({ data }: MessageEvent<PageInputs>) => {
    self.postMessage(answerTo(data));
  });
}

/** Asks for checks; a new question ends the one before. */
export class CheckDesk {
  readonly #script: string;
  #worker: Worker | undefined;

  /** @param script the text of the page's script */
  constructor(script: string) {
    this.#script = script;
  }

  ask(inputs: PageInputs, answer: (answer: CheckAnswer) => void): void {
    this.#worker?.terminate();
    const url = URL.createObjectURL(new Blob([this.#script], { type: 'text/javascript' }));
    const worker = new Worker(url);
    this.#worker = worker;
    worker.addEventListener('message', ({ data }: MessageEvent<CheckAnswer>) => {
      URL.revokeObjectURL(url);
      answer(data);
      worker.terminate();
    });
    worker.addEventListener('error', ({ message }) => {
      URL.revokeObjectURL(url);
      answer({ failed: message || 'the browser started no worker' });
    });
    worker.postMessage({ ...inputs, steps: [] });
  }
}
