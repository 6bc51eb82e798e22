/** No word of a command line has a NUL: no system passes one on, but whoever calls the program may. */
import type { Command } from 'commander';
import { UsageError } from '../failures.ts';
import { hasNul } from '../read/input-file.ts';

const isBad = (value: unknown): boolean =>
  typeof value === 'string' ? hasNul(value) : Array.isArray(value) && value.some(isBad);

/** Looks at all arguments and options of a command before it runs. @throws UsageError that names the first */
export function refuseNul(command: Command): void {
  const { args } = command;
  const names = command.registeredArguments;
  const at = args.findIndex(isBad);
  if (at >= 0) refuse(`<${(names[at] ?? names.at(-1))?.name() ?? 'argument'}>`);
  for (let owner: Command | null = command; owner !== null; owner = owner.parent) {
    for (const option of owner.options) {
      if (isBad(owner.getOptionValue(option.attributeName()))) refuse(option.long ?? option.flags);
    }
  }
}

function refuse(name: string): never {
  throw new UsageError(`${name} cannot have a NUL character in it`);
}
