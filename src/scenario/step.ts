/**
 * A step whose actions nobody has named yet: the keys that every step may have, and whatever else is in it. Actions
 * themselves are made of this; `step-form.ts` has the exact form, which is made of all actions.
 */
import * as z from 'zod';
import { expectSchema } from './expect-form.ts';
import { type Form, means, text } from './value-forms.ts';

/** The keys that a step may have beside its action. */
export const commonKeys = {
  as: means(text, 'The name of what the step makes, for steps after it.'),
  task: means(text, 'Who makes the calls; shell unless given. Started when there is none.'),
  expect: expectSchema.optional(),
  note: means(text, 'Printed when the step fails.'),
  order: means(
    z.enum(['seeded', 'round-robin'], { error: 'seeded or round-robin' }),
    'Beside parallel: who is next.',
  ),
};
const commonSchema = z.strictObject(commonKeys);

export type CommonKeys = Form<z.output<typeof commonSchema>>;

/** Any step. */
export type AnyStep = CommonKeys & { readonly [action: string]: unknown };
