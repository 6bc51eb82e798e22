/** The options that say how device-tree source is read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { inHelp } from '../words/with-board.ts';

const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];

function readDefine(text: string, before: readonly string[] = []): string[] {
  if (!/^[A-Za-z_]\w*(\([^)]*\))?(=[\s\S]*)?$/.test(text)) {
    throw new InvalidArgumentError('Expected NAME or NAME=VALUE.');
  }
  return [...before, text];
}

const OUTSIDE = 'let source include files from anywhere';

/** What `--allow-outside` is for commands that run scenarios. */
export const OUTSIDE_OF_SCENARIO = 'let scenarios name files, and source include them, from anywhere';

/** Adds them to a command. */
export function addSourceInputs(command: Command, heading: string, outside = OUTSIDE): Command {
  const group = (option: Option) => command.addOption(inHelp(option, heading));
  group(new Option('-I, --include <dir>', 'where #include <…> looks (repeatable)').argParser(collect));
  group(
    new Option('-D, --define <name=value>', 'a macro for the preprocessor (repeatable)').argParser(
      readDefine,
    ),
  );
  group(new Option('--overlay <file>', 'an overlay, .dtbo or source (repeatable)').argParser(collect));
  group(new Option('--repair', 'mend source that is not whole, and say how'));
  // Of a scenario it is not only for the board that is given.
  if (outside === OUTSIDE) group(new Option('--allow-outside', outside));
  else command.option('--allow-outside', outside);
  return command;
}
