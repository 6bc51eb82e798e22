/** Boots one blob of many, where it is worth doing: in this thread or in another. */
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import { type BoardSummary, summarizeBoard } from '../../program/boots/board-summary.ts';
import { UnreadableInput } from '../failures.ts';
import { readInput } from '../read/read-input.ts';
import type { FoundBoard } from './found-board.ts';

/** Never throws: what cannot be read is an outcome, too. */
export function bootBoard({ name, bytes }: FoundBoard, params: BootParams): BoardSummary {
  try {
    return summarizeBoard(name, bytes ?? readInput(name), params);
  } catch (error) {
    const nothing = { name, heaps: [], findings: [], warnings: [] };
    const outcome = error instanceof UnreadableInput ? 'invalid' : 'bug';
    return { ...nothing, outcome, message: error instanceof Error ? error.message : String(error) };
  }
}
