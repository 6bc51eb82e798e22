/**
 * dtc's named checks over a finished tree, a blob's or a compiled source's, by dtc's own rules of which are made: a
 * check runs when those that it needs have passed. dtc: checks.c
 */
import type { DeviceTree } from '../tree.ts';
import { BUS_CHECKS } from './bus-checks.ts';
import type { LintCheck, LintProblem } from './lint-check.ts';
import { lintTree } from './lint-tree.ts';
import { NAME_CHECKS } from './name-checks.ts';
import { REFERENCE_CHECKS } from './reference-checks.ts';

/** In the order in which they run. */
export const LINT_CHECKS: readonly LintCheck[] = [...NAME_CHECKS, ...BUS_CHECKS, ...REFERENCE_CHECKS];

export type LintLevel = LintCheck['level'];

/** What is made of each check. */
export type LintLevels = ReadonlyMap<string, LintLevel>;

export interface LintFinding {
  readonly check: string;
  readonly severity: 'error' | 'warning';
  readonly problem: LintProblem;
}

/** One of dtc's options: -W NAME, -W no-NAME, -E NAME, -E no-NAME. */
export interface LintWish {
  readonly kind: '-W' | '-E';
  readonly name: string;
  readonly off: boolean;
}

const checkCalled = (name: string): LintCheck | undefined => LINT_CHECKS.find((check) => check.name === name);

/** Reads what follows -W or -E. @returns `undefined` where there is no such check */
export function lintWish(kind: '-W' | '-E', text: string): LintWish | undefined {
  const off = /^no[-_]/.test(text);
  const name = off ? text.slice(3) : text;
  return checkCalled(name) === undefined ? undefined : { kind, name, off };
}

/** The levels that options make: raising one raises what it needs, lowering one lowers what needs it. dtc: parse_checks_option() */
export function lintLevels(wishes: readonly LintWish[] = []): LintLevels {
  const states = new Map(
    LINT_CHECKS.map(({ name, level }) => [name, { warn: level === 'warning', error: level === 'error' }]),
  );
  const raise = (name: string, kind: '-W' | '-E'): void => {
    const state = states.get(name);
    const check = checkCalled(name);
    if (state === undefined || check === undefined) return;
    const key = kind === '-W' ? 'warn' : 'error';
    if (!state[key]) for (const need of check.needs) raise(need, kind);
    state[key] = true;
  };
  const lower = (name: string, kind: '-W' | '-E'): void => {
    const state = states.get(name);
    if (state === undefined) return;
    const key = kind === '-W' ? 'warn' : 'error';
    if (state[key]) {
      for (const check of LINT_CHECKS) if (check.needs.includes(name)) lower(check.name, kind);
    }
    state[key] = false;
  };
  for (const { kind, name, off } of wishes) (off ? lower : raise)(name, kind);
  return new Map(
    [...states].map(([name, { warn, error }]) => [name, error ? 'error' : warn ? 'warning' : 'off']),
  );
}

/** Runs them over a tree. @param isOverlay what it refers to may be in the board that it is for */
export function lint(
  tree: DeviceTree,
  levels: LintLevels = lintLevels(),
  isOverlay = false,
): readonly LintFinding[] {
  const checked = lintTree(tree, isOverlay);
  const found: LintFinding[] = [];
  const status = new Map<string, 'passed' | 'failed'>();
  const run = (check: LintCheck): 'passed' | 'failed' => {
    const known = status.get(check.name);
    if (known !== undefined) return known;
    const needs = check.needs.map((name) => checkCalled(name)).filter((need) => need !== undefined);
    if (needs.map(run).includes('failed')) {
      status.set(check.name, 'failed');
      return 'failed';
    }
    const level = levels.get(check.name) ?? check.level;
    let failed = false;
    const fail = (node: LintProblem['node'], message: string, property?: LintProblem['property']) => {
      failed = true;
      if (level !== 'off')
        found.push({ check: check.name, severity: level, problem: { node, message, property } });
    };
    check.tree?.(checked, fail);
    if (check.node !== undefined) for (const node of checked.nodes) check.node(node, fail, checked);
    const result = failed ? 'failed' : 'passed';
    status.set(check.name, result);
    return result;
  };
  for (const check of LINT_CHECKS) if (levels.get(check.name) !== 'off') run(check);
  return found;
}
