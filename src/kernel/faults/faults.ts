/**
 * Faults on purpose: the rules of a kernel, and whether one strikes. Asked at the entrance of every call, and where
 * an allocation would really fail. Linux has it as lib/fault-inject.c, for a page or an object instead of a call.
 *
 * What a rule has seen is in its record, so that the same calls meet the same faults, in whichever processes.
 */
import { type InjectedFault, isAllocRequest } from '../../dma-buf/dma-heap.ts';
import type { Records } from '../../records.ts';
import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_A, DMA_BUF_SET_NAME_B } from '../../uapi/dma-buf.ts';
import type { Errno } from '../../uapi/errno.ts';
import { nextRandom } from '../random.ts';
import type { FaultCall, FaultWhen, KeptRule, SizeCondition } from './fault-rule.ts';

/** A rule of a kernel, and what it has done. */
export interface FaultView {
  /** Counts from 1. */
  readonly id: number;
  readonly rule: KeptRule;
  /** Calls that it is about. */
  readonly seen: number;
  /** Those that it struck. */
  readonly struck: number;
}

interface FaultState extends FaultView {
  /** The state of its chance. */
  readonly random: number;
}

interface FaultsRecord {
  readonly next: number;
  readonly rules: readonly FaultState[];
}

const FAULTS = 'faults';

/** What rules look at of a call that a task makes. */
interface EnteringCall {
  readonly call: string;
  readonly fd?: number;
  readonly request?: number;
}

/** What a descriptor of the calling task is. */
type KindOf = (fd: number) => string | undefined;

/** What a rule does to a call. */
export type Struck =
  | { readonly does: 'errno'; readonly errno: Errno; readonly rule: number }
  | { readonly does: 'exit' | 'leak'; readonly rule: number };

/** A call where rules look at it. */
type Subject = { readonly task: string; readonly number: number } & (
  | { readonly at: 'entrance'; readonly names: readonly FaultCall[]; readonly closesBuffer: boolean }
  | { readonly at: 'allocate' | 'descriptor'; readonly heap: string; readonly size: bigint }
);

export class Faults {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  /** The rules by number. */
  list(): readonly FaultView[] {
    return this.#record().rules.map(({ id, rule, seen, struck }) => ({ id, rule, seen, struck }));
  }

  /** @returns the rule's number */
  add(rule: KeptRule): number {
    const { next, rules } = this.#record();
    const random = 'chance' in rule ? (rule.seed ?? 0) : 0;
    const state: FaultState = { id: next, rule, seen: 0, struck: 0, random };
    this.#records.put<FaultsRecord>(FAULTS, { next: next + 1, rules: [...rules, state] });
    return next;
  }

  /** @returns the rule, or `undefined` when there was none of that number */
  remove(id: number): KeptRule | undefined {
    const { next, rules } = this.#record();
    this.#records.put<FaultsRecord>(FAULTS, { next, rules: rules.filter((state) => state.id !== id) });
    return rules.find((state) => state.id === id)?.rule;
  }

  /**
   * What becomes of a call before it begins.
   *
   * @param kindOf what a descriptor of the task is
   */
  atEntrance(task: string, number: number, call: EnteringCall, kindOf: KindOf): Struck | undefined {
    if (this.#record().rules.length === 0 || call.call === 'exit') return undefined;
    const closesBuffer = call.call === 'close' && kindOf(call.fd ?? -1) === 'dma_buf';
    return this.#strike({ at: 'entrance', task, number, names: namesOf(call, kindOf), closesBuffer });
  }

  /** Where an allocation fails: when the heap takes its memory, or when the descriptor is taken. */
  atAllocation(
    at: 'allocate' | 'descriptor',
    task: string,
    number: number,
    asked: { readonly heap: string; readonly size: bigint },
  ): InjectedFault | undefined {
    if (this.#record().rules.length === 0) return undefined;
    const struck = this.#strike({ at, task, number, ...asked });
    return struck?.does === 'errno'
      ? { errno: struck.errno, why: { kind: 'injected', rule: struck.rule } }
      : undefined;
  }

  #record(): FaultsRecord {
    return this.#records.get<FaultsRecord>(FAULTS) ?? { next: 1, rules: [] };
  }

  /** Every rule that is about the call counts it; the first of those that want to strikes. */
  #strike(subject: Subject): Struck | undefined {
    const { next, rules } = this.#record();
    let struck: Struck | undefined;
    let changed = false;
    const after = rules.map((state) => {
      const { rule } = state;
      if (rule.does === 'busy' || !isAbout(rule, subject)) return state;
      changed = true;
      const { value, state: random } = nextRandom(state.random);
      const seen = state.seen + 1;
      if (struck !== undefined || !wants(rule, seen, state.struck, value)) return { ...state, seen, random };
      const { id } = state;
      struck =
        rule.does === 'errno'
          ? { does: 'errno', errno: rule.errno, rule: id }
          : { does: rule.does, rule: id };
      return { ...state, seen, random, struck: state.struck + 1 };
    });
    if (changed) this.#records.put<FaultsRecord>(FAULTS, { next, rules: after });
    return struck;
  }
}

/** The names under which rules know a call. */
function namesOf({ call, fd = -1, request: asked = 0 }: EnteringCall, kindOf: KindOf): FaultCall[] {
  if (call !== 'ioctl') return [call];
  const request = asked >>> 0;
  switch (kindOf(fd)) {
    case 'dma_heap':
      return isAllocRequest(request) ? ['ioctl', 'alloc'] : ['ioctl'];
    case 'dma_buf': {
      if (request === DMA_BUF_IOCTL_SYNC) return ['ioctl', 'sync'];
      const names = request === DMA_BUF_SET_NAME_A || request === DMA_BUF_SET_NAME_B;
      return names ? ['ioctl', 'set_name'] : ['ioctl'];
    }
    default:
      return ['ioctl'];
  }
}

/** Whether a rule counts the call. */
function isAbout(rule: Exclude<KeptRule, { does: 'busy' }>, subject: Subject): boolean {
  if (rule.from !== undefined && subject.number < rule.from) return false;
  if (rule.task !== undefined && rule.task !== subject.task) return false;
  if (rule.does === 'leak') return subject.at === 'entrance' && subject.closesBuffer;
  if (rule.does === 'exit') {
    return subject.at === 'entrance' && (rule.call === undefined || subject.names.includes(rule.call));
  }
  if (subject.at === 'entrance') return rule.call !== 'alloc' && subject.names.includes(rule.call);
  if (rule.call !== 'alloc' || subject.at !== (rule.errno === 'EMFILE' ? 'descriptor' : 'allocate'))
    return false;
  if (rule.heap !== undefined && rule.heap !== subject.heap) return false;
  return rule.size === undefined || compares(subject.size, rule.size);
}

function compares(size: bigint, { is, bytes }: SizeCondition): boolean {
  switch (is) {
    case '=':
      return size === bytes;
    case '!=':
      return size !== bytes;
    case '<':
      return size < bytes;
    case '<=':
      return size <= bytes;
    case '>':
      return size > bytes;
    case '>=':
      return size >= bytes;
  }
}

/** @param seen calls with this one @param random from 0 up to 1 */
const wants = (when: FaultWhen, seen: number, struck: number, random: number): boolean =>
  (when.nth === undefined || seen === when.nth) &&
  (when.every === undefined || seen % when.every === 0) &&
  (when.times === undefined || struck < when.times) &&
  (when.chance === undefined || random < when.chance);
