/** What `--verbose` adds to a call that failed, in words and as JSON. A file of its own: few commands load it. */
import { failureContext } from '../../check/why-failure.ts';
import type { TellContext } from '../failures.ts';
import { contextJson, contextLines } from '../render/why.ts';

export const tellContext: TellContext = (kernel, failure) => {
  const context = failureContext(kernel, failure);
  return { lines: contextLines(context), json: contextJson(context) };
};
