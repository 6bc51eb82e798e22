/**
 * A scenario, read once: every step becomes a function, every name and number is checked, and what is wrong is
 * told with its place. What runs afterwards looks nothing up in the file.
 */
import { closest } from '../devicetree/closest.ts';
import type { Kind } from './bound-names.ts';
import { BYTE_ACTIONS } from './byte-actions.ts';
import { DEVICE_ACTIONS } from './device-actions.ts';
import { compileEnd, type EndCheck } from './end-expectation.ts';
import { type Check, compileExpect } from './expectation.ts';
import { FILE_ACTIONS } from './file-actions.ts';
import type { ActionName, Actions, Expect, Step } from './form.ts';
import { MAX_BRANCHES, MAX_RANGE } from './limits.ts';
import { MACHINE_ACTIONS } from './machine-actions.ts';
import type { Act, Getter, Moment } from './moment.ts';
import { DONE } from './outcome.ts';
import type { Path } from './problem.ts';
import { TASK_ACTIONS, taskName } from './task-actions.ts';
import type { Values } from './values.ts';

/** A step that does something by itself. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly path: Path;
  readonly step: Step;
  readonly action: ActionName;
  readonly act: Act;
  /** Who makes the calls, where the step says so. */
  readonly task: Getter<string> | undefined;
  readonly as: Getter<string> | undefined;
  /** Absent where it must only succeed. */
  readonly check: Check | undefined;
  /** Of `check`: what must hold of the machine. */
  readonly end: EndCheck | undefined;
}

export type Node =
  | Leaf
  | {
      readonly kind: 'repeat';
      readonly times: Getter<number>;
      readonly constant: number | undefined;
      readonly body: readonly Node[];
      readonly task: Getter<string> | undefined;
    }
  | {
      readonly kind: 'for';
      readonly variable: string;
      readonly length: number;
      readonly valueAt: (at: Moment, i: number) => string;
      readonly body: readonly Node[];
      readonly task: Getter<string> | undefined;
    }
  | {
      readonly kind: 'choose';
      readonly branches: readonly { readonly weight: Getter<number>; readonly body: readonly Node[] }[];
      readonly task: Getter<string> | undefined;
    }
  | {
      readonly kind: 'parallel';
      readonly branches: readonly { readonly task: Getter<string>; readonly body: readonly Node[] }[];
      readonly seeded: boolean;
      readonly task: undefined;
    };

const LEAVES = { ...FILE_ACTIONS, ...BYTE_ACTIONS, ...TASK_ACTIONS, ...DEVICE_ACTIONS, ...MACHINE_ACTIONS };

const CONTROL = ['repeat', 'for', 'choose', 'parallel'] as const;
type Control = (typeof CONTROL)[number];
const isControl = (name: ActionName): name is Control => (CONTROL as readonly string[]).includes(name);

export const ACTION_NAMES: readonly ActionName[] = [
  ...(Object.keys(LEAVES) as (keyof typeof LEAVES)[]),
  'check',
  ...CONTROL,
];
const NAMES: ReadonlySet<string> = new Set(ACTION_NAMES);

/** What the name stands for that a step gives. */
const MAKES: Partial<Readonly<Record<ActionName, Kind>>> = {
  open: 'descriptor',
  alloc: 'descriptor',
  dup: 'descriptor',
  fcntl: 'descriptor',
  ioctl: 'descriptor',
  send: 'descriptor',
  mmap: 'mapping',
  attach: 'attachment',
  fault: 'rule',
};

/** The action of a step: of several the first. */
export const actionOf = (step: Step): ActionName | undefined =>
  Object.keys(step).find((key): key is ActionName => NAMES.has(key));

/** Reads steps in their order. */
export function compileSteps(steps: readonly Step[], values: Values, path: Path): Node[] {
  return steps.flatMap((step, i) => compileStep(step, values, [...path, i]) ?? []);
}

function compileStep(step: Step, values: Values, path: Path): Node | undefined {
  const actions = Object.keys(step).filter((key): key is ActionName => NAMES.has(key));
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
  if (!isControl(action)) return compileLeaf(step, action, values, path, task);
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
  return compileControl(step, action, values, [...path, action], task);
}

