/** How an action's value becomes what a step does. */
import type { ActionName, Actions } from './form.ts';
import type { Act } from './moment.ts';
import type { Path } from './problem.ts';
import type { Values } from './values.ts';

/** Reads the value once; what is wrong with it goes to `values`. @param path where the value stands */
export type ActionCompiler<Name extends ActionName> = (
  value: Actions[Name],
  values: Values,
  path: Path,
) => Act;

export type ActionCompilers<Names extends ActionName> = { readonly [Name in Names]: ActionCompiler<Name> };
