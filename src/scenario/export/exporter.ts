/** How an action is found in a history: the part of an action's descriptor that `export` uses. */
import type { Expect } from '../expect-form.ts';
import type { AnyStep } from '../step.ts';
import type { AccessTold, Run, Target } from './byte-runs.ts';
import type { CallEntry, CallName, Cursor, Draft } from './draft.ts';
import type { Names } from './names.ts';

/** A call as a step, before the journal's log lines are added. */
export interface Said {
  readonly action: AnyStep;
  readonly as?: string;
  readonly expect?: Expect;
}

/** A method's type, so that those of all calls can stand in one table. */
export type Say<Name extends CallName = CallName> = {
  say(entry: CallEntry<Name>, cursor: Cursor): Said | undefined;
}['say'];

export interface Exporter {
  /** Writes a call that stands alone, by the call's name; `undefined`: this action does not say it. */
  readonly calls?: { readonly [Name in CallName]?: Say<Name> };
  /** It says any such call: those that say it in fewer words are asked first. */
  readonly general?: true;
  /** The calls are the machine's: nobody needs to be there to make them. */
  readonly withoutTask?: true;
  /** Writes several entries from the cursor on, where they are what the action makes. */
  several?(cursor: Cursor): readonly Draft[] | undefined;
  /** Writes a run of accesses. */
  access?(run: Run, target: Target, sha256: (bytes: Uint8Array) => string): AccessTold | undefined;
}

/** The name of a copy: of a buffer without one a plain one. */
export const copyName = (of: string | number | bigint): string =>
  typeof of === 'string' ? `${of.replace(/_copy\d*$/, '')}_copy` : 'copy';

/** Names a descriptor that a call has made, if it has. */
export function madeDescriptor(
  task: string,
  fd: number,
  wish: string,
  names: Names,
): Pick<Said, 'as' | 'expect'> {
  if (fd < 0) return {};
  const as = names.fresh(wish);
  names.bindDescriptor(task, fd, as);
  return { as, expect: { fd } };
}

/** A number that a scenario can name: it has no negative ones. */
export const isWhole = (value: number): boolean => Number.isInteger(value) && value >= 0;
