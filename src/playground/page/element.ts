/** Elements of the page. Text is always text: nothing that a board or a user wrote is ever read as HTML. */
import { escapeText } from '../../cli/terminal/escape.ts';

/** A child: an element, or text in which characters that repaint or reorder are written as escapes. */
export type Child = Node | string;

/** An element. Attributes that are `false` are left out; `true` stands without a value. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | boolean>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false) continue;
    const text = value === true ? '' : value;
    // Read out as text is.
    made.setAttribute(name, name === 'aria-label' ? escapeText(text) : text);
  }
  made.append(...children.map((child) => (typeof child === 'string' ? escapeText(child) : child)));
  return made;
}

/** Lines as they stand, each of them escaped; tabs as four spaces. */
export const preformatted = (lines: readonly string[]): HTMLPreElement => {
  const made = element('pre', { tabindex: '0' });
  made.append(lines.map((line) => escapeText(line.replaceAll('\t', '    '))).join('\n'));
  return made;
};

/** The element of the page with this id. @throws Error when page.html has none, or one of another kind */
export function byId<T extends HTMLElement>(id: string, kind: abstract new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`page.html has no ${kind.name} #${id}`);
}

/** A button; `key` names it, so that focus finds it again after its table was drawn anew. */
export function button(text: string, key: string, label: string, act: () => void): HTMLButtonElement {
  const made = element('button', { type: 'button', 'data-key': key, 'aria-label': label }, text);
  made.addEventListener('click', act);
  return made;
}

export interface Column {
  readonly title: string;
  readonly number?: boolean;
}

/** A table that scrolls sideways where it is too wide. The first cell of a row names it. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Child[])[],
): HTMLElement {
  const kind = (at: number) => ({ class: columns[at]?.number === true ? 'number' : 'text' });
  return element(
    'div',
    { class: 'wide', role: 'group', tabindex: '0', 'aria-label': caption },
    element(
      'table',
      {},
      element('caption', { class: 'unseen' }, caption),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...columns.map(({ title }, at) => element('th', { scope: 'col', ...kind(at) }, title)),
        ),
      ),
      element(
        'tbody',
        {},
        ...rows.map((row) =>
          element(
            'tr',
            {},
            ...row.map((cell, at) =>
              at === 0 ? element('th', { scope: 'row' }, cell) : element('td', kind(at), cell),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Draws a part of the page anew, and gives focus back to what had it: the same button, or else the part. */
export function redraw(part: HTMLElement, ...children: readonly Child[]): void {
  const had = document.activeElement;
  const key = had instanceof HTMLElement && part.contains(had) ? had.dataset.key : undefined;
  part.replaceChildren(...children.map((child) => (typeof child === 'string' ? escapeText(child) : child)));
  if (key === undefined) return;
  const buttons = [...part.querySelectorAll<HTMLElement>('[data-key]')];
  const same = buttons.find((one) => one.dataset.key === key);
  part.tabIndex = -1;
  (same ?? buttons[0] ?? part).focus();
}
