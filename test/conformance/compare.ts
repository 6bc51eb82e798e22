/**
 * The comparison: recorded answers against what a replay saw, fact by fact, at the grades that the
 * oracle's README gives.
 */
import { cgroupFacts, oomLine, type TaskNames } from './cgroup-facts.ts';
import {
  type Areas,
  allocationFacts,
  areasOf,
  dryFacts,
  dumbFacts,
  gradedLine,
  isOneOfPages,
  queueFacts,
  runsDry,
  stepLogFacts,
  tellsNoPage,
} from './device-facts.ts';
import type { Fact } from './fact.ts';
import { exact, lineFacts } from './fact.ts';
import type { Observed, ObservedLogLine, ObservedStep } from './observed.ts';
import type { Expectations, Json, JsonObject } from './oracle-case.ts';
import { recordedRuns, systemFacts } from './system-shape.ts';
import { textFacts } from './text-facts.ts';

export interface Comparison {
  readonly facts: readonly Fact[];
  /** Ops without a handler: how many steps of each. */
  readonly notReplayed: Readonly<Record<string, number>>;
  /** Steps (and `log_after`) that could not be judged for want of an op before them. */
  readonly behind: Readonly<Record<string, number>>;
}

/** Compares one case. */
export function compareCase(expected: Expectations, observed: Observed): Comparison {
  const facts: Fact[] = [exact('boot.panic', expected.panic, observed.panic?.trim())];
  const notReplayed: Record<string, number> = {};
  const behind: Record<string, number> = {};
  const count = (table: Record<string, number>, key: string): void => {
    table[key] = (table[key] ?? 0) + 1;
  };

  if (expected.pageblock !== undefined) {
    facts.push(exact('profile.pageblock', expected.pageblock, observed.pageblock));
  }
  if (expected.boot !== undefined) facts.push(...bootFacts(expected.boot, observed, expected));
  const tasks = { recorded: recordedTasks(expected), ours: observed.tasks ?? new Map() };
  const dry = runsDry(expected.logAfter);
  const areas = areasOf(expected.boot?.cma);
  const differing = differingSteps(expected, observed);
  expected.steps.forEach((step, index) => {
    const got = observed.steps[index];
    const at = `steps[${index}]`;
    if (got?.kind === 'not-replayed') count(notReplayed, got.op);
    else if (got?.kind === 'behind') count(behind, `${got.op} behind ${got.cause}`);
    else if (isDeviceStep(step.op)) {
      if (!differing.has(index)) facts.push(...deviceStepFacts(at, step, got?.answer, areas));
    } else facts.push(...stepFacts(at, step, got, expected.boot?.iomem ?? [], tasks));
    if (got?.kind === 'answered' && got.log !== undefined) {
      const relevant = (line: string) =>
        withoutIgnored([line], expected.logFilter).length > 0 && !(dry && tellsNoPage(line));
      facts.push(...stepLogFacts(at, step.answer.log, got.log, relevant));
    }
  });
  if (dry) {
    const answers = observed.steps.map((step) => (step.kind === 'answered' ? step.answer : undefined));
    const ours = observed.logAfter.map(({ line }) => line);
    facts.push(...dryFacts(expected.steps, answers, { expected: expected.logAfter, got: ours }));
  }
  if (expected.panic === undefined) {
    if (observed.logAfterBehind !== undefined) count(behind, `log_after behind ${observed.logAfterBehind}`);
    else {
      const graded = (lines: readonly string[]) => (dry ? lines.filter((line) => !tellsNoPage(line)) : lines);
      const recorded = graded(expected.logAfter).map((line) => gradedLine(oomLine(line, tasks.recorded)));
      const ours = observed.logAfter
        .filter(({ line }) => !(dry && tellsNoPage(line)))
        .map((entry) => ({ ...entry, line: gradedLine(oomLine(entry.line, tasks.ours)) }));
      facts.push(...logAfterFacts(recorded, ours, expected.logFilter));
    }
  }
  return { facts, notReplayed, behind };
}

