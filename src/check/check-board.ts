/**
 * Named checks over a board and its boot, each finding with the line that Linux prints of it and, where there is one, a
 * repair that was booted: the finding is gone, nothing else came, and no heap is lost.
 */
import type { Board } from '../board/board.ts';
import { LINT_CHECKS, type LintLevels, lint } from '../devicetree/lint/lint.ts';
import type { DtNode } from '../devicetree/tree.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { bootDifferences } from '../program/boots/boot-differences.ts';
import { BOOT_CHECKS, bootFindings } from './checks-of-boot.ts';
import { PLACE_CHECKS, placeFindings } from './checks-of-places.ts';
import { REGION_CHECKS, regionFindings } from './checks-of-regions.ts';
import type { CheckAbout, Finding, Found, TriedRepair } from './finding.ts';
import { editSource } from './tree-edit.ts';
import { type BootOf, type Refused, type Trial, tryBoot, tryRepair } from './trial.ts';

/** A board without memory: its boot loader fills it in. */
const NO_MEMORY = 'board-no-memory';
/** What ends a boot before it begins. */
const REFUSED: CheckAbout = {
  name: NO_MEMORY,
  severity: 'note',
  about: 'a board without memory, which its boot loader fills in: only its tree was checked',
  by: 'dmaheap',
};

const byLint = LINT_CHECKS.map(
  ({ name, level, about }): CheckAbout => ({ name, severity: level, about, by: 'dtc' }),
);

/** Every check, ours first. */
export const ALL_CHECKS: readonly CheckAbout[] = [
  ...REGION_CHECKS,
  ...BOOT_CHECKS,
  ...PLACE_CHECKS,
  REFUSED,
  ...byLint,
];

export interface CheckOptions {
  /** What is made of dtc's checks. */
  readonly levels: LintLevels;
  /** Checks that say nothing. */
  readonly disabled: ReadonlySet<string>;
}

export interface Checked {
  readonly findings: readonly Finding[];
  /** The boot; absent where there was none. */
  readonly trial?: Trial;
}

/** What dtc's checks say of the tree, under dtc's names. */
function lintFindings({ tree }: Board, levels: LintLevels): readonly Found[] {
  if (tree === undefined) return [];
  return lint(tree, levels).map(({ check, severity, problem }): Found => {
    const { node, property, message } = problem;
    const position = property?.position ?? node.node.position;
    return {
      check,
      severity,
      message,
      path: property === undefined ? node.path : `${node.path}:${property.name}`,
      ...(position !== undefined && { position }),
    };
  });
}

const isTrial = (result: Trial | Refused): result is Trial => 'booted' in result;

const ofDiagnostic = ({ code, severity, message, position, path, hint }: Diagnostic): Found => ({
  check: code,
  severity: code === NO_MEMORY ? 'note' : severity,
  message,
  ...(position && { position }),
  ...(path !== undefined && { path }),
  ...(hint !== undefined && { hint }),
});

/** Everything that the checks say, the repairs not tried yet. */
function found(result: Trial | Refused, { levels, disabled }: CheckOptions): readonly Found[] {
  const { board } = result;
  const all = [
    ...(isTrial(result)
      ? [...regionFindings(result), ...bootFindings(result), ...placeFindings(result)]
      : [...board.diagnostics, ...result.refused].map(ofDiagnostic)),
    ...lintFindings(board, levels),
  ];
  return withoutSecondWords(all).filter(({ check }) => !disabled.has(check));
}

/** What says it better leaves out what says it again. */
const BETTER: Readonly<Record<string, string>> = {
  'board-size-for-reg': 'invalid-size',
  'series-name-taken': 'name-taken',
};

function withoutSecondWords(all: readonly Found[]): readonly Found[] {
  const said = new Set(
    all.flatMap(({ check, path = '' }) =>
      Object.hasOwn(BETTER, check) ? [`${BETTER[check]} ${path.split(':')[0]}`] : [],
    ),
  );
  return all.filter(({ check, path }) => !said.has(`${check} ${path}`));
}

/** How often each check spoke; notes do not count. */
function countsOf(all: readonly Found[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { check, severity } of all) {
    if (severity !== 'note') counts.set(check, (counts.get(check) ?? 0) + 1);
  }
  return counts;
}

/** Boots that are tried for one board; one with more mistakes is told of the rest without. */
const MOST_TRIALS = 48;
/** Nodes that they may look at together: a large tree gets fewer, and one that is no board's gets none. */
const MOST_LOOKED_AT = 30_000;
const NO_BOARD = 10_000;

/** How many nodes a tree has. */
const nodesIn = (node: DtNode): number => node.children.reduce((sum, child) => sum + nodesIn(child), 1);

/** Tries the repairs of findings, one after the other. */
class Repairing {
  readonly #before: Trial;
  readonly #all: readonly Found[];
  readonly #options: CheckOptions;
  #left: number;

  constructor(before: Trial, all: readonly Found[], options: CheckOptions) {
    this.#before = before;
    this.#all = all;
    this.#options = options;
    const { tree } = before.board;
    const each = tree === undefined ? 1 : nodesIn(tree.root);
    this.#left = each > NO_BOARD ? 0 : Math.min(MOST_TRIALS, Math.ceil(MOST_LOOKED_AT / each));
  }

  /** The first repair that works. */
  of({ check, severity, repairs }: Found): TriedRepair | undefined {
    if (repairs === undefined || this.#left <= 0) return undefined;
    for (const repair of repairs()) {
      if (this.#left-- <= 0) return undefined;
      const after = tryRepair(this.#before, repair);
      if (!isTrial(after) || !this.#isBetter(check, severity, after)) continue;
      const { board, booted } = this.#before;
      return {
        ...repair,
        source: board.tree === undefined ? [] : editSource(board.tree, repair.edits ?? []),
        changes: bootDifferences(booted, after.booted),
      };
    }
    return undefined;
  }

  #isBetter(check: string, severity: Found['severity'], after: Trial): boolean {
    if (after.booted.panic !== undefined) return false;
    if (after.booted.heaps.length < this.#before.booted.heaps.length) return false;
    const afterwards = found(after, this.#options);
    const of = (all: readonly Found[]) => all.filter((one) => one.check === check).length;
    if (of(afterwards) >= of(this.#all)) return false;
    const counts = countsOf(this.#all);
    return [...countsOf(afterwards)].every(
      ([name, count]) => (name === check && severity !== 'note') || count <= (counts.get(name) ?? 0),
    );
  }
}

/** Checks a board with what is given beside it. Never throws for what a board is. */
export function checkBoard(of: BootOf, options: CheckOptions): Checked {
  const result = tryBoot(of);
  const all = found(result, options);
  const repairing = isTrial(result) ? new Repairing(result, all, options) : undefined;
  const findings = all.map((one): Finding => {
    const { repairs: _, log = [], ...finding } = one;
    const repair = repairing?.of(one);
    return { ...finding, log, ...(repair && { repair }) };
  });
  return { findings, ...(isTrial(result) && { trial: result }) };
}
