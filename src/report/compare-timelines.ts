/** Where the same steps came to something else on another kernel or board. */
import type { ReportBuffer, TimelineData } from './report-data.ts';

/** Steps that are told; the rest is counted. */
const MAX_TOLD = 100;

const address = (buffer: ReportBuffer | undefined, pageSize: number): string =>
  buffer === undefined ? '' : ` at 0x${(BigInt(buffer.runs[0] ?? 0) * BigInt(pageSize)).toString(16)}`;

/** What each step came to: how it ended, and where the buffer lies that it made. */
function answersOf({ steps, buffers, pageSize }: TimelineData): readonly string[] {
  const made = new Map(buffers.map((buffer) => [buffer.born, buffer]));
  return steps.map(({ ended }, index) => `${ended ?? 'done'}${address(made.get(index + 1), pageSize)}`);
}

/** One sentence a step that answers otherwise: `step 4: alloc: …: done at 0x60000000; there ENOMEM`. */
export function timelineDifferences(own: TimelineData, other: TimelineData): readonly string[] {
  const [before, after] = [answersOf(own), answersOf(other)];
  const told = own.steps.flatMap(({ text }, index) =>
    before[index] === after[index]
      ? []
      : [`step ${index + 1}: ${text}: ${before[index]}; there ${after[index] ?? 'it was not reached'}`],
  );
  const more = told.length - MAX_TOLD;
  return more > 0 ? [...told.slice(0, MAX_TOLD), `and ${more} more steps`] : told;
}
