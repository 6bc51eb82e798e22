/** The form of a report as JSON. */
import { z } from 'zod';
import { exactly, profile, size, text, whole } from './values.ts';

/** What a session or a scenario did to memory, in short; its page has the rest. */
export const reportAnswer = {
  profile,
  title: text,
  panic: text.nullable(),
  steps: whole,
  buffers: whole,
  alive: whole,
  heaps: z.array(
    exactly({
      name: text,
      size,
      free: size,
      largest: size,
      least_free: size,
      least_free_step: whole,
    }).meta({ id: 'heap of a report' }),
  ),
  findings: z.array(
    exactly({
      severity: z.enum(['error', 'warning', 'note']),
      name: text,
      message: text,
      step: whole.nullable(),
      steps: whole,
      region: text.nullable(),
      hint: text.nullable(),
    }).meta({ id: 'finding of a report' }),
  ),
  compared_with: text.nullable(),
  differences: z.array(text).nullable(),
  notes: z.array(text),
  html: text.nullable(),
  bytes: whole.nullable(),
};
