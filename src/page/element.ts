/**
 * Elements of a page: of a report and of the playground. Text is always text: nothing that a board or a user wrote is
 * ever read as HTML, and characters that repaint or reorder are written as escapes.
 */
import { escapeText } from '../escape-text.ts';
import type { Shape } from '../report/shape.ts';

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
/** What stands in an element; `undefined` is left out. */
export type Child = Node | string | undefined;

const SVG = 'http://www.w3.org/2000/svg';

const nodesOf = (children: readonly Child[]): (Node | string)[] =>
  children
    .filter((child) => child !== undefined)
    .map((child) => (typeof child === 'string' ? escapeText(child) : child));

/** Attributes that are `false` or `undefined` are left out; `true` stands without a value. */
function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    const text = value === true ? '' : String(value);
    // Read out as text is.
    element.setAttribute(name, name === 'aria-label' ? escapeText(text) : text);
  }
  element.append(...nodesOf(children));
}

/** An element of HTML. */
export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  fill(element, attributes, children);
  return element;
}

/** An element of SVG. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(SVG, name);
  fill(element, attributes, children);
  return element;
}

/** A picture, and all that is in it. */
export const drawn = ({ name, attributes, children }: Shape): SVGElement =>
  svg(name, attributes, ...children.map((child) => (typeof child === 'string' ? child : drawn(child))));

/** The element of the frame that has an id. @throws Error when the frame has none, which is a bug */
export function byId<T extends HTMLElement>(id: string, kind: abstract new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`the page has no ${kind.name} #${id}`);
}

/** A link to a part of the page. */
export const linkTo = (id: string, text: string): HTMLAnchorElement => html('a', { href: `#${id}` }, text);

/** A button. @param key names it, so that focus finds it again after its part was drawn anew */
export function button(
  text: string,
  { label, key }: { readonly label?: string; readonly key?: string },
  act: () => void,
): HTMLButtonElement {
  const made = html('button', { type: 'button', 'data-key': key, 'aria-label': label }, text);
  made.addEventListener('click', act);
  return made;
}

/** Lines as they stand, each of them escaped; tabs as four spaces. */
export function preformatted(lines: readonly string[], label?: string): HTMLPreElement {
  const made = html('pre', { tabindex: 0, role: label && 'group', 'aria-label': label });
  made.append(lines.map((line) => escapeText(line.replaceAll('\t', '    '))).join('\n'));
  return made;
}

export interface Column {
  readonly title: string;
  /** How its cells are set; plain text unless given. */
  readonly is?: 'number' | 'address' | 'step';
}

/** A row of a table: its first cell names it. @param id what links to it name */
export const row = (columns: readonly Column[], cells: readonly Child[], id?: string): HTMLElement =>
  html(
    'tr',
    { id },
    ...cells.map((cell, at) =>
      at === 0
        ? html('th', { scope: 'row' }, typeof cell === 'string' ? html('bdi', {}, cell) : cell)
        : html('td', { class: columns[at]?.is }, cell),
    ),
  );

/** A table that scrolls sideways where it is too wide. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly HTMLElement[],
): HTMLDivElement {
  const titles = columns.map(({ title, is }) => html('th', { scope: 'col', class: is }, title));
  return html(
    'div',
    { class: 'wide', role: 'group', tabindex: 0, 'aria-label': caption },
    html(
      'table',
      {},
      html('caption', {}, caption),
      html('thead', {}, html('tr', {}, ...titles)),
      html('tbody', {}, ...rows),
    ),
  );
}

/** Draws a part of the page anew, and gives focus back to what had it: the same button, or else the part. */
export function redraw(part: HTMLElement, ...children: readonly Child[]): void {
  const had = document.activeElement;
  const key = had instanceof HTMLElement && part.contains(had) ? had.dataset.key : undefined;
  part.replaceChildren(...nodesOf(children));
  if (key === undefined) return;
  const buttons = [...part.querySelectorAll<HTMLElement>('[data-key]')];
  const same = buttons.find((one) => one.dataset.key === key);
  part.tabIndex = -1;
  (same ?? buttons[0] ?? part).focus();
}
