/** The form of a step, made of all that actions are: as a schema, and as the types of TypeScript. */
import * as z from 'zod';
import type { Action, Control, ValueOf } from './action.ts';
import { ACTION_NAMES, ACTIONS, CONTROLS } from './actions/index.ts';
import { expectSchema } from './expect-form.ts';
import { type Form, means, text } from './value-forms.ts';

type All = typeof ACTIONS & typeof CONTROLS;
export type LeafName = keyof typeof ACTIONS;
export type ControlName = keyof typeof CONTROLS;
export type ActionName = keyof All;

/** The keys that a step may have beside its action. */
const common = {
  as: means(text, 'The name of what the step makes, for steps after it.'),
  task: means(text, 'Who makes the calls; shell unless given. Started when there is none.'),
  expect: expectSchema.optional(),
  note: means(text, 'Printed when the step fails.'),
  order: means(
    z.enum(['seeded', 'round-robin'], { error: 'seeded or round-robin' }),
    'Beside parallel: who is next.',
  ),
};
const commonSchema = z.strictObject(common);

type ActionValues = { readonly [Name in ActionName]?: ValueOf<All[Name]['schema']> | undefined };

/** An action, and the common keys. That it is one action and no more is checked where steps are compiled. */
export interface Step extends Form<z.output<typeof commonSchema>>, ActionValues {}

const steps: z.ZodType<Step[]> = z
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
export const COMMON_KEYS: readonly string[] = Object.keys(common);

type Shape = { [Name in ActionName]: z.ZodOptional<ReturnType<All[Name]['schema']>> };
// Made key by key, of which TypeScript keeps no account.
const shape = Object.fromEntries(
  ENTRIES.map(([name, { text }]) => [name, values[name]?.meta({ description: text }).optional()]),
) as Shape;

export const stepSchema: z.ZodType<Step> = z
  .strictObject(
    { ...common, ...shape },
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
