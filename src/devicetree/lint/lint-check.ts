/** A named check over a finished tree, by the name that dtc gives it. */
import type { DtProperty } from '../tree.ts';
import type { LintNode, LintTree } from './lint-tree.ts';

/** What a check says of one node. */
export interface LintProblem {
  readonly node: LintNode;
  readonly property?: DtProperty | undefined;
  readonly message: string;
}

/** Tells a problem of a node, or of one of its properties. */
export type Fail = (node: LintNode, message: string, property?: DtProperty) => void;

export interface LintCheck {
  readonly name: string;
  /** What it looks at, in one sentence. */
  readonly about: string;
  /** What dtc makes of it unless told otherwise. */
  readonly level: 'error' | 'warning' | 'off';
  /** Checks that must have passed. */
  readonly needs: readonly string[];
  /** Looks at one node. */
  readonly node?: (node: LintNode, fail: Fail, tree: LintTree) => void;
  /** Looks at the whole tree. */
  readonly tree?: (tree: LintTree, fail: Fail) => void;
}
