/**
 * A scenario, read once: every step becomes a function, every name and number is checked, and what is wrong is
 * told with its place. What runs afterwards looks nothing up in the file.
 */
import type { Action, Control } from './action.ts';
import { ACTION_NAMES, ACTIONS, CONTROLS } from './actions/index.ts';
import { BUFFER, compileExpect } from './expectation.ts';
import type { Getter } from './moment.ts';
import type { Path } from './problem.ts';
import type { Leaf, Node } from './program.ts';
import type { AnyStep } from './step.ts';
import type { ActionName, ControlName, LeafName } from './step-form.ts';
import { taskName } from './task-name.ts';
import type { Values } from './values.ts';

const isLeaf = (name: string): name is LeafName => Object.hasOwn(ACTIONS, name);
const isControl = (name: string): name is ControlName => Object.hasOwn(CONTROLS, name);
const leafOf = (name: LeafName): Action => ACTIONS[name];
const controlOf = (name: ControlName): Control => CONTROLS[name];

/** Tasks of actions' own, which these start themselves. */
export const SELF_STARTED: ReadonlySet<string> = new Set(
  Object.values<Action>(ACTIONS).flatMap(({ task }) => task ?? []),
);

const actionsOf = (step: AnyStep): ActionName[] =>
  Object.keys(step).filter((key): key is ActionName => isLeaf(key) || isControl(key));

/** Reads steps in their order. */
export function compileSteps(steps: readonly AnyStep[], values: Values, path: Path): Node[] {
  return steps.flatMap((step, i) => compileStep(step, values, [...path, i]) ?? []);
}

function compileStep(step: AnyStep, values: Values, path: Path): Node | undefined {
  const actions = actionsOf(step);
  const [action, second] = actions;
  if (action === undefined) {
    values.problem(
      path,
      'scenario-no-action',
      'the step does nothing: it has no action',
      `the actions are ${ACTION_NAMES.join(', ')}`,
    );
    return undefined;
  }
  if (second !== undefined) {
    values.problem(
      [...path, second],
      'scenario-two-actions',
      `a step has one action, and this one has ${actions.join(' and ')}`,
      'make two steps of it',
      true,
    );
    return undefined;
  }
  if (step.order !== undefined && action !== 'parallel') {
    values.problem([...path, 'order'], 'scenario-key', 'only parallel has an order', undefined, true);
  }
  const task = step.task === undefined ? undefined : taskName(step.task, values, [...path, 'task']);
  if (isLeaf(action)) return compileLeaf(step, action, values, path, task);
  for (const key of ['as', 'expect', 'note'] as const) {
    if (step[key] === undefined) continue;
    values.problem(
      [...path, key],
      'scenario-key',
      `'${key}' belongs to the steps inside of ${action}`,
      undefined,
      true,
    );
  }
  declareInside(step, values);
  return controlOf(action).compile(step[action], {
    step,
    values,
    path: [...path, action],
    task,
    compile: (steps, inside) => compileSteps(steps, values, inside),
  });
}

function compileLeaf(
  step: AnyStep,
  name: LeafName,
  values: Values,
  path: Path,
  task: Getter<string> | undefined,
): Leaf {
  const action = leafOf(name);
  const at = [...path, name];
  const act = action.compile(step[name], values, at);
  const end = action.holds?.(step[name], values, at);
  const { expect } = step;
  if (expect !== undefined && end !== undefined) {
    const message = `${name} is an expectation itself`;
    values.problem([...path, 'expect'], 'scenario-key', message, undefined, true);
  }
  const check =
    expect === undefined
      ? undefined
      : compileExpect(expect, { ...action, name }, values, [...path, 'expect']);
  if (makesMany(step, name)) refuseOfOne(step, values, path);
  const as = bindName(step, name, values, path);
  const leaf: Leaf = { kind: 'leaf', path, step, action: name, act, task, own: action.task, as, check, end };
  // The steps after it may use the name.
  declare(step, values);
  return leaf;
}

const makesMany = (step: AnyStep, name: LeafName): boolean => leafOf(name).makesMany?.(step[name]) === true;

/** Expectations of one buffer, where several are made. */
function refuseOfOne({ expect }: AnyStep, values: Values, path: Path): void {
  for (const key of BUFFER) {
    if (expect?.[key] === undefined) continue;
    values.problem(
      [...path, 'expect', key],
      'scenario-expectation',
      `'${key}' is of one buffer, and count makes several`,
      'use repeat',
      true,
    );
  }
}

/** Characters of a name. */
const MAX_NAME = 256;

function bindName({ as }: AnyStep, action: LeafName, values: Values, path: Path): Getter<string> | undefined {
  if (as === undefined) return undefined;
  if (leafOf(action).makes === undefined) {
    values.problem(
      [...path, 'as'],
      'scenario-key',
      `${action} makes nothing that could have a name`,
      undefined,
      true,
    );
  } else if (as.length > MAX_NAME || !/^([A-Za-z_]|\$\{[^}]+\})([A-Za-z0-9_.-]|\$\{[^}]+\})*$/.test(as)) {
    values.problem(
      [...path, 'as'],
      'scenario-name',
      `'${as.slice(0, MAX_NAME)}' is no name`,
      `a name begins with a letter and has letters, digits, and _ . -, ${MAX_NAME} at most`,
    );
  }
  return values.text(as, [...path, 'as']);
}

/** Makes a step's name known. */
function declare(step: AnyStep, values: Values): void {
  const [action] = actionsOf(step);
  if (step.as === undefined || action === undefined || !isLeaf(action)) return;
  const kind = leafOf(action).makes;
  if (kind === undefined || values.names.add(step.as, kind, makesMany(step, action))) return;
  values.tooManyNames();
}

/** Names of steps that run in another order than they stand in: inside of loops and branches all are known. */
function declareInside(step: AnyStep, values: Values): void {
  const action = actionsOf(step).find(isControl);
  if (action === undefined) return;
  for (const one of controlOf(action).inside(step[action])) {
    declare(one, values);
    declareInside(one, values);
  }
}
