/** Names as they can be read: what has no shape, or turns the order of what stands around it, is written out. */

const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/** A name or a line for a page: `a\u202eb` for a mark that would turn its letters round. */
export const shownName = (text: string): string =>
  text.replace(HIDDEN, (mark) => `\\u${(mark.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
