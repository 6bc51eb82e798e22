/**
 * Can the comparison fail? Each recorded value is falsified, one at a time, and compared with the same replay: a
 * value whose falsehood goes unnoticed is not graded, and stands here by name with the reason.
 */
import { isOomReport } from './cgroup-facts.ts';
import { compareCase, differingSteps, FREE_PAGES } from './compare.ts';
import { readBoard } from './conformance.ts';
import { runsDry, tellsNoPage } from './device-facts.ts';
import type { Fact } from './fact.ts';
import type { Observed } from './observed.ts';
import { type Json, type JsonObject, type OracleCase, parseCase } from './oracle-case.ts';
import { notModelled, replay } from './replay.ts';

/** What became of the values of one kind. */
export interface MutationTally {
  /** `steps.alloc.ret`, `boot.log`: where such a value stands. */
  readonly kind: string;
  /** Why it is not graded; absent: it is. */
  readonly ungraded?: string;
  noticed: number;
  total: number;
  /** The first few that nobody noticed: case and path. */
  readonly unnoticed: string[];
}

type Path = readonly (string | number)[];

interface Mutation {
  readonly kind: string;
  readonly path: Path;
  readonly ungraded?: string;
  /** Makes the falsehood of what stands at the path. */
  readonly falsify: (value: unknown) => unknown;
}

const SHOWN = 5;

/** Falsifies every recorded value of a case. @param text the case's file */
export function mutateCase(
  id: string,
  text: string,
  boards: string,
  tallies: Map<string, MutationTally>,
): void {
  const oracle = parseCase(text, id);
  if (notModelled(oracle.inputs.profile) !== undefined) return;
  const observed = replay(oracle.inputs, readBoard(oracle, boards));
  const failing = (one: OracleCase): string =>
    JSON.stringify(
      compareCase(one.expectations, observed)
        .facts.filter((fact) => !fact.agrees)
        .map(placeOf),
    );
  const before = failing(oracle);
  const root: JsonObject = JSON.parse(text);
  for (const { kind, path, ungraded, falsify } of mutationsOf(root, oracle, observed)) {
    const name = ungraded === undefined ? kind : `${kind} (${ungraded})`;
    const tally = tallies.get(name) ?? {
      kind,
      ...(ungraded && { ungraded }),
      noticed: 0,
      total: 0,
      unnoticed: [],
    };
    tallies.set(name, tally);
    tally.total++;
    const wrong = JSON.stringify(changed(root, path, falsify));
    if (failing(parseCase(wrong, id)) !== before) tally.noticed++;
    else if (tally.unnoticed.length < SHOWN) tally.unnoticed.push(`${id} ${path.join('.')}`);
  }
}

const placeOf = ({ path, expected }: Fact): Json => [path, expected];

/** The value with what stands at a path falsified; what is there twice is not copied. */
function changed(value: unknown, path: Path, falsify: (value: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return falsify(value);
  const copy: unknown = Array.isArray(value) ? [...value] : { ...(value as object) };
  const target = copy as Record<string | number, unknown>;
  if (rest.length === 0 && falsify === removed && Array.isArray(copy)) copy.splice(Number(key), 1);
  else target[key] = changed(target[key], rest, falsify);
  return copy;
}

/** Takes an element out of its list. */
const removed = (): undefined => undefined;

/** Another value of the same sort. */
function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (typeof value !== 'string') return 'x';
  // A number in a text becomes another one; a text without becomes longer.
  const digits = /[0-9](?=[^0-9]*$)/.exec(value);
  if (digits === null) return `${value}x`;
  const { index } = digits;
  return `${value.slice(0, index)}${(Number(value[index]) + 1) % 10}${value.slice(index + 1)}`;
}

/** Falsifies one line of a text. */
const otherLine = (line: number) => (value: unknown) => {
  const lines = String(value).split('\n');
  lines[line] = String(other(lines[line]));
  return lines.join('\n');
};

const ZONES = /^<\d>(Zone ranges:| {2}(DMA|DMA32|Normal|HighMem|Movable|Device)\s)/;
const CALL_TRACE = /^<\d>( |\[<[0-9a-f]+>\] )([\w.]+ from )?[\w.]+\+0x[0-9a-f]+\/0x[0-9a-f]+/;
const FIRMWARE = /^<\d>BIOS-e820: /;
const LATER =
  /=> \d+ free of|kobject_add_internal failed|ioremap attempted|failed to init DMA|Ignoring memory|callbacks suppressed|Deferred/;
const FAILED = /alloc failed, req-size/;

const DRY = 'which request is the first without a page, where the page allocator runs dry';
const RATE_LIMITED = 'what a rate limit drops depends on time';

