/**
 * The text form of fault rules: `key=value` joined by commas, which is a mapping with the same keys in a scenario.
 *
 *     errno=ENOMEM,heap=video-cma@60000000,nth=3      the third allocation from that heap fails
 *     errno=EINTR,call=sync,chance=0.1,seed=7         one SYNC in ten, the same ones each time
 *     exit=camera,nth=20                              the task dies instead of its 20th call
 *     leak=camera,every=10                            every tenth close of a buffer is forgotten
 *     busy=0x60400000:64K                             pages of a CMA area that cannot be moved away
 *     module=cma_heap                                 not loaded at boot
 *     errno=ENOMEM,heap=late-pool,later               of a heap that need not be there yet
 */
import { closest } from '../../devicetree/closest.ts';
import { HEAP_MODULES, isHeapModule } from '../../dma-buf/heap-modules.ts';
import { heapName } from '../../uapi/dma-heap.ts';
import { errnoNames, isErrno } from '../../uapi/errno.ts';
import { formatHex, formatSize, type PhysRange, parseRange, parseSize } from '../../units.ts';
import { failingCalls, voidCalls } from '../calls/index.ts';
import {
  COMPARISONS,
  type ErrnoFault,
  type FaultCall,
  type FaultRule,
  type FaultWhen,
  type SizeCondition,
} from './fault-rule.ts';

/** Calls that can fail, by the names of rules: `alloc`, `sync` and `set_name` are the ioctls of that name. */
export const FAULT_CALLS: readonly FaultCall[] = ['alloc', 'sync', 'set_name', ...failingCalls()];

/** A rule, or what is wrong with its text. */
export type ReadFaultRule =
  | { readonly rule: FaultRule }
  | { readonly problem: string; readonly key?: string };

const EFFECTS = ['errno', 'exit', 'leak', 'busy', 'module'] as const;
type Effect = (typeof EFFECTS)[number];
const WHEN = ['nth', 'every', 'from', 'chance', 'seed', 'times'] as const;
/** The one key without a value: what the rule names may come later. */
const LATER = 'later';

/** The keys beside the effect's own. */
const CONDITIONS: Readonly<Record<Effect, readonly string[]>> = {
  errno: ['call', 'task', 'heap', 'size', ...WHEN, LATER],
  exit: ['call', ...WHEN, LATER],
  leak: [...WHEN, LATER],
  busy: [],
  module: [],
};
const KEYS = [...EFFECTS, ...CONDITIONS.errno];

class Unreadable extends Error {
  readonly key: string | undefined;

  constructor(problem: string, key?: string) {
    super(problem);
    this.key = key;
  }
}

/** Reads the text form. A comma inside a value (`heap=linux,cma`) is kept. */
export function parseFaultRule(text: string): ReadFaultRule {
  const pieces = text.split(/,(?=\s*(?:[a-z]+\s*=|later\s*(?:,|$)))/);
  const entries = pieces.map((piece): readonly [string, string] => {
    const at = piece.indexOf('=');
    return at < 0 ? [piece.trim(), ''] : [piece.slice(0, at).trim(), piece.slice(at + 1).trim()];
  });
  return readEntries(entries);
}

/** Reads the mapping form: the same keys, with texts or numbers. */
export const faultRuleOf = (mapping: Readonly<Record<string, unknown>>): ReadFaultRule =>
  readEntries(Object.entries(mapping).map(([key, value]) => [key, String(value)]));

