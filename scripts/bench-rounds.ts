// What measurements share: medians, and rounds in which every contender takes its turn beside its yardstick,
// so that a busy machine slows both; the median of the rounds' ratios is what counts.

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The seconds that `body` takes. */
export function seconds(body: () => void): number {
  const start = process.hrtime.bigint();
  body();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

export const gibPerSecond = (bytes: number, time: number): string =>
  `${(bytes / 2 ** 30 / time).toFixed(2).padStart(6)} GiB/s`;

/** One way to move bytes, and the same without us; both give the seconds that they took. */
export interface Contest {
  readonly what: string;
  readonly ours: () => number;
  readonly yardstick: () => number;
}

export interface Throughput {
  readonly title: string;
  /** What the yardstick is. */
  readonly against: string;
  readonly contests: readonly Contest[];
  /** How many bytes one turn moves. */
  readonly bytes: number;
  readonly rounds: number;
  /** The least that our speed may be, in times of the yardstick's; without one it is only recorded. */
  readonly limit?: number | undefined;
}

const WARM_UP = 2;

/** Runs and prints the contests. @returns whether all keep the limit */
export function contend({ title, against, contests, bytes, rounds, limit }: Throughput): boolean {
  const measured = contests.map((contest) => ({ contest, turns: [] as { ours: number; theirs: number }[] }));
  for (let round = 0; round < rounds + WARM_UP; round++) {
    for (const { contest, turns } of measured) {
      // Whoever comes second finds warmer caches: they swap.
      const early = round % 2 === 0 ? contest.yardstick() : undefined;
      const ours = contest.ours();
      const theirs = early ?? contest.yardstick();
      if (round >= WARM_UP) turns.push({ ours, theirs });
    }
  }
  console.log(title);
  let kept = true;
  for (const { contest, turns } of measured) {
    const ratio = median(turns.map(({ ours, theirs }) => theirs / ours));
    const good = limit === undefined || ratio >= limit;
    kept &&= good;
    const ours = gibPerSecond(bytes, median(turns.map((turn) => turn.ours)));
    const theirs = gibPerSecond(bytes, median(turns.map((turn) => turn.theirs)));
    const verdict = limit === undefined ? '' : ` (limit ${limit}${good ? '' : ', MISSED'})`;
    console.log(
      `  ${contest.what.padEnd(18)} ${ours}  ${against} ${theirs}  ${ratio.toFixed(2)} x${verdict}`,
    );
  }
  return kept;
}
