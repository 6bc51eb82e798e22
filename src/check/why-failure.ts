/** A call that failed, by what is kept of it: which rule, and who holds the memory now. */
import type { Failure } from '../dma-buf/failure.ts';
import type { FailureRule } from '../dma-buf/failure-rule.ts';
import type { KernelViews } from '../kernel/kernel-views.ts';
import { linuxName } from '../profile/profile.ts';
import { FAILURE_RULES, RULES_OF } from './failure-rules.ts';
import { type Holder, heapOfFailure, holdersOf } from './holders.ts';

/** What is known beside the numbers of a failure. */
export interface FailureContext extends FailureRule {
  /** The version whose names the functions have. */
  readonly of: string;
  /** The kernel that answered. */
  readonly linux: string;
  /** Who holds the memory that the call asked for, where it failed for that. */
  readonly holders: readonly Holder[];
  readonly more: number;
}

/** The same of a failure alone, whose kernel is not at hand: its rule. */
export const ruleContext = (failure: Failure): FailureContext => ({
  ...FAILURE_RULES[failure.kind],
  of: RULES_OF,
  linux: RULES_OF,
  holders: [],
  more: 0,
});

/** What is told of a failure to whoever asks why. */
export function failureContext(kernel: KernelViews, failure: Failure): FailureContext {
  const heap = heapOfFailure(kernel, failure);
  const held = heap === undefined ? { holders: [], more: 0 } : holdersOf(kernel, heap);
  return { ...FAILURE_RULES[failure.kind], of: RULES_OF, linux: linuxName(kernel.profile), ...held };
}