/** Why a line of the log is not graded. */
function ungradedLine(line: string, logFilter: number): string | undefined {
  if (ZONES.test(line)) return "zones are the machine's";
  if (CALL_TRACE.test(line)) return 'a call trace';
  if (FIRMWARE.test(line)) return "firmware's own";
  if (/^<\d>WARNING: /.test(line)) return 'numbers of a warning are of one build';
  if (isOomReport(line)) return "numbers of the OOM killer's report";
  if (/callbacks suppressed/.test(line)) return 'how many a rate limit dropped depends on time';
  return logFilter < 2 && LATER.test(line) ? 'of a kind that this recording did not keep' : undefined;
}

const graded = (kind: string, path: Path, ungraded?: string, falsify = other): Mutation => ({
  kind,
  path,
  falsify,
  ...(ungraded !== undefined && { ungraded }),
});

/** Every recorded answer of a case. */
function mutationsOf(root: JsonObject, { expectations }: OracleCase, observed: Observed): Mutation[] {
  const boot = root.boot as JsonObject;
  const { logFilter } = expectations;
  const dry = runsDry(expectations.logAfter);
  const differing = differingSteps(expectations, observed);
  const ungraded = (line: string): string | undefined =>
    dry && tellsNoPage(line) ? DRY : ungradedLine(line, logFilter);
  const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
  const pageblock = [graded('profile.pageblock', ['profile', 'pageblock'])];
  if (boot.panic === true) {
    return [
      ...pageblock,
      graded('boot.panic', ['boot', 'message']),
      graded('boot.tail', ['boot', 'tail'], 'call traces of a panic'),
    ];
  }
  return [
    ...pageblock,
    ...list(boot.heaps).flatMap((_, i) => [
      ...['name', 'minor', 'mode'].map((key) => {
        const why = key === 'minor' && expectations.heapsAreSet ? 'recorded in another order' : undefined;
        return graded(`boot.heaps.${key}`, ['boot', 'heaps', i, key], why);
      }),
      graded('boot.heaps, one missing', ['boot', 'heaps', i], undefined, removed),
    ]),
    ...list(boot.log).flatMap((line, i) => {
      const why = ungradedLine(String(line), logFilter);
      return [
        graded('boot.log', ['boot', 'log', i], why),
        graded('boot.log, one missing', ['boot', 'log', i], why, removed),
      ];
    }),
    ...Object.entries(boot.cma as JsonObject).flatMap(([area, values]) =>
      Object.keys(values as JsonObject).map((key) => graded(`boot.cma.${key}`, ['boot', 'cma', area, key])),
    ),
    ...Object.keys(boot.meminfo as JsonObject).map((key) =>
      graded(
        `boot.meminfo.${key}`,
        ['boot', 'meminfo', key],
        key === 'MemTotal'
          ? "early boot's own"
          : key === 'CmaFree' && !observed.knowsCmaFree
            ? 'not claimed for such a board'
            : undefined,
      ),
    ),
    ...iomemMutations(list(boot.iomem).map(String), list(boot.log).map(String)),
    ...expectations.steps.flatMap((step, i) => stepMutations(step, i, differing.has(i), ungraded)),
    ...logAfterMutations(expectations.logAfter, ungraded),
  ];
}

function iomemMutations(lines: readonly string[], log: readonly string[]): Mutation[] {
  const isGraded = log.some((line) => FIRMWARE.test(line))
    ? / : System RAM$/
    : / : (System RAM|[rR]eserved)$/;
  const firstRam = lines.findIndex((line) => line.endsWith(' : System RAM'));
  return lines.flatMap((line, i) => {
    const why =
      i < firstRam || !isGraded.test(line) || line.startsWith(' ')
        ? "the machine's devices, and what is nested"
        : undefined;
    const path = ['boot', 'iomem', i];
    return [graded('boot.iomem', path, why), graded('boot.iomem, one missing', path, why, removed)];
  });
}

function stepMutations(
  { op, args, answer }: OracleCase['expectations']['steps'][number],
  i: number,
  isDiffering: boolean,
  ungradedOf: (line: string) => string | undefined,
): Mutation[] {
  return Object.entries(answer).flatMap(([key, value]): Mutation[] => {
    const path = ['steps', i, key];
    if (key === 'log') return stepLogMutations(`steps.${op}.log`, value, path, ungradedOf);
    if (isDiffering) return [graded(`steps.${op}.${key}`, path, DRY)];
    if (key === 'pid') return [graded(`steps.${op}.pid`, path, "the machine's")];
    if (key === 'phys' && op === 'alloc') return physMutations(args.heap === 'system', value, path);
    if (key !== 'text') return [graded(`steps.${op}.${key}`, path)];
    const lines = String(value).replace(/\n$/, '').split('\n');
    return lines.map((line, n) =>
      graded(
        `steps.${op} ${kindOfPath(String(args.path))}`,
        path,
        ungradedText(String(args.path), line),
        otherLine(n),
      ),
    );
  });
}

