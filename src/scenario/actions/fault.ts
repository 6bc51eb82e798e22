import { fail } from '../../kernel/calls/results.ts';
import type { FaultRule } from '../../kernel/faults/fault-rule.ts';
import { unknownSubject } from '../../kernel/faults/fault-subjects.ts';
import { faultRuleOf, formatFaultRule, parseFaultRule } from '../../kernel/faults/fault-text.ts';
import { seeded } from '../../program/boot-inputs.ts';
import type { Action } from '../action.ts';
import { type Act, type Machine, type Moment, syscall } from '../moment.ts';
import { DONE, type Outcome } from '../outcome.ts';
import { BadValue, type Path } from '../problem.ts';
import { isTemplate } from '../template.ts';
import { type Fault, ref, fault as rule } from '../value-forms.ts';
import type { Values } from '../values.ts';

type HeapsKnown = Pick<Machine, 'kernel' | 'isOther'>;

/**
 * Refuses a rule about a heap that there is none of: which there are is known once the kernel has booted. On another
 * board than the scenario's own it is only what is different.
 *
 * @throws BadValue
 */
export function refuseUnknownHeap(rule: FaultRule, { kernel, isOther }: HeapsKnown, path: Path): void {
  if (isOther) return;
  const unknown = unknownSubject(rule, { heaps: kernel.heaps().map(({ name }) => name) });
  if (unknown === undefined) return;
  const { message, hint } = unknown;
  throw new BadValue({ code: 'scenario-fault', message, hint, path });
}

/** A fault rule of a file. @param seed what chance begins with where the rule names none */
export function readFault(
  fault: Fault,
  seed: number,
): { readonly rule: FaultRule } | { readonly problem: string; readonly key?: string } {
  const read = typeof fault === 'string' ? parseFaultRule(fault) : faultRuleOf(fault);
  if ('problem' in read) return read;
  return { rule: seeded(read.rule, seed) };
}

function compile(value: Fault, values: Values, path: Path): Act {
  const add = (at: Moment, rule: FaultRule): Outcome => {
    if (rule.does === 'module') return fail('EINVAL');
    refuseUnknownHeap(rule, at.machine, path);
    return syscall(at, { call: 'fault_add', rule });
  };
  if (typeof value === 'string' && isTemplate(value)) {
    const rule = values.read(
      value,
      path,
      (text) => {
        const read = readFault(text, values.seed);
        return 'rule' in read ? read.rule : undefined;
      },
      'a fault rule',
    );
    return (at) => add(at, rule(at));
  }
  const read = readFault(value, values.seed);
  if ('problem' in read) {
    const at = typeof value === 'object' && read.key !== undefined ? [...path, read.key] : path;
    values.problem(at, 'scenario-fault', read.problem);
    return () => DONE;
  }
  values.strikes(read.rule, path);
  if (read.rule.does === 'module') {
    values.problem(
      path,
      'scenario-fault',
      'a module is not loaded from boot on: the rule belongs to fault of boot',
      'boot: { fault: module=cma_heap }',
    );
  }
  return (at) => add(at, read.rule);
}

export const fault: Action<() => typeof rule> = {
  text: 'A fault rule, from here on: errno=ENOMEM,heap=NAME,nth=3',
  schema: () => rule,
  makes: 'rule',
  compile,
  export: {
    withoutTask: true,
    calls: {
      fault_add: ({ result: { ret }, call }, { names }) => {
        const action = { fault: formatFaultRule(call.rule) };
        if (ret < 0) return { action };
        const as = names.fresh('rule', true);
        names.bindRule(ret, as);
        return { action, as, expect: { ret } };
      },
    },
  },
};

export const faultRm: Action<() => typeof ref> = {
  text: 'Takes a fault rule away: its number, its name, or all.',
  schema: () => ref,
  compile: (value, values, path) => {
    if (value === 'all') {
      return (at) => {
        const results = at.machine.kernel.faults().map(({ id }) => syscall(at, { call: 'fault_del', id }));
        return results.find(({ ret }) => ret < 0) ?? DONE;
      };
    }
    const id = values.ref(value, path, 'rule');
    return (at) => syscall(at, { call: 'fault_del', id: id(at) });
  },
  export: {
    withoutTask: true,
    calls: { fault_del: ({ call }, { names }) => ({ action: { 'fault-rm': names.rule(call.id) } }) },
  },
};
