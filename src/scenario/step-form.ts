/** The form of a step, made of all that actions are: as a schema, and as the types of TypeScript. */
import * as z from 'zod';
import type { Action, Control, ValueOf } from './action.ts';
import { ACTION_NAMES, ACTIONS, CONTROLS } from './actions/index.ts';
import { type AnyStep, type CommonKeys, commonKeys } from './step.ts';

type All = typeof ACTIONS & typeof CONTROLS;
export type LeafName = keyof typeof ACTIONS;
export type ControlName = keyof typeof CONTROLS;
export type ActionName = keyof All;

/** A value in which steps are exact, where actions have any. */
type WithSteps<T> = unknown extends T
  ? T
  : T extends unknown
    ? readonly AnyStep[] extends T
      ? readonly Step[]
      : { readonly [Key in keyof T]: WithSteps<T[Key]> }
    : never;

type ActionValues = { readonly [Name in ActionName]?: WithSteps<ValueOf<All[Name]['schema']>> | undefined };

/** An action, and the common keys. That it is one action and no more is checked where steps are compiled. */
export type Step = CommonKeys & ActionValues;

const steps: z.ZodType<AnyStep[]> = z
  .array(
    z.lazy(() => stepSchema),
    { error: 'a list of steps' },
  )
  .min(1, { error: 'a list of at least one step' });

const ENTRIES: readonly (readonly [string, Action | Control])[] = Object.entries({ ...ACTIONS, ...CONTROLS });

/** Each action's value. */
const values = Object.fromEntries(ENTRIES.map(([name, { schema }]) => [name, schema(steps)]));

/** The line that says what an action does. */
export const ACTION_TEXTS: ReadonlyMap<string, string> = new Map(
  ENTRIES.map(([name, { text }]) => [name, text]),
);
export const COMMON_KEYS: readonly string[] = Object.keys(commonKeys);

type Shape = { [Name in ActionName]: z.ZodOptional<ReturnType<All[Name]['schema']>> };
// Made key by key, of which TypeScript keeps no account.
const shape = Object.fromEntries(
  ENTRIES.map(([name, { text }]) => [name, values[name]?.meta({ description: text }).optional()]),
) as Shape;

export const stepSchema: z.ZodType<Step> = z
  .strictObject(
    { ...commonKeys, ...shape },
    { error: 'a step: a mapping with an action, such as alloc: { heap: system, size: 4K }' },
  )
  .meta({
    id: 'step',
    description: 'One action, and what goes with it.',
    oneOf: ACTION_NAMES.map((name) => ({ required: [name] })),
  });

/** The keys of the mappings that actions take, and of what stands in the lists of some. */
export const VALUE_KEYS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(values).map(([name, schema]) => [name, keysOf(schema)]),
);

/** The keys of the mapping that a schema takes, if it takes one. */
function keysOf(schema: z.ZodType): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (!(schema instanceof z.ZodUnion)) return [];
  return schema.options.flatMap((option) => (option instanceof z.ZodObject ? Object.keys(option.shape) : []));
}
