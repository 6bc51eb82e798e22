/**
 * What an action is: everything that is known of one stands in its own file of `actions/`, and `actions/index.ts` lists
 * them. The schema of a file, the types of steps, hints, programs and exports are made of that list.
 */
import type * as z from 'zod';
import type { Kind } from './bound-names.ts';
import type { EndCheck } from './end-expectation.ts';
import type { Expect } from './expect-form.ts';
import type { Exporter } from './export/exporter.ts';
import type { Act, Getter } from './moment.ts';
import type { Path } from './problem.ts';
import type { Node } from './program.ts';
import type { AnyStep } from './step.ts';
import type { Form } from './value-forms.ts';
import type { Values } from './values.ts';

/** The schema of an action's value, made when a file is read. @param steps that of steps within steps */
export type SchemaOf = (steps: Steps) => z.ZodType;
export type Steps = z.ZodType<readonly AnyStep[]>;

/** The type of what the schema takes. */
export type ValueOf<Schema extends SchemaOf> = Form<z.output<ReturnType<Schema>>>;

interface Described<Schema extends SchemaOf> {
  /** What it does, in one line: for editors, and for hints. */
  readonly text: string;
  /** The form of its value. */
  readonly schema: Schema;
}

/** An action that does something by itself. */
export interface Action<Schema extends SchemaOf = SchemaOf> extends Described<Schema> {
  /** What the name stands for that `as` gives; absent: it makes nothing that could have one. */
  readonly makes?: Kind;
  /** Whether it makes several, whose names get a number each; absent: it never does. */
  makesMany?(value: ValueOf<Schema>): boolean;
  /** What may be expected of it beside what may be of any step. */
  readonly expects?: readonly (keyof Expect)[];
  /** The numbers that `expect.value` may ask for. */
  readonly numbers?: readonly string[];
  /** The task that does it unless the step names one, and which it starts itself. */
  readonly task?: string;
  /** Reads the value once; what is wrong with it goes to `values`. @param path where the value stands */
  compile(value: ValueOf<Schema>, values: Values, path: Path): Act;
  /** What must hold of the machine when it is done: an expectation itself, that has none beside it. */
  holds?(value: ValueOf<Schema>, values: Values, path: Path): EndCheck;
  /** How `export` writes it; absent: it never does. */
  readonly export?: Exporter;
}

/** An action that other steps are inside of. */
export interface Control<Schema extends SchemaOf = SchemaOf> extends Described<Schema> {
  /** The steps inside, in the order in which they stand. */
  inside(value: ValueOf<Schema>): readonly AnyStep[];
  compile(value: ValueOf<Schema>, around: Around): Node;
}

/** What stands around the steps inside of an action. */
export interface Around {
  readonly step: AnyStep;
  readonly values: Values;
  /** Where the value stands. */
  readonly path: Path;
  /** Whom the step names for all that are inside. */
  readonly task: Getter<string> | undefined;
  /** Reads the steps inside. */
  compile(steps: readonly AnyStep[], path: Path): Node[];
}
