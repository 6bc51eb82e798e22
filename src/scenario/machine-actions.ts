/** Actions on files of /proc and /sys, on time, and those that break the machine on purpose. */

import { type FaultRule, faultRuleOf, parseFaultRule } from '../kernel/fault-rule.ts';
import { mayAccess } from '../kernel/virtual-files/index.ts';
import { Ageing, NoHeapToAge, parseAgeSizes } from '../program/age.ts';
import { credentialsOf, entriesOf, readFile } from '../program/path-lookup.ts';
import { type Errno, errnoNumber } from '../uapi/errno.ts';
import { O_WRONLY } from '../uapi/fcntl.ts';
import { parseRange, parseSeconds } from '../units.ts';
import type { ActionCompilers } from './action.ts';
import type { Fault } from './form.ts';
import { MAX_AGE_STEPS } from './limits.ts';
import type { Act, Moment } from './moment.ts';
import { DONE, type Outcome } from './outcome.ts';
import type { Path } from './problem.ts';
import { isTemplate } from './template.ts';
import type { Values } from './values.ts';

const failed = (errno: Errno, more: Partial<Outcome> = {}): Outcome => ({
  ret: -errnoNumber(errno),
  errno,
  ...more,
});

/** A file as a child of the task reads it, which makes no call of the task. */
export function readText({ machine: { kernel }, task }: Moment, path: string): Outcome {
  const got = readFile(kernel, path, task);
  if (!('bytes' in got)) return failed(got.errno);
  return { ret: 0, bytes: got.bytes, text: new TextDecoder().decode(got.bytes) };
}

function listNames({ machine: { kernel }, task }: Moment, path: string): Outcome {
  const found = kernel.lookup(path, task);
  if ('errno' in found) return failed(found.errno);
  const { node } = found;
  if (node.kind !== 'directory') return { ret: 0, names: [path] };
  if (!mayAccess(node, credentialsOf(kernel, task), { read: true })) return failed('EACCES');
  return { ret: 0, names: entriesOf(node).map(({ name }) => name) };
}

/** A fault rule of a file. @param seed what chance begins with where the rule names none */
export function readFault(
  fault: Fault,
  seed: number,
): { readonly rule: FaultRule } | { readonly problem: string; readonly key?: string } {
  const read = typeof fault === 'string' ? parseFaultRule(fault) : faultRuleOf(fault);
  if ('problem' in read) return read;
  const { rule } = read;
  const seeded = 'chance' in rule && rule.chance !== undefined && rule.seed === undefined;
  return { rule: seeded ? { ...rule, seed } : rule };
}

function faultAction(value: Fault, values: Values, path: Path): Act {
  const add = ({ machine, task }: Moment, rule: FaultRule): Outcome =>
    rule.does === 'module' ? failed('EINVAL') : machine.kernel.syscall(task, { call: 'fault_add', rule });
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

type Names = 'cat' | 'ls' | 'echo' | 'sleep' | 'fault' | 'fault-rm' | 'pin' | 'unpin' | 'modprobe' | 'age';

export const MACHINE_ACTIONS: ActionCompilers<Names> = {
  cat: (value, values, path) => {
    const file = values.text(value, path);
    return (at) => readText(at, file(at));
  },
  ls: (value, values, path) => {
    const file = values.text(value, path);
    return (at) => listNames(at, file(at));
  },
  echo: (value, values, path) => {
    const text = values.text(String(value.value), [...path, 'value']);
    const file = values.text(value.path, [...path, 'path']);
    return (at) => {
      const { kernel } = at.machine;
      const opened = kernel.syscall(at.task, { call: 'open', path: file(at), flags: O_WRONLY });
      if (opened.ret < 0) return opened;
      const buf = new TextEncoder().encode(text(at));
      const written = kernel.syscall(at.task, { call: 'write', fd: opened.ret, buf });
      kernel.syscall(at.task, { call: 'close', fd: opened.ret });
      return written;
    };
  },
  sleep: (value, values, path) => {
    const time = values.read(String(value), path, parseSeconds, 'seconds, at most 1000000: 6, 0.5');
    return (at) => at.machine.kernel.syscall(at.task, { call: 'sleep', nanoseconds: time(at) });
  },
  fault: faultAction,
  'fault-rm': (value, values, path) => {
    if (value === 'all') {
      return (at) => {
        const { kernel } = at.machine;
        const results = kernel.faults().map(({ id }) => kernel.syscall(at.task, { call: 'fault_del', id }));
        return results.find(({ ret }) => ret < 0) ?? DONE;
      };
    }
    const id = values.ref(value, path, 'rule');
    return (at) => at.machine.kernel.syscall(at.task, { call: 'fault_del', id: id(at) });
  },
  pin: (value, values, path) => {
    const range = values.read(value, path, parseRange, '@ADDRESS:SIZE, such as "@0x60400000:64K"');
    return (at) => at.machine.kernel.syscall(at.task, { call: 'pin', range: range(at) });
  },
  unpin: (value, values, path) => {
    const range = values.read(value, path, parseRange, '@ADDRESS:SIZE, such as "@0x60400000:64K"');
    return (at) => at.machine.kernel.syscall(at.task, { call: 'unpin', range: range(at) });
  },
  modprobe: (value, values, path) => {
    const module = values.text(value, path);
    return (at) => at.machine.kernel.syscall(at.task, { call: 'modprobe', module: module(at) });
  },
  age: (value, values, path) => {
    const inside = (key: string): Path => [...path, key];
    const heap = values.text(value.area, inside('area'));
    const mix = typeof value.sizes === 'object' ? value.sizes.join(',') : value.sizes;
    const sizes =
      mix === undefined
        ? undefined
        : values.read(
            mix,
            inside('sizes'),
            parseAgeSizes,
            'sizes with their weights, 1000 at most: 4K,64K:3',
          );
    const lifetime =
      value.lifetime === undefined ? undefined : values.whole(value.lifetime, inside('lifetime'));
    const steps =
      value.steps === undefined ? undefined : values.count(value.steps, inside('steps'), MAX_AGE_STEPS);
    const seed = values.whole(value.seed ?? values.seed, inside('seed'));
    return function* (at) {
      const { kernel } = at.machine;
      try {
        const ageing = new Ageing(kernel, at.task, {
          heap: heap(at),
          seed: seed(at),
          keep: value.keep ?? true,
          ...(sizes && { sizes: sizes(at) }),
          ...(lifetime && { lifetime: lifetime(at) }),
          ...(steps && { steps: steps(at) }),
        });
        while (ageing.advance(kernel)) yield;
        const report = ageing.report(kernel);
        const { allocated, freed, alive, aliveBytes, largestRun, largestAligned, failed: errors } = report;
        const counted = Object.values(errors).reduce((sum, count) => sum + count, 0);
        const { free } = report.heap;
        return {
          ret: 0,
          value: {
            allocated,
            freed,
            failed: counted,
            alive,
            alive_bytes: aliveBytes,
            free,
            largest: largestRun,
            largest_aligned: largestAligned,
          },
        };
      } catch (error) {
        if (!(error instanceof NoHeapToAge)) throw error;
        const known = kernel.heaps().map(({ name }) => name);
        return failed('ENOENT', { why: { kind: 'no-such-heap', name: heap(at), known } });
      }
    };
  },
};
