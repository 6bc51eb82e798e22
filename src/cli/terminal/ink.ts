/** Colour, for people only: on a terminal, unless NO_COLOR or --no-color says otherwise. */

type Paint = (text: string) => string;

/** Colours that tell kinds of things apart, none of them alone: what they colour differs by its letters, too. */
export type Hue = 'blue' | 'cyan' | 'green' | 'magenta' | 'red' | 'yellow' | 'white' | 'dim';

export interface Ink {
  /** What kind of thing it is. */
  readonly hue: (hue: Hue, text: string) => string;
  /** Titles. */
  readonly title: Paint;
  /** What went wrong. */
  readonly bad: Paint;
  /** What deserves a look. */
  readonly warn: Paint;
  /** What matters less. */
  readonly dim: Paint;
}

const plain: Paint = (text) => text;

/** No colour at all. */
export const NO_INK: Ink = {
  hue: (_, text) => text,
  title: plain,
  bad: plain,
  warn: plain,
  dim: plain,
};

export interface InkWish {
  readonly terminal: boolean;
  /** --no-color was given. */
  readonly refused: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Whether to colour: https://no-color.org, and a terminal that can. */
export const wantsColour = ({ terminal, refused, env }: InkWish): boolean =>
  terminal && !refused && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';

/** Makes the ink for one stream; loads the colour library only if there will be colour. */
export async function makeInk(wish: InkWish): Promise<Ink> {
  if (!wantsColour(wish)) return NO_INK;
  const { Chalk } = await import('chalk');
  // The level is ours to decide: chalk's own guess looks at standard output only, and not at NO_COLOR.
  const chalk = new Chalk({ level: 1 });
  return {
    hue: (hue, text) => chalk[hue](text),
    title: (text) => chalk.bold(text),
    bad: (text) => chalk.red(text),
    warn: (text) => chalk.yellow(text),
    dim: (text) => chalk.dim(text),
  };
}