function compileLeaf(
  step: Step,
  action: Exclude<ActionName, Control>,
  values: Values,
  path: Path,
  task: Getter<string> | undefined,
): Leaf {
  const value = (step as Partial<Actions>)[action];
  // Each compiler is given the value of its own key: what the form's type says, and TypeScript cannot follow.
  const compile =
    action === 'check' ? undefined : (LEAVES[action] as (value: unknown, values: Values, path: Path) => Act);
  const at = [...path, action];
  const act = compile?.(value, values, at) ?? (() => DONE);
  const { check: checked = {} } = step as Partial<Actions>;
  const end = action === 'check' ? compileEnd(checked, values, at) : undefined;
  if (end !== undefined && checked.panic !== undefined) {
    values.problem(
      [...at, 'panic'],
      'scenario-panic',
      'a boot that dies has no steps',
      'panic stands under expect, at the end of the file',
      true,
    );
  }
  const { expect } = step;
  if (expect !== undefined && end !== undefined) {
    values.problem([...path, 'expect'], 'scenario-key', 'check is an expectation itself', undefined, true);
  }
  const check = expect === undefined ? undefined : compileExpect(expect, action, values, [...path, 'expect']);
  if (action === 'alloc') checkCount(step as { alloc: Actions['alloc'] }, expect, values, path);
  const leaf: Leaf = {
    kind: 'leaf',
    path,
    step,
    action,
    act,
    task,
    as: bindName(step, action, values, path),
    check,
    end,
  };
  // The steps after it may use the name.
  declare(step, values);
  return leaf;
}

