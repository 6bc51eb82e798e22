/** For tests of the comparison: what a replay that agrees with every recorded answer would have seen. */
import { recordedTasks, withoutIgnored } from './compare.ts';
import type { Observed, ObservedArea, ObservedPiece, ObservedStep } from './observed.ts';
import type { Expectations, JsonObject } from './oracle-case.ts';
import type { RecordedRun } from './system-shape.ts';
import { greedyOrders, recordedRuns } from './system-shape.ts';

function area(recorded: JsonObject): ObservedArea {
  const text = (key: string): string => String(recorded[key]);
  return {
    count: text('count'),
    used: text('used'),
    maxchunk: text('maxchunk'),
    order_per_bit: text('order_per_bit'),
    base_pfn: text('base_pfn'),
    bitmap: text('bitmap'),
  };
}

/** Cuts recorded runs into the pieces that the system heap's rule makes of them. */
function pieces(runs: readonly RecordedRun[]): ObservedPiece[] {
  const orders = greedyOrders(runs.reduce((sum, [, pages]) => sum + pages, 0));
  return runs.flatMap(([address, pages]) => {
    const cut: ObservedPiece[] = [];
    for (let done = 0; done < pages; done += cut.at(-1)?.pages ?? pages) {
      cut.push({ address: BigInt(address) + BigInt(done) * 4096n, pages: 2 ** (orders.shift() ?? 0) });
    }
    return cut;
  });
}

/** An `Observed` without a difference from `expected`. */
export function perfectReplay(expected: Expectations): Observed {
  const steps = expected.steps.map(({ answer }): ObservedStep => {
    const runs = recordedRuns(answer.phys);
    const lines = Array.isArray(answer.log) ? answer.log : [];
    const log = lines.map((line) => ({ line: String(line), suppressed: false }));
    return runs === undefined
      ? { kind: 'answered', answer, ...(expected.labDriver && { log }) }
      : { kind: 'answered', answer, pieces: pieces(runs), overlaps: [] };
  });
  const { boot } = expected;
  return {
    ...(expected.panic === undefined ? {} : { panic: expected.panic }),
    knowsCmaFree: true,
    pageblock: expected.pageblock ?? 0,
    log: withoutIgnored(boot?.log ?? [], expected.logFilter),
    heaps: boot?.heaps ?? [],
    cma: Object.fromEntries(
      Object.entries(boot?.cma ?? {}).map(([name, recorded]) => [name, area(recorded)]),
    ),
    meminfo: boot?.meminfo ?? {},
    iomem: boot?.iomem ?? [],
    steps,
    tasks: recordedTasks(expected),
    logAfter: expected.logAfter.map((line) => ({ line, suppressed: false })),
  };
}
