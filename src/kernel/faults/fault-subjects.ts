/** Whom a fault rule is about: a rule about a heap or a task that there is none of never strikes, and says nothing. */
import { didYouMean } from '../../devicetree/did-you-mean.ts';
import type { FaultRule } from './fault-rule.ts';

/** A name in a rule that nothing has. */
export interface UnknownSubject {
  /** The key of the rule. */
  readonly key: string;
  readonly message: string;
  readonly hint: string;
}

/** @param known the names that there are; a kind that is not given is not looked at */
export function unknownSubject(
  rule: FaultRule,
  known: { readonly heaps?: readonly string[]; readonly tasks?: readonly string[] },
): UnknownSubject | undefined {
  if (rule.does === 'busy' || rule.does === 'module' || rule.later === true) return undefined;
  const task = rule.does === 'errno' ? 'task' : rule.does;
  return (
    unknown('task', task, rule.task, known.tasks) ??
    unknown('heap', 'heap', rule.does === 'errno' ? rule.heap : undefined, known.heaps)
  );
}

function unknown(
  kind: 'heap' | 'task',
  key: string,
  name: string | undefined,
  known: readonly string[] | undefined,
): UnknownSubject | undefined {
  if (name === undefined || known === undefined || known.includes(name)) return undefined;
  const near = didYouMean(name, known);
  const there = known.length === 0 ? `here is no ${kind}` : `he ${kind}s are ${known.join(', ')}`;
  const all = near === undefined ? `t${there}` : `did you mean ${near}? T${there}`;
  return {
    key,
    message: `no ${kind} is called "${name}"`,
    hint: `${all}; of one that comes later say so: ${key}=${name},later`,
  };
}
