/**
 * Text from a device tree, a log or a user may hold anything: escape sequences that repaint a terminal,
 * letters that reverse the reading order, line breaks that forge a line. It is escaped before it gets out.
 */

/** C0 and C1 controls, DEL, bidirectional and invisible formatting characters, line separators, lone
 *  surrogates, what is no character. */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff]|\p{Surrogate}/gu;

function escapeCharacter(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  // A byte of device-tree source that is no UTF-8: decodeSource().
  const code = point >= 0xdc80 && point <= 0xdcff ? point - 0xdc00 : point;
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

/** Makes text safe for a terminal, for a page and for a line-based reader: `\x1b` for the escape character, as the
 *  kernel's own log does. */
export const escapeText = (text: string): string => text.replace(UNSAFE, escapeCharacter);

/** A high surrogate alone as JSON.stringify() writes it: jq and others take no such text. No text of UTF-8 has one. */
const LONE_HIGH = /\\ud[89ab][0-9a-f]{2}(?<=(?<!\\)(?:\\\\)*\\u....)/g;

/** Makes JSON text safe for a terminal and for other readers without changing what it says. */
export const escapeJson = (json: string): string =>
  json
    .replace(LONE_HIGH, '\\ufffd')
    .replace(UNSAFE, (character) =>
      character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
