/** Lines that need no shell: commands of ours with words that mean themselves, one after another. */

/** What a shell hands on as it stands: no patterns, variables or substitutions. */
const WORD = String.raw`(?:[\w@%+=:,./-]|'[^']*'|"[^"$\`\\]*")+`;
const COMMAND = new RegExp(`^dmaheap((?: +${WORD})*)( >/dev/null(?: 2>&1)?)?`);
const BETWEEN = /^ *(&&|;) */;

export interface PlainCommand {
  readonly words: readonly string[];
  /** Whether its standard output, and its standard error, are to be seen. */
  readonly out: boolean;
  readonly err: boolean;
  /** Whether the next one is run only when this one succeeds. */
  readonly stops: boolean;
}

/**
 * The commands of a line, with their words as a shell gives them.
 *
 * @returns `undefined` for any other line, and where a command would read standard input
 */
export function plainCommands(line: string): readonly PlainCommand[] | undefined {
  const [all, given = '', quiet = ''] = COMMAND.exec(line) ?? [];
  if (all === undefined) return undefined;
  const words = (given.match(new RegExp(WORD, 'g')) ?? []).map(unquoted);
  if (words.includes('-') || (words.includes('write') && !words.includes('--input'))) return undefined;
  const rest = line.slice(all.length);
  const [between, sign] = BETWEEN.exec(rest) ?? [];
  const others = between === undefined ? [] : plainCommands(rest.slice(between.length));
  if (others === undefined || (between === undefined && rest !== '')) return undefined;
  return [{ words, out: quiet === '', err: !quiet.endsWith('&1'), stops: sign === '&&' }, ...others];
}

const unquoted = (word: string): string =>
  word.replace(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? '');
