/** The options that say how device-tree source is read. */
import { type Command, InvalidArgumentError, Option } from 'commander';

const collect = (text: string, before: readonly string[] = []): string[] => [...before, text];

function readDefine(text: string, before: readonly string[] = []): string[] {
  if (!/^[A-Za-z_]\w*(\([^)]*\))?(=[\s\S]*)?$/.test(text)) {
    throw new InvalidArgumentError('Expected NAME or NAME=VALUE.');
  }
  return [...before, text];
}

/** Adds them to a command. */
export function addSourceInputs(command: Command, heading: string): Command {
  const group = (option: Option) => command.addOption(option.helpGroup(heading));
  group(
    new Option(
      '-I, --include <dir>',
      'where #include <…> looks, and "…" after the includer (repeatable)',
    ).argParser(collect),
  );
  group(
    new Option('-D, --define <name=value>', 'a macro for the preprocessor (repeatable)').argParser(
      readDefine,
    ),
  );
  group(
    new Option('--overlay <file>', 'an overlay, .dtbo or source, applied in order (repeatable)').argParser(
      collect,
    ),
  );
  group(new Option('--allow-outside', 'let source include files outside its own directory and those of -I'));
  return command;
}
