/** Findings that say the same of several nodes, once. */
import type { Finding } from './finding.ts';

/** The same said of one node or more, the first of which has the place. */
export interface FindingGroup {
  readonly first: Finding;
  readonly all: readonly Finding[];
}

const ORDER = ['error', 'warning', 'note'] as const;

/** Errors first; those of one reason and one advice together, in the order of the first. */
export function groupFindings(findings: readonly Finding[]): readonly FindingGroup[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { check, severity, message, hint = '' } = finding;
    const key = JSON.stringify([check, severity, message, hint]);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  const rank = ({ first }: FindingGroup) => ORDER.indexOf(first.severity);
  return [...groups.values()]
    .flatMap((all): FindingGroup[] => (all[0] === undefined ? [] : [{ first: all[0], all }]))
    .sort((a, b) => rank(a) - rank(b));
}
