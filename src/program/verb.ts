/**
 * What a verb is that makes one system call of what its user writes. `verbs/` has a file for each, of which the command
 * line makes a command (`cli/commands/verb.ts`) and scenarios an action (`scenario/actions/verb.ts`).
 */
import type { Syscall } from '../kernel/syscall.ts';
import type { Names } from '../uapi/call-names.ts';
import type { ArchOpenFlags } from '../uapi/fcntl.ts';

type CallName = Syscall['call'];
type Fields<Name extends CallName> = Omit<Extract<Syscall, { readonly call: Name }>, 'call'>;

interface Of<Kind extends string, Value> {
  readonly kind: Kind;
  /** What it is, for a command's help. */
  readonly text: string;
  /** What it is where a scenario does not say. */
  readonly default?: Value;
  /** A command need not say either. */
  readonly optional?: true;
}

/** An argument of a call, as people write it. */
export type Argument =
  | Of<'descriptor' | 'mapping' | 'whole', number>
  | Of<'signed' | 'size', bigint>
  /** Memory of the caller: so many bytes of it, which the call fills; or bytes that it takes. */
  | Of<'room' | 'bytes', Uint8Array | null>
  /** Where something is mapped: a number, or a place in a mapping (`map:N+BYTES`). */
  | Of<'address', bigint>
  | Of<'path', string>
  /** A word of a table, or a number. `form`: what a scenario's value is. */
  | (Of<'word', number> & { readonly names: Names; readonly form: string })
  /** Words joined by |, or a number. `expected`: what `parse` takes. */
  | (Of<'flags', number> & {
      readonly parse: (text: string, openFlags: ArchOpenFlags) => number | undefined;
      readonly expected: string;
      readonly form: string;
      /** The names of what is set, for the answer as JSON. */
      readonly names?: (flags: number, openFlags: ArchOpenFlags) => readonly string[];
    });

/** The arguments of a call by the names of its fields, in the order in which they are written. */
type ArgumentsOf<Name extends CallName> = {
  readonly [Key in keyof Fields<Name>]: Extract<Argument, { readonly default?: Fields<Name>[Key] }>;
};

export interface Verb<
  Name extends CallName = CallName,
  Arguments extends object = Readonly<Record<string, Argument>>,
> {
  readonly call: Name;
  /** The command that it is a part of: `drm` of `drm import`, whose action is `drm-import`. */
  readonly under?: 'drm';
  /** Its neighbour in the help and among the actions. */
  readonly place: { readonly before: string } | { readonly after: string };
  /** What it does, in one line. */
  readonly summary: string;
  /** The same for scenarios; the summary unless given. */
  readonly action?: string;
  readonly description: string;
  /** Command lines. */
  readonly examples: readonly string[];
  readonly arguments: Arguments;
  /** What it returns; absent: 0, of which nobody is told. */
  readonly returns?: 'number' | 'descriptor' | 'mapping';
  /** How it is asked where an export looks for who says a call: last, since another verb says it in fewer words. */
  readonly isGeneral?: true;
  /** Whether it returns a new descriptor, where that depends on the arguments. */
  makesDescriptor?(given: Fields<Name>): boolean;
  /** The names of what is set in the number that it returned; `undefined` when that is no flags. */
  flags?(given: Fields<Name>, ret: number, openFlags: ArchOpenFlags): readonly string[] | undefined;
}

/** Checks that a verb's arguments are those of its call, and no more. */
export const verb = <Name extends CallName, const Arguments extends ArgumentsOf<Name>>(
  verb: Verb<Name, Arguments> & {
    readonly arguments: { readonly [Key in Exclude<keyof Arguments, keyof Fields<Name>>]: never };
  },
): Verb<Name, Arguments> => verb;

/** The values of arguments, by their names. */
export type Given = Readonly<Record<string, number | bigint | string | Uint8Array | null>>;

/** What a call may fill at once. */
export const MAX_ROOM = 1 << 24;

/** The call. @param given a value for each argument, which `verb` has seen to be the call's */
export const callOf = ({ call }: Verb, given: Given): Syscall => ({ call, ...given }) as Syscall;

/** Commands or actions by their names, with those of verbs beside their neighbours, where these are. */
export function withVerbs<T>(
  entries: Readonly<Record<string, T>>,
  verbs: Readonly<Record<string, Verb>>,
  make: (name: string, verb: Verb) => T,
): Record<string, T> {
  const all = Object.entries(entries);
  for (const [name, verb] of Object.entries(verbs)) {
    const { place } = verb;
    const neighbour = 'before' in place ? place.before : place.after;
    const at = all.findIndex(([other]) => other === neighbour);
    if (at >= 0) all.splice('before' in place ? at : at + 1, 0, [name, make(name, verb)]);
  }
  return Object.fromEntries(all);
}
