/** Fault rules as arguments: the text form of `--fault RULE`. */
import { InvalidArgumentError } from 'commander';
import type { FaultRule } from '../../kernel/faults/fault-rule.ts';
import { parseFaultRule } from '../../kernel/faults/fault-text.ts';

/** Reads a rule. @throws InvalidArgumentError */
export function readFaultRule(text: string): FaultRule {
  const read = parseFaultRule(text);
  if ('rule' in read) return read.rule;
  throw new InvalidArgumentError(sentence(read.problem));
}

const sentence = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`;

export const collectFaults = (text: string, before: readonly FaultRule[] = []): FaultRule[] => [
  ...before,
  readFaultRule(text),
];