/** A path without the names of areas, heaps and tasks. */
const kindOfPath = (path: string): string =>
  path
    .replace(/\/(cma|dma_heap)\/[^/]+/, '/$1/NAME')
    .replace(/^\/proc\/[0-9]+\//, '/proc/PID/')
    .replace(/^\/sys\/fs\/cgroup\/.*\//, '/sys/fs/cgroup/…/')
    .replace(/\/fdinfo\/[0-9]+$/, '/fdinfo/FD');

/** Why a line of a file is not graded. */
function ungradedText(path: string, line: string): string | undefined {
  if (path.endsWith('/memory.stat') && !/^kernel /.test(line)) return 'only which lines there are';
  if (path.endsWith('/cgroup.procs')) return "pids are the machine's";
  if (path === '/proc/meminfo' && !/^Cma(Total|Free):/.test(line))
    return "only its layout: the number is the machine's";
  if (path === '/proc/buddyinfo' || path === '/proc/pagetypeinfo') return 'only its layout';
  if (path === '/proc/devices' && !line.endsWith(' dma_heap')) return "other drivers' numbers";
  return /^mnt_id:/.test(line) ? "counts the machine's mounts" : undefined;
}

function physMutations(isSystem: boolean, value: Json, path: Path): Mutation[] {
  if (value === null) return [graded('steps.alloc.phys', path, 'the recorder could not look')];
  if (!Array.isArray(value)) return [graded("steps.alloc.phys, mmap's errno", [...path, 'mmap'])];
  return value.flatMap((_, run) => [
    graded(
      'steps.alloc.phys address',
      [...path, run, 0],
      isSystem ? 'frames of the live buddy allocator' : undefined,
    ),
    graded('steps.alloc.phys pages', [...path, run, 1]),
  ]);
}

/** The lines of one step: of those with a rate limit any may have been dropped, and `log_after` weighs them. */
function stepLogMutations(
  kind: string,
  value: Json,
  path: Path,
  ungradedOf: (line: string) => string | undefined,
): Mutation[] {
  const lines = Array.isArray(value) ? value.map(String) : [];
  return lines.flatMap((line, n) => {
    const why = ungradedOf(line);
    return [
      graded(kind, [...path, n], why),
      graded(`${kind}, one missing`, [...path, n], FAILED.test(line) ? RATE_LIMITED : why, removed),
    ];
  });
}

function logAfterMutations(
  lines: readonly string[],
  ungradedOf: (line: string) => string | undefined,
): Mutation[] {
  let failed = 0;
  const isOnly = lines.filter((line) => FREE_PAGES.test(line)).length === 1;
  return lines.flatMap((line, i) => {
    const why = ungradedOf(line);
    // Past the burst such a line may be dropped: it depends on how much time had passed.
    const mayMiss =
      FAILED.test(line) && ++failed > 10
        ? RATE_LIMITED
        : isOnly && FREE_PAGES.test(line)
          ? 'without its only line of that kind a recording is one that kept none'
          : why;
    return [
      graded('log_after', ['log_after', i], why),
      graded('log_after, one missing', ['log_after', i], mayMiss, removed),
    ];
  });
}

/** A table: the share that is noticed, by kind, what is graded first. */
export function mutationText(tallies: Iterable<MutationTally>): string {
  const all = [...tallies].sort((a, b) => (a.kind < b.kind ? -1 : 1));
  const line = ({ kind, ungraded, noticed, total }: MutationTally): string =>
    `${`${noticed}/${total}`.padStart(13)}  ${kind}${ungraded === undefined ? '' : `: ${ungraded}`}`;
  const [of, not] = [true, false].map((wanted) =>
    all.filter(({ ungraded }) => (ungraded === undefined) === wanted),
  );
  const { noticed, total } = gradedShare(all);
  return [
    'noticed        graded',
    ...(of ?? []).flatMap((tally) => [
      line(tally),
      ...tally.unnoticed.map((place) => `               not noticed: ${place}`),
    ]),
    'noticed        not graded',
    ...(not ?? []).map(line),
    `${noticed} of ${total} falsified values that are graded were noticed: ${((100 * noticed) / total).toFixed(2)} %`,
  ].join('\n');
}

/** The graded kinds of which more than one in a hundred went unnoticed. */
export const blindKinds = (tallies: Iterable<MutationTally>): readonly string[] =>
  [...tallies]
    .filter(({ ungraded, noticed, total }) => ungraded === undefined && noticed < 0.99 * total)
    .map(({ kind, noticed, total }) => `${kind}: ${noticed}/${total}`);

/** How many of the values that are graded were noticed. */
export function gradedShare(tallies: Iterable<MutationTally>): {
  readonly noticed: number;
  readonly total: number;
} {
  let [noticed, total] = [0, 0];
  for (const tally of tallies) {
    if (tally.ungraded !== undefined) continue;
    noticed += tally.noticed;
    total += tally.total;
  }
  return { noticed, total };
}
