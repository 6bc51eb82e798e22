/** What `--verbose` adds to a call that failed, in words and as JSON. A file of its own: few commands load it. */
import { type FailureContext, failureContext, ruleContext } from '../../check/why-failure.ts';
import { CallFailed, type TellContext, type ToldContext } from '../failures.ts';
import { contextJson, contextLines } from '../render/why.ts';

const told = (context: FailureContext): ToldContext => ({
  lines: contextLines(context),
  json: contextJson(context),
});

export const tellContext: TellContext = (kernel, failure) => told(failureContext(kernel, failure));

/** The rule of each call that failed before it reached the kernel, or where nobody looked who holds memory. */
export const withRules = ({ calls }: CallFailed): CallFailed =>
  new CallFailed(
    calls.map((call) =>
      call.why === undefined || call.context !== undefined
        ? call
        : { ...call, context: told(ruleContext(call.why)) },
    ),
  );
