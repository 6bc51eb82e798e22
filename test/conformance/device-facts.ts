/**
 * What drivers got, compared at the grades of `cases-7.3-devices/README.md`: frames of the page allocator are
 * structural, everything else is exact.
 */
import { exact, type Fact, lineFacts } from './fact.ts';
import type { ObservedLogLine } from './observed.ts';
import type { Json, JsonObject } from './oracle-case.ts';

/** The recorder was process 1, of this name; ours is the shell. */
const RECORDER = /\binit\b/;
const PAGE = 4096n;

type Answer = Readonly<Record<string, Json>>;

/** Where areas lay, by what debugfs said at boot: [first byte, end). */
export type Areas = readonly (readonly [start: bigint, end: bigint])[];

export const areasOf = (cma: Readonly<Record<string, JsonObject>> | undefined): Areas =>
  Object.values(cma ?? {}).map(({ base_pfn, count }) => {
    const start = big(base_pfn) * PAGE;
    return [start, start + big(count) * PAGE];
  });

const structural = (path: string, agrees: boolean, expected: Json, got: Json | undefined): Fact => ({
  path,
  grade: 'structural',
  agrees,
  expected,
  got: got ?? null,
});

/** An address or a number of a recording; -1 where it is none. */
const big = (value: Json | undefined): bigint =>
  typeof value === 'string' && /^(0x[0-9a-f]+|[0-9]+)$/.test(value) ? BigInt(value) : -1n;

/** The smallest power of two of bytes, at least a page, that holds so many. */
function powerOfTwo(size: bigint): bigint {
  let power = PAGE;
  while (power < size) power <<= 1n;
  return power;
}

/** Whether an allocation that Linux made of the page allocator has frames that are not its promise to repeat. */
function isLive({ from, area }: JsonObject): boolean {
  return from === 'buddy' || (from === 'atomic' && area === undefined);
}

/**
 * Facts of one allocation. Where its frames are live: ours lies at a multiple of the power of two that was asked for,
 * and the device sees it as far from its place as it saw the recorded one.
 */
export function allocationFacts(
  path: string,
  size: bigint,
  expected: JsonObject,
  got: Answer | undefined,
): Fact[] {
  const live = isLive(expected) && got !== undefined && isLive(got);
  return Object.entries(expected).flatMap(([key, value]): Fact[] => {
    if (key === 'log') return [];
    const at = `${path}.${key}`;
    if (!live || (key !== 'dma' && key !== 'phys')) return [exact(at, value, got?.[key])];
    if (key === 'phys') {
      const aligned = [value, got.phys].every((phys) => big(phys) % powerOfTwo(size) === 0n);
      return [structural(at, aligned, value, got.phys)];
    }
    const same = big(got.dma) - big(got.phys) === big(value) - big(expected.phys);
    return [structural(at, same, value, got.dma)];
  });
}

const inArea = (areas: Areas, address: bigint): boolean =>
  areas.some(([start, end]) => address >= start && address < end);

/** One address of a queue's plane or a dumb buffer, of which no recording says where it came from. */
function addressFact(
  path: string,
  areas: Areas,
  value: Json,
  got: Json | undefined,
  from: Json | undefined,
): Fact {
  const isOutside = !inArea(areas, big(value)) && from === 'buddy';
  return isOutside
    ? structural(
        path,
        [value, got].every((one) => big(one) % PAGE === 0n) && !inArea(areas, big(got)),
        value,
        got,
      )
    : exact(path, value, got);
}

/** Facts of REQBUFS: our answer has `from` beside `planes`. */
export function queueFacts(
  path: string,
  expected: JsonObject,
  got: Answer | undefined,
  areas: Areas,
): Fact[] {
  return Object.entries(expected).flatMap(([key, value]): Fact[] => {
    if (key === 'log') return [];
    if (key !== 'planes' || !Array.isArray(value)) return [exact(`${path}.${key}`, value, got?.[key])];
    const ours = list(got?.planes);
    const from = list(got?.from);
    return [
      exact(`${path}.planes.length`, value.length, ours.length),
      ...value.flatMap((planes, i) =>
        list(planes).map((plane, j) =>
          addressFact(`${path}.planes[${i}][${j}]`, areas, plane, list(ours[i])[j], list(from[i])[j]),
        ),
      ),
    ];
  });
}

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** Facts of a dumb buffer. */
export function dumbFacts(path: string, expected: JsonObject, got: Answer | undefined, areas: Areas): Fact[] {
  return Object.entries(expected).flatMap(([key, value]): Fact[] => {
    if (key === 'log') return [];
    if (key !== 'dma') return [exact(`${path}.${key}`, value, got?.[key])];
    return [addressFact(`${path}.dma`, areas, value, got?.dma, got?.from)];
  });
}