/** Where the page allocator ran dry: steps about an allocation that one had and the other had not. */
export function differingSteps(expected: Expectations, observed: Observed): ReadonlySet<number> {
  const steps = new Set<number>();
  if (!runsDry(expected.logAfter)) return steps;
  const ids = new Set<string>();
  for (const [index, { op, args, answer }] of expected.steps.entries()) {
    const got = observed.steps[index];
    if (!isDeviceStep(op) || got?.kind === 'not-replayed' || got?.kind === 'behind') continue;
    if (isOneOfPages(answer, got?.answer)) ids.add(String(args.id));
    if (ids.has(String(args.id))) steps.add(index);
  }
  return steps;
}

/** The recorder's tasks by their pids. */
export const recordedTasks = ({ steps }: Expectations): TaskNames =>
  new Map([
    [1, 'shell'],
    ...steps
      .filter(({ op }) => op === 'fork')
      .map(({ args, answer }) => [Number(answer.pid), String(args.task)] as const),
  ]);

function bootFacts(
  expected: NonNullable<Expectations['boot']>,
  observed: Observed,
  { logFilter, heapsAreSet }: Pick<Expectations, 'logFilter' | 'heapsAreSet'>,
): Fact[] {
  const memory = (lines: readonly string[]) => memoryLines(lines, expected.log);
  const graded = (lines: readonly string[]) => withoutIgnored(lines, logFilter);
  const heapLine = (heap: { name: string; minor: number; mode: string }): string =>
    heapsAreSet ? `${heap.name} ${heap.mode}` : `${heap.minor} ${heap.name} ${heap.mode}`;
  const inOrder = (lines: readonly string[]) => (heapsAreSet ? [...lines].sort() : lines);
  const facts = [
    ...lineFacts('boot.heaps', inOrder(expected.heaps.map(heapLine)), inOrder(observed.heaps.map(heapLine))),
    ...lineFacts('boot.log', graded(expected.log), graded(observed.log)),
    ...memoryLineFacts(expected.log, observed.log),
    ...lineFacts('boot.iomem', memory(expected.iomem), memory(observed.iomem)),
    ...['CmaTotal', ...(observed.knowsCmaFree ? ['CmaFree'] : [])].map((key) =>
      exact(`boot.meminfo.${key}`, expected.meminfo[key], observed.meminfo[key]),
    ),
    ...structural('boot.meminfo.keys', keysOf(expected.meminfo), keysOf(observed.meminfo)),
    ...structural('boot.iomem.nested', nestedKinds(expected.iomem), nestedKinds(observed.iomem)),
  ];
  for (const [name, area] of Object.entries(expected.cma)) {
    facts.push(...areaFacts(`boot.cma.${name}`, area, areaAnswer(observed.cma[name])));
  }
  for (const name of Object.keys(observed.cma)) {
    if (!Object.hasOwn(expected.cma, name)) facts.push(exact(`boot.cma.${name}`, undefined, 'an area'));
  }
  return facts;
}

const structural = (path: string, expected: Json, got: Json): Fact[] => [
  { ...exact(path, expected, got), grade: 'structural' },
];

const keysOf = (object: JsonObject): Json => Object.keys(object).sort();

/** Which kinds of lines are nested below System RAM: where early boot put what is its own. */
const nestedKinds = (lines: readonly string[]): Json =>
  [
    ...new Set(
      lines
        .filter((line) => / : (reserved|Kernel code|Kernel data)$/.test(line) && line.startsWith('  '))
        .map((line) => line.replace(/^.* : /, '')),
    ),
  ].sort();

const areaAnswer = (area: Observed['cma'][string] | undefined): JsonObject | undefined =>
  area === undefined ? undefined : { ...area };

function areaFacts(path: string, expected: JsonObject, got: JsonObject | undefined): Fact[] {
  return Object.keys(expected).map((key) => exact(`${path}.${key}`, expected[key], got?.[key]));
}

const isDeviceStep = (op: string): boolean => op.startsWith('dev_') || op === 'dumb' || op === 'msleep';

