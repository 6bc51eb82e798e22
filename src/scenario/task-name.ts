/** Tasks by their names. */
import { isTaskName } from '../kernel/task.ts';
import type { Getter } from './moment.ts';
import { BadValue, type Path, type Problem } from './problem.ts';
import { isTemplate } from './template.ts';
import type { Values } from './values.ts';

/** A name that a task may have. */
export function taskName(value: string, values: Values, path: Path): Getter<string> {
  const wrong = (name: string): Problem => ({
    code: 'scenario-task-name',
    message: `'${name}' is no name for a task`,
    hint: 'a name begins with a letter or _ and has letters, digits, and _ . - (at most 63)',
    path,
  });
  if (!isTemplate(value)) {
    values.hasTask(value);
    if (!isTaskName(value)) values.problems.push(wrong(value));
    return () => value;
  }
  values.hasTask(undefined);
  const text = values.text(value, path);
  return (at) => {
    const name = text(at);
    if (!isTaskName(name)) throw new BadValue(wrong(name));
    return name;
  };
}