const OFFSETS = '(?:\\+0x[0-9a-f]+/0x[0-9a-f]+)?';
const WARNING_BEFORE = new RegExp(
  `^(<\\d>WARNING: )CPU: \\d+ PID: \\d+ at ([^:\\s]+)(?::\\d+)? (\\w+)${OFFSETS}$`,
);
const WARNING_NOW = new RegExp(
  `^(<\\d>WARNING: )([^:\\s]+)(?::\\d+)? at (\\w+)${OFFSETS}, CPU#\\d+: \\w+/\\d+$`,
);
const NO_PAGE = /page allocation failure: order:/;

/** A line as far as it is graded: numbers and offsets of warnings are one build's, names of tasks the recorder's. */
export function gradedLine(line: string): string {
  const match = WARNING_BEFORE.exec(line) ?? WARNING_NOW.exec(line);
  if (match !== null) return `${match[1]}${match[2]} ${match[3]}`;
  if (line.includes('Bad page state') || NO_PAGE.test(line)) return line.replace(RECORDER, 'shell');
  return line;
}

/** Lines that a rate limit may drop, by the kernel's time. */
const LIMITED = /alloc failed, req-size: /;
const CALLBACKS = /callbacks suppressed$/;

/** Facts of the lines of one step. Of those with a rate limit Linux may have dropped any: `log_after` weighs them. */
export function stepLogFacts(
  path: string,
  expected: Json | undefined,
  got: readonly ObservedLogLine[],
  relevant: (line: string) => boolean,
): Fact[] {
  const kept = (line: string): boolean => relevant(line) && !CALLBACKS.test(line);
  const recorded = list(expected).map(String).filter(kept).map(gradedLine);
  const ours = got
    .filter(({ suppressed, line }) => kept(line) && (!suppressed || LIMITED.test(line)))
    .map(({ line }) => gradedLine(line));
  return lineFacts(`${path}.log`, recorded, ours, (index) => LIMITED.test(ours[index] ?? ''));
}

interface Step {
  readonly op: string;
  readonly args: JsonObject;
  readonly answer: JsonObject;
}

/** Whether a case runs the page allocator dry, which is not to be repeated request by request. */
export const runsDry = (lines: readonly string[]): boolean => lines.some((line) => NO_PAGE.test(line));

/** Whether a line tells of it. */
export const tellsNoPage = (line: string): boolean => NO_PAGE.test(line);

const isOfPages = (answer: Answer | JsonObject): boolean => answer.from === 'buddy' || answer.ret === -12;

/** Whether the page allocator answered one of two, and had nothing for the other. */
export const isOneOfPages = (recorded: JsonObject, ours: Answer | undefined): boolean =>
  ours !== undefined &&
  isOfPages(recorded) &&
  isOfPages(ours) &&
  (recorded.from === 'buddy') !== (ours.from === 'buddy');

/** What of the machine's memory boot itself takes is not modelled: so many of the largest blocks at most. */
const BLOCKS_OF_BOOT = 2;

/**
 * What is graded of a case that runs dry: how many requests the page allocator answered before it had nothing, and that
 * both met that.
 */
export function dryFacts(
  steps: readonly Step[],
  got: readonly (Answer | undefined)[],
  log: { readonly expected: readonly string[]; readonly got: readonly string[] },
): Fact[] {
  const count = (answers: readonly (Answer | JsonObject | undefined)[]): number =>
    answers.filter((answer, i) => steps[i]?.op.startsWith('dev_alloc') === true && answer?.from === 'buddy')
      .length;
  const [recorded, ours] = [count(steps.map(({ answer }) => answer)), count(got)];
  return [
    structural('steps.buddy', Math.abs(recorded - ours) <= BLOCKS_OF_BOOT, recorded, ours),
    exact('steps.no-page', log.expected.some(tellsNoPage), log.got.some(tellsNoPage)),
  ];
}
