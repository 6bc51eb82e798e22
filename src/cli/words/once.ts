/** Options of which one value counts: a second one would be passed over, and is refused. */
import { InvalidArgumentError, type Option } from 'commander';

/** The option, refused where it comes a second time with another text. */
export function once(option: Option): Option {
  const read = option.parseArg;
  let given: string | undefined;
  return option.argParser((text: string, before: unknown) => {
    if (before !== undefined && given !== undefined && given !== text) {
      throw new InvalidArgumentError(`It was given as '${given}' before, and only one counts.`);
    }
    given = text;
    return read === undefined ? text : read.call(option, text, undefined);
  });
}
