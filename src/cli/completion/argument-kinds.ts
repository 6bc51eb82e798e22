/** What the arguments of a command are, so that a shell can complete them. */
import type { Command } from 'commander';

/** `none`: anybody's guess. */
export type ArgumentKind =
  | 'heap'
  | 'fd'
  | 'fd-or-heap'
  | 'file'
  | 'device'
  | 'task'
  | 'path'
  | 'path-or-heap'
  | 'none';

const kinds = new WeakMap<Command, readonly ArgumentKind[]>();

/** Says of a command what its arguments are, in their order. @returns the command */
export function completes(command: Command, ...ofArguments: readonly ArgumentKind[]): Command {
  kinds.set(command, ofArguments);
  return command;
}

/** What the argument is that comes after `count` others; `undefined` when the command did not say. */
export function argumentKind(command: Command, count: number): ArgumentKind | undefined {
  const all = kinds.get(command) ?? [];
  // An argument that may be there several times is the last one.
  return command.registeredArguments.at(-1)?.variadic === true ? (all[count] ?? all.at(-1)) : all[count];
}
