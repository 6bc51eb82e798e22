/** Values of options that are not their only ones, so that a shell can complete them. */
import type { Option } from 'commander';

const values = new WeakMap<Option, readonly string[]>();

/** Says of an option which values it often has. @returns the option */
export function offers(option: Option, some: readonly string[]): Option {
  values.set(option, some);
  return option;
}

export const valuesOf = (option: Option): readonly string[] => values.get(option) ?? [];
