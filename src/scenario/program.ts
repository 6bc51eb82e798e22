/** A scenario's program: its steps as functions, and what runs them in which order. */
import type { EndCheck } from './end-expectation.ts';
import type { Check } from './expectation.ts';
import type { Act, Getter, Moment } from './moment.ts';
import type { Path } from './problem.ts';
import type { AnyStep } from './step.ts';

/** A step that does something by itself. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly path: Path;
  readonly step: AnyStep;
  readonly action: string;
  readonly act: Act;
  /** Who makes the calls, where the step says so. */
  readonly task: Getter<string> | undefined;
  /** Who makes them where nobody is named: the action's own task. */
  readonly own: string | undefined;
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