function checkCount(
  { alloc }: { readonly alloc: Actions['alloc'] },
  expect: Expect | undefined,
  values: Values,
  path: Path,
): void {
  if (alloc.count === undefined || expect === undefined) return;
  for (const key of ['fd', 'size', 'phys', 'getfl', 'getfd'] as const) {
    if (expect[key] === undefined) continue;
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

function bindName(step: Step, action: ActionName, values: Values, path: Path): Getter<string> | undefined {
  const { as } = step;
  if (as === undefined) return undefined;
  if (MAKES[action] === undefined) {
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
function declare(step: Step, values: Values): void {
  const action = actionOf(step);
  const kind = action === undefined ? undefined : MAKES[action];
  if (step.as === undefined || kind === undefined) return;
  const many = 'alloc' in step && step.alloc.count !== undefined;
  if (values.names.add(step.as, kind, many)) return;
  values.tooManyNames();
}

/** Names of steps that run in another order than they stand in: inside of loops and branches all are known. */
function declareInside(step: Step, values: Values): void {
  const inner: readonly Step[] =
    'repeat' in step
      ? step.repeat.do
      : 'for' in step
        ? step.for.do
        : 'choose' in step
          ? step.choose.flatMap((branch) => branch.do)
          : 'parallel' in step
            ? step.parallel.flatMap((branch) => branch.do)
            : [];
  for (const one of inner) {
    declare(one, values);
    declareInside(one, values);
  }
}

/** Runs `body` with one variable more. */
function within<T>(values: Values, name: string, value: string, body: () => T): T {
  const { vars } = values;
  values.vars = { name, value, outer: vars };
  try {
    return body();
  } finally {
    values.vars = vars;
  }
}

function compileControl(
  step: Step,
  action: Control,
  values: Values,
  path: Path,
  task: Getter<string> | undefined,
): Node {
  const inside = (key: string | number): Path => [...path, key];
  const all = step as Partial<Actions>;
  switch (action) {
    case 'repeat': {
      const { times, do: steps } = all.repeat as Actions['repeat'];
      const count = values.whole(times, inside('times'));
      const body = within(values, 'i', '0', () => compileSteps(steps, values, inside('do')));
      const constant = typeof times === 'string' ? undefined : Number(times);
      return { kind: 'repeat', times: count, constant, body, task };
    }
    case 'for':
      return compileFor(all.for as Actions['for'], values, path, task);
    case 'choose': {
      const branches = (all.choose as Actions['choose']).map(({ weight = 1, do: steps }, i) => ({
        weight: values.whole(weight, [...path, i, 'weight']),
        body: compileSteps(steps, values, [...path, i, 'do']),
      }));
      return { kind: 'choose', branches, task };
    }
    case 'parallel': {
      if (step.task !== undefined) {
        values.problem(
          [...path.slice(0, -1), 'task'],
          'scenario-key',
          'each branch of parallel names its own task',
          undefined,
          true,
        );
      }
      const given = all.parallel as Actions['parallel'];
      if (given.length > MAX_BRANCHES) {
        const message = `${given.length} tasks that take turns are more than ${MAX_BRANCHES}`;
        values.problem(path, 'scenario-too-many', message);
      }
      const branches = given.map(({ task: name, do: steps }, i) => ({
        task: taskName(name, values, [...path, i, 'task']),
        body: compileSteps(steps, values, [...path, i, 'do']),
      }));
      return { kind: 'parallel', branches, seeded: step.order === 'seeded', task: undefined };
    }
  }
}

function compileFor(
  loop: Actions['for'],
  values: Values,
  path: Path,
  task: Getter<string> | undefined,
): Node {
  const variables = Object.keys(loop).filter((key) => key !== 'do');
  const [variable = 'i', second] = variables;
  if (variables.length !== 1) {
    const at = second === undefined ? path : [...path, second];
    const found = second === undefined ? 'there is none' : `there are ${variables.join(' and ')}`;
    const hint =
      second === undefined ? 'for: { size: [4K, 64K], do: [ … ] }' : 'put one for inside the other';
    values.problem(at, 'scenario-for', `for has one variable, and ${found}`, hint, second !== undefined);
  } else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
    const near = closest(variable, ['do']);
    values.problem(
      [...path, variable],
      'scenario-for',
      `'${variable}' is no name for a variable`,
      near === undefined ? 'a name has letters, digits and _' : 'did you mean do?',
      true,
    );
  }
  const given = Object.hasOwn(loop, variable) ? loop[variable] : undefined;
  const texts = valuesOf(given as string | readonly (string | number | bigint)[] | undefined);
  if (texts === undefined) {
    values.problem(
      [...path, variable],
      'scenario-for',
      `expected a list of values, or a range such as "0..9" of at most ${MAX_RANGE}`,
    );
  }
  const { first = '', length = 0 } = texts ?? {};
  const list = texts?.list?.map((text, i) => values.text(text, [...path, variable, i]));
  const body = within(values, variable, first, () => compileSteps(loop.do, values, [...path, 'do']));
  const valueAt = (at: Moment, i: number): string => list?.[i]?.(at) ?? String(Number(first) + i);
  return { kind: 'for', variable, length, valueAt, body, task };
}

/** What a variable becomes: a list, or a range whose numbers nobody needs to write down. */
interface LoopValues {
  readonly first: string | undefined;
  readonly length: number;
  readonly list?: readonly string[];
}

function valuesOf(given: string | readonly (string | number | bigint)[] | undefined): LoopValues | undefined {
  if (given === undefined) return { first: undefined, length: 0, list: [] };
  if (typeof given !== 'string') {
    const list = given.map(String);
    return { first: list[0], length: list.length, list };
  }
  const [, from, to] = /^([0-9]{1,9})\.\.([0-9]{1,9})$/.exec(given) ?? [];
  if (from === undefined || to === undefined || Number(to) - Number(from) >= MAX_RANGE) return undefined;
  return { first: String(Number(from)), length: Math.max(0, Number(to) - Number(from) + 1) };
}

/** How many steps will run, where that is known before. */
export function countLeaves(nodes: readonly Node[]): number | undefined {
  return sumOf(nodes, false);
}

/** The least that steps take, with every round of a loop as one where it is empty: what is chosen counts as one. */
export const leastWork = (nodes: readonly Node[]): number => sumOf(nodes, true) ?? 0;

function sumOf(nodes: readonly Node[], isWork: boolean): number | undefined {
  let total = 0;
  for (const node of nodes) {
    const count = countNode(node, isWork);
    if (count === undefined) return undefined;
    total += count;
  }
  return total;
}

function countNode(node: Node, isWork: boolean): number | undefined {
  const unknown = isWork ? 1 : undefined;
  switch (node.kind) {
    case 'leaf':
      return 1;
    case 'repeat':
    case 'for': {
      const times = node.kind === 'for' ? node.length : (node.constant ?? unknown);
      const inner = sumOf(node.body, isWork);
      if (times === undefined || inner === undefined) return undefined;
      return times * (isWork ? Math.max(1, inner) : inner);
    }
    case 'choose':
      return unknown;
    case 'parallel':
      return sumOf(
        node.branches.flatMap(({ body }) => body),
        isWork,
      );
  }
}
