/**
 * Who makes which step next: steps in order, loops, choices, and tasks that take turns. Every call of `step` makes
 * one step, so that turns can be taken and whoever waits can interrupt.
 */
import type { Moment } from './moment.ts';
import type { Leaf, Node } from './program.ts';
import type { Vars } from './template.ts';

/** Whose steps run, with which variables. */
export interface Frame {
  readonly task: string;
  readonly vars: Vars | undefined;
}

/** What runs a single step. */
export interface StepMaker {
  make(leaf: Leaf, frame: Frame): void;
  /** A number below `end`, by the scenario's seed. */
  below(end: number): number;
  moment(frame: Frame): Moment;
}

/** Steps one after another. */
interface Block {
  readonly kind: 'block';
  nodes: readonly Node[];
  frame: Frame;
  at: number;
}

/** The same steps for every value of a variable. */
interface Loop {
  readonly kind: 'loop';
  readonly block: Block;
  readonly variable: string;
  readonly times: number;
  readonly valueAt: (i: number) => string;
  readonly outer: Frame;
  i: number;
}

/** Tasks that take turns. */
interface Turns {
  readonly kind: 'turns';
  readonly threads: Thread[];
  readonly seeded: boolean;
  turn: number;
}

/** Rounds of loops that are gone through at once. */
const MAX_ROUNDS = 10_000;

const blockOf = (nodes: readonly Node[], frame: Frame): Block => ({ kind: 'block', nodes, frame, at: 0 });

export class Thread {
  readonly #maker: StepMaker;
  /** What it is in the middle of, the innermost last. */
  readonly #stack: (Block | Loop | Turns)[];

  constructor(maker: StepMaker, nodes: readonly Node[], frame: Frame) {
    this.#maker = maker;
    this.#stack = [blockOf(nodes, frame)];
  }

  /** Makes the next step, or goes a while through loops that are empty. @returns false when there is none any more */
  step(): boolean {
    const stack = this.#stack;
    let rounds = 0;
    for (;;) {
      const top = stack[stack.length - 1];
      if (top === undefined) return false;
      if (top.kind === 'block') {
        const node = top.nodes[top.at++];
        if (node === undefined) stack.pop();
        else if (node.kind !== 'leaf') this.#enter(node, top.frame);
        else {
          this.#maker.make(node, top.frame);
          return true;
        }
      } else if (top.kind === 'loop') {
        // Whoever waits can interrupt rounds without a step as well.
        if (++rounds > MAX_ROUNDS) return true;
        this.#again(top);
      } else if (this.#turn(top)) {
        return true;
      }
    }
  }

  #enter(node: Exclude<Node, Leaf>, outer: Frame): void {
    const at = this.#maker.moment(outer);
    const frame = node.task === undefined ? outer : { ...outer, task: node.task(at) };
    const loop = (variable: string, times: number, body: readonly Node[], valueAt: (i: number) => string) =>
      this.#stack.push({
        kind: 'loop',
        block: blockOf(body, frame),
        variable,
        times,
        valueAt,
        outer: frame,
        i: 0,
      });
    switch (node.kind) {
      case 'repeat':
        loop('i', node.times(at), node.body, String);
        return;
      case 'for': {
        // One at a time: a range may have a million.
        loop(node.variable, node.length, node.body, (i) => node.valueAt(at, i));
        return;
      }
      case 'choose': {
        const weights = node.branches.map(({ weight }) => weight(at));
        let left = this.#maker.below(weights.reduce((sum, weight) => sum + weight, 0));
        const chosen = node.branches.find((_, i) => {
          left -= weights[i] ?? 0;
          return left < 0;
        });
        if (chosen !== undefined) this.#stack.push(blockOf(chosen.body, frame));
        return;
      }
      case 'parallel': {
        const threads = node.branches.map(
          ({ task, body }) => new Thread(this.#maker, body, { ...frame, task: task(at) }),
        );
        this.#stack.push({ kind: 'turns', threads, seeded: node.seeded, turn: 0 });
      }
    }
  }

  /** Begins a loop's next round, or leaves it. */
  #again(loop: Loop): void {
    if (loop.i >= loop.times) {
      this.#stack.pop();
      return;
    }
    const { block, outer, variable } = loop;
    const vars = { name: variable, value: loop.valueAt(loop.i++), outer: outer.vars };
    block.at = 0;
    block.frame = { task: outer.task, vars };
    this.#stack.push(block);
  }

  /** One step of whose turn it is: round robin, or by chance. @returns whether anybody made one */
  #turn(turns: Turns): boolean {
    const { threads, seeded } = turns;
    while (threads.length > 0) {
      if (seeded) turns.turn = this.#maker.below(threads.length);
      else if (turns.turn >= threads.length) turns.turn = 0;
      if (threads[turns.turn]?.step() === true) {
        turns.turn++;
        return true;
      }
      threads.splice(turns.turn, 1);
    }
    this.#stack.pop();
    return false;
  }
}
