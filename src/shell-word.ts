/** Words of commands that people paste into a shell. */

/** A word that a POSIX shell reads as it is. */
const PLAIN = /^[A-Za-z0-9_@%+:,./][A-Za-z0-9_@%+=:,./-]*$/;

/** A word as bash, zsh and fish read it, or as far as they can; what would repaint a terminal is written as escapes. */
export function shellWord(word: string): string {
  if (PLAIN.test(word)) return word;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  if (/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.test(word)) {
    return `$'${[...word].map(escaped).join('')}'`;
  }
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Inside of bash's `$'…'`. */
function escaped(character: string): string {
  if (character === "'" || character === '\\') return `\\${character}`;
  if (/[ -~]/.test(character)) return character;
  const bytes = new TextEncoder().encode(character);
  return [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}