function readEntries(entries: readonly (readonly [key: string, value: string])[]): ReadFaultRule {
  try {
    const values = new Map<string, string>();
    for (const [key, value] of entries) {
      if (!KEYS.includes(key)) throw unknown('key', key, KEYS);
      if (values.has(key)) throw new Unreadable(`${key}= is given twice`, key);
      values.set(key, value);
    }
    return { rule: ruleOf(values) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { problem: error.message, ...(error.key !== undefined && { key: error.key }) };
  }
}

function unknown(what: string, word: string, known: readonly string[], key = word): Unreadable {
  const near = closest(word, known);
  const hint = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`;
  return new Unreadable(`no ${what} is called "${word}": ${hint}`, key);
}

function ruleOf(values: ReadonlyMap<string, string>): FaultRule {
  const [does, ...others] = EFFECTS.filter((effect) => values.has(effect));
  if (does === undefined) throw new Unreadable('a rule has one of errno=, exit=, leak=, busy=, module=');
  if (others[0] !== undefined) {
    throw new Unreadable(`${does}= and ${others[0]}= are two rules`, others[0]);
  }
  for (const key of values.keys()) {
    if (key === does || CONDITIONS[does].includes(key)) continue;
    throw new Unreadable(`${key}= does not go with ${does}=`, key);
  }
  const value = values.get(does) ?? '';
  switch (does) {
    case 'errno':
      return errnoRule(value, values);
    case 'exit': {
      const call = callOf(values);
      return { does, task: taskOf('exit', value), ...(call && { call }), ...whenOf(values) };
    }
    case 'leak':
      return { does, task: taskOf('leak', value), ...whenOf(values) };
    case 'busy':
      return { does, range: rangeOf(value) };
    case 'module': {
      const module = value.replaceAll('-', '_');
      if (!isHeapModule(module)) throw unknown('module', value, HEAP_MODULES, 'module');
      return { does, module };
    }
  }
}

function errnoRule(name: string, values: ReadonlyMap<string, string>): ErrnoFault {
  const errno = name.toUpperCase();
  if (!isErrno(errno)) throw unknown('errno', name, errnoNames(), 'errno');
  const call = callOf(values) ?? 'alloc';
  const [task, heap, size] = [values.get('task'), values.get('heap'), values.get('size')];
  for (const key of ['heap', 'size']) {
    if (call === 'alloc' || !values.has(key)) continue;
    throw new Unreadable(`${key}= is a condition of call=alloc alone, not of call=${call}`, key);
  }
  if (heap === '') throw new Unreadable('heap= names no heap', 'heap');
  return {
    does: 'errno',
    errno,
    call,
    ...(task !== undefined && { task: taskOf('task', task) }),
    ...(heap !== undefined && { heap: heapName(heap) }),
    ...(size !== undefined && { size: sizeOf(size) }),
    ...whenOf(values),
  };
}

function callOf(values: ReadonlyMap<string, string>): FaultCall | undefined {
  const name = values.get('call');
  if (name === undefined) return undefined;
  if (FAULT_CALLS.includes(name)) return name;
  if (voidCalls().includes(name)) {
    throw new Unreadable(`${name} cannot fail`, 'call');
  }
  throw unknown('call that can fail', name, FAULT_CALLS, 'call');
}

function taskOf(key: string, name: string): string {
  if (name !== '') return name;
  throw new Unreadable(`${key}= names no task`, key);
}

function rangeOf(text: string): PhysRange {
  const range = parseRange(text);
  if (range !== undefined) return range;
  throw new Unreadable(`busy=${text}: expected ADDRESS:SIZE, such as 0x60400000:64K`, 'busy');
}

function sizeOf(text: string): SizeCondition {
  const is = COMPARISONS.find((comparison) => text.startsWith(comparison));
  const bytes = parseSize(text.slice(is?.length ?? 0));
  if (bytes !== undefined) return { is: is ?? '=', bytes };
  throw new Unreadable(`size=${text}: expected a size, or a comparison such as >=1M`, 'size');
}

function whenOf(values: ReadonlyMap<string, string>): FaultWhen {
  if (values.has('nth') && values.has('every')) {
    throw new Unreadable('nth= and every= exclude each other', 'every');
  }
  if (values.has('seed') && !values.has('chance')) {
    throw new Unreadable('seed= goes with chance=', 'seed');
  }
  const later = values.get(LATER);
  if (later !== undefined && !['', 'true', 'false'].includes(later)) {
    throw new Unreadable('later has no value', LATER);
  }
  const numbers = Object.fromEntries(
    WHEN.flatMap((key) => {
      const text = values.get(key);
      return text === undefined ? [] : [[key, numberOf(key, text)]];
    }),
  );
  return { ...numbers, ...(later !== undefined && later !== 'false' && { later: true }) };
}

function numberOf(key: (typeof WHEN)[number], text: string): number {
  if (key === 'chance') {
    const chance = /^([0-9]*\.)?[0-9]+(e-[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
    if (chance <= 1) return chance;
    throw new Unreadable(`chance=${text}: expected a number from 0 to 1`, key);
  }
  const least = key === 'seed' || key === 'from' ? 0 : 1;
  const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && (key !== 'seed' || number <= 0xffffffff)) return number;
  const range = key === 'seed' ? '0 to 4294967295' : `${least} on`;
  throw new Unreadable(`${key}=${text}: expected a whole number from ${range}`, key);
}

/** `64K`: a size in the form that rules are read in. */
const sizeText = (bytes: bigint): string => formatSize(bytes).replace(/ (?:([KMGT])iB|B)$/, '$1');

/** The text form of a rule: what `parseFaultRule` reads. */
export function formatFaultRule(rule: FaultRule): string {
  const when = (given: FaultWhen) => [
    ...WHEN.flatMap((key) => (given[key] === undefined ? [] : [`${key}=${given[key]}`])),
    ...(given.later === true ? [LATER] : []),
  ];
  switch (rule.does) {
    case 'errno': {
      const { errno, call, task, heap, size } = rule;
      return [
        `errno=${errno}`,
        ...(call === 'alloc' ? [] : [`call=${call}`]),
        ...(task === undefined ? [] : [`task=${task}`]),
        ...(heap === undefined ? [] : [`heap=${heap}`]),
        ...(size === undefined ? [] : [`size=${size.is === '=' ? '' : size.is}${sizeText(size.bytes)}`]),
        ...when(rule),
      ].join(',');
    }
    case 'exit':
      return [`exit=${rule.task}`, ...(rule.call ? [`call=${rule.call}`] : []), ...when(rule)].join(',');
    case 'leak':
      return [`leak=${rule.task}`, ...when(rule)].join(',');
    case 'busy':
      return `busy=${formatHex(rule.range.base)}:${sizeText(rule.range.size)}`;
    case 'module':
      return `module=${rule.module}`;
  }
}