function deviceStepFacts(
  path: string,
  { op, args, answer }: { readonly op: string; readonly args: JsonObject; readonly answer: JsonObject },
  got: Readonly<Record<string, Json>> | undefined,
  areas: Areas,
): Fact[] {
  switch (op) {
    case 'dev_alloc':
    case 'dev_alloc_pages':
      return allocationFacts(path, BigInt(String(args.size)), answer, got);
    case 'dev_reqbufs':
      return queueFacts(path, answer, got, areas);
    case 'dumb':
      return dumbFacts(path, answer, got, areas);
    default:
      return Object.entries(answer)
        .filter(([key]) => key !== 'log')
        .map(([key, value]) => exact(`${path}.${key}`, value, got?.[key]));
  }
}

interface Tasks {
  readonly recorded: TaskNames;
  readonly ours: TaskNames;
}

function stepFacts(
  path: string,
  step: { readonly op: string; readonly args: JsonObject; readonly answer: JsonObject },
  got: Extract<ObservedStep, { kind: 'answered' }> | undefined,
  iomem: readonly string[],
  tasks: Tasks,
): Fact[] {
  return Object.entries(step.answer).flatMap(([key, value]): Fact[] => {
    const at = `${path}.${key}`;
    // Which number a task got is the machine's.
    if (key === 'pid' || key === 'log') return [];
    if (step.op === 'cat' && key === 'text' && value !== null) {
      const path = String(step.args.path);
      const ours = got?.answer[key];
      const text = typeof ours === 'string' ? ours : undefined;
      return cgroupFacts(at, path, String(value), text, tasks) ?? textFacts(at, path, String(value), ours);
    }
    if (step.op === 'ls' && key === 'names') {
      const sorted = Array.isArray(value) ? [...(value as readonly string[])].sort() : value;
      return [exact(at, sorted, got?.answer[key])];
    }
    if (key !== 'phys') return [exact(at, value, got?.answer[key])];
    // The recorder had no descriptor left to look: there is nothing to compare with.
    if (value === null) return [];
    const runs = recordedRuns(value);
    if (step.args.heap !== 'system' || runs === undefined) return [exact(at, value, got?.answer[key])];
    return systemFacts({ path: at, expected: runs, pieces: got?.pieces, overlaps: got?.overlaps, iomem });
  });
}

const ZONES = /^<\d>(Zone ranges:| {2}(DMA|DMA32|Normal|HighMem|Movable|Device)\s)/;
/** 32-bit arm writes `callee from caller+0x…`, riscv64 `[<address>] caller+0x…`. */
const CALL_TRACE = /^<\d>( |\[<[0-9a-f]+>\] )([\w.]+ from )?[\w.]+\+0x[0-9a-f]+\/0x[0-9a-f]+/;
/** What a BIOS says of memory: the inputs have only what of it is usable. */
const FIRMWARE = /^<\d>BIOS-e820: /;

/** Lines that older recordings left out: the README names them. */
const KEPT_LATER =
  /^<\d>(=> \d+ free of \d+ total pages$|kobject: kobject_add_internal failed |ioremap attempted on RAM |Reserved memory: failed to init DMA memory pool |OF: fdt: Ignoring memory |.* callbacks suppressed$|Deferred )/;

/**
 * The lines that the README does not ignore, but for that of all memory: no zones, no call traces, and none of the kinds that the recording did
 * not keep.
 *
 * @param logFilter which kinds it kept
 */
export const withoutIgnored = (lines: readonly string[], logFilter = 2): string[] =>
  lines.filter(
    (line) =>
      ![ZONES, CALL_TRACE, FIRMWARE].some((kind) => kind.test(line)) &&
      !isMemoryLine(line) &&
      (logFilter >= 2 || !KEPT_LATER.test(line)),
  );

const MEMORY_LINE =
  /^<6>Memory: \d+K\/(?<total>\d+)K available \(\d+K kernel code, \d+K rwdata, \d+K rodata, \d+K init, \d+K bss, \d+K reserved, (?<cma>\d+)K cma-reserved(, (?<highmem>\d+)K highmem)?\)$/;
const isMemoryLine = (line: string): boolean => line.startsWith('<6>Memory: ');

/**
 * The line of all memory, where a recording kept it: its form and its place among the other lines, and the numbers
 * that are no early allocation's.
 */
