/** Text as XML: what JUnit reports are made of. */

/** Characters that XML 1.0 does not have at all. */
const NO_XML =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

const visible = (text: string): string =>
  text.replace(NO_XML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

const attribute = (text: string): string =>
  visible(text).replace(/[&<>"\n\r\t]/g, (char) => ENTITIES[char] ?? char);

/** Text between tags. */
export const content = (text: string): string =>
  visible(text).replace(/[&<>\r]/g, (char) => ENTITIES[char] ?? char);

/** A tag without its brackets; attributes that are `undefined` are left out. */
export const tag = (
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
): string =>
  [
    name,
    ...Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [`${key}="${attribute(String(value))}"`],
    ),
  ].join(' ');
