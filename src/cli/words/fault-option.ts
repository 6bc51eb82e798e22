/** Fault rules as arguments: the text form of `--fault RULE`. */
import { InvalidArgumentError } from 'commander';
import type { FaultRule } from '../../kernel/faults/fault-rule.ts';
import { unknownSubject } from '../../kernel/faults/fault-subjects.ts';
import { formatFaultRule, parseFaultRule } from '../../kernel/faults/fault-text.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { UsageError } from '../failures.ts';

interface Subjects {
  readonly heaps: readonly { readonly name: string }[];
  /** Not looked at where it is not known which there will be. */
  readonly tasks?: readonly { readonly name: string }[];
}

/** What a kernel has that rules may be about. */
export const subjectsOf = (kernel: Kernel): Subjects => ({ heaps: kernel.heaps(), tasks: kernel.tasks() });

/** Refuses rules about a heap or a task that there is none of. @throws UsageError that has the known names */
export function refuseUnknownSubjects(rules: readonly FaultRule[], { heaps, tasks }: Subjects): void {
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
  const known = { heaps: names(heaps), ...(tasks && { tasks: names(tasks) }) };
  for (const rule of rules) {
    const unknown = unknownSubject(rule, known);
    if (unknown === undefined) continue;
    throw new UsageError(
      `${formatFaultRule(rule)}: ${unknown.message}`,
      sentence(unknown.hint).replace(/\.$/, ''),
    );
  }
}

/** Reads a rule. @throws InvalidArgumentError */
export function readFaultRule(text: string): FaultRule {
  const read = parseFaultRule(text);
  if ('rule' in read) return read.rule;
  throw new InvalidArgumentError(sentence(read.problem));
}

/** A key stays as it is typed. */
const sentence = (text: string): string =>
  `${/^\w+=/.test(text) ? text.slice(0, 1) : text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`;

export const collectFaults = (text: string, before: readonly FaultRule[] = []): FaultRule[] => [
  ...before,
  readFaultRule(text),
];