export function memoryLineFacts(expected: readonly string[], got: readonly string[]): Fact[] {
  const at = expected.findIndex(isMemoryLine);
  if (at < 0) return [];
  const ours = got.findIndex(isMemoryLine);
  const before = (lines: readonly string[], end: number) =>
    withoutIgnored(lines.slice(0, Math.max(end, 0))).length;
  const [theirs, numbers] = [expected[at], got[ours] ?? ''].map(
    (line = '') => MEMORY_LINE.exec(line)?.groups,
  );
  const path = `boot.log[${at}]`;
  return [
    {
      path: `${path}.form`,
      grade: 'structural',
      agrees: numbers !== undefined && before(expected, at) === before(got, ours),
      expected: `${expected[at]} as line ${before(expected, at)}`,
      got: `${got[ours] ?? 'no line'} as line ${before(got, ours)}`,
    },
    ...['total', 'cma', 'highmem'].map((name) => exact(`${path}.${name}`, theirs?.[name], numbers?.[name])),
  ];
}

/** The lines of /proc/iomem that are compared: where firmware describes memory, what else it says is the machine's. */
export function memoryLines(iomem: readonly string[], log: readonly string[]): string[] {
  const hasFirmware = log.some((line) => FIRMWARE.test(line));
  return ramOnwards(iomem).filter((line) => !hasFirmware || line.endsWith(' : System RAM'));
}

/** The top-level lines of /proc/iomem from the first `System RAM` on. */
export function ramOnwards(lines: readonly string[]): string[] {
  const top = lines.filter((line) => !line.startsWith(' '));
  const first = top.findIndex((line) => line.endsWith(' : System RAM'));
  return first < 0 ? [] : top.slice(first);
}

const RATE_LIMITED = /^<\d>cma: \w+: .*: alloc failed, req-size: \d+ pages, ret: -\d+$/;
/** ___ratelimit() lets that many through before it drops any. */
const BURST = 10;
/** What some recordings kept none of. */
export const FREE_PAGES = /^<\d>=> \d+ free of \d+ total pages$/;
const CALLBACKS = /callbacks suppressed$/;

/**
 * The lines that the steps caused. The recorded log lacks the `alloc failed` lines that its rate limit
 * dropped, ours has them, marked as suppressed: such a line may or may not be recorded (it depends on
 * how much kernel time had passed), once ten were let through; every other line must be there, in order.
 */
export function logAfterFacts(
  expected: readonly string[],
  got: readonly ObservedLogLine[],
  logFilter = 2,
): Fact[] {
  // Some recordings of kind 2 kept no such line either: every failure has one.
  const keptFree = expected.some((line) => FREE_PAGES.test(line));
  const relevant = (line: string): boolean =>
    withoutIgnored([line], logFilter).length > 0 &&
    !CALLBACKS.test(line) &&
    (keptFree || !FREE_PAGES.test(line));
  let printed = 0;
  const have = got.filter((entry) => {
    if (!relevant(entry.line)) return false;
    if (!RATE_LIMITED.test(entry.line)) return true;
    if (!entry.suppressed) printed++;
    // Dropped too early: Linux had printed it, so for the comparison it is missing.
    return !entry.suppressed || printed >= BURST;
  });
  return lineFacts(
    'log_after',
    expected.filter(relevant),
    have.map((entry) => entry.line),
    (index) => have[index]?.suppressed === true && RATE_LIMITED.test(have[index].line),
  );
}

/** Two values for a report, long ones shortened around the first character in which they differ. */
export function shortenPair(expected: Json, got: Json, width = 160): [string, string] {
  const a = expected === null ? '(nothing)' : JSON.stringify(expected);
  const b = got === null ? '(nothing)' : JSON.stringify(got);
  if (a.length <= width && b.length <= width) return [a, b];
  let same = 0;
  while (same < a.length && same < b.length && a[same] === b[same]) same++;
  const start = Math.max(0, same - Math.floor(width / 2));
  const cut = (text: string): string =>
    `${start > 0 ? '... ' : ''}${text.slice(start, start + width)}${text.length > start + width ? ' ...' : ''}`;
  return [cut(a), cut(b)];
}
