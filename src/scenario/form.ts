/**
 * The form of a scenario, `dmaheap.scenario/1`: a zod schema, of which the type of TypeScript is made and the JSON Schema
 * that editors complete from. It checks shapes; what names and numbers mean is checked where steps are compiled.
 * `docs/scenarios.md` describes the form by examples.
 */
import * as z from 'zod';
import { ACTION_NAMES } from './actions/index.ts';
import { bootSchema } from './boot-form.ts';
import { endExpectSchema, expectSchema } from './expect-form.ts';
import { SCENARIO_FORM } from './form-name.ts';
import { COMMON_KEYS, stepSchema, VALUE_KEYS } from './step-form.ts';
import { type Form, text, whole } from './value-forms.ts';

/** A scenario. @param inline how a board in place is checked: its own schema for editors, elsewhere later */
const scenarioOf = <Inline extends z.ZodType>(inline: Inline) =>
  z
    .strictObject(
      {
        $schema: text.meta({ description: 'For editors; not looked at.' }).optional(),
        schema: z
          .literal(SCENARIO_FORM, { error: SCENARIO_FORM })
          .meta({ description: 'The form of this file.' })
          .optional(),
        title: text.meta({ description: 'One line: what it shows.' }).optional(),
        board: z
          .union([text, inline], { error: 'a file, or a board in place' })
          .meta({ description: 'A device tree or YAML board, relative to this file; or one in place.' }),
        boot: bootSchema.optional(),
        assumed: z
          .array(text, { error: 'a list of sentences' })
          .meta({
            description: 'What was assumed of the board, whose source was not whole: told by each run.',
          })
          .optional(),
        seed: whole.meta({ description: 'For choose, and faults by chance; 0 unless given.' }).optional(),
        steps: z
          .array(stepSchema, { error: 'a list of steps' })
          .meta({ description: 'What is done, in order.' })
          .optional(),
        expect: endExpectSchema.meta({ description: 'What must hold at the end.' }).optional(),
      },
      { error: 'a scenario: board, steps and expect' },
    )
    .meta({ title: 'dmaheap scenario', description: 'A scenario for dmaheap run.' });

/** What the parser checks with. */
export const scenarioSchema = scenarioOf(z.record(z.string(), z.unknown(), { error: 'a board' }));

export type Scenario = Form<z.output<typeof scenarioSchema>>;

/** The JSON Schema (draft 7, which editors know best) of a scenario. @param board that of a board in place */
export function scenarioJsonSchema(board: z.ZodType): unknown {
  return z.toJSONSchema(scenarioOf(board), { target: 'draft-7', io: 'input', unrepresentable: 'any' });
}

/** The keys that mappings of a scenario may have, by what they are in. */
export const KEYS = {
  scenario: ['schema', 'title', 'board', 'boot', 'assumed', 'seed', 'steps', 'expect'],
  boot: Object.keys(bootSchema.shape),
  step: [...ACTION_NAMES, ...COMMON_KEYS],
  expect: Object.keys(expectSchema.shape),
  end: Object.keys(endExpectSchema.shape),
  inside: VALUE_KEYS,
} as const;
