/** A picture as data: elements of SVG, which a file has as text and a page makes for itself. */
import { xmlText } from './xml-text.ts';

/** An element. Text in it is as users wrote it: who puts it out escapes it. */
export interface Shape {
  readonly name: 'svg' | 'style' | 'defs' | 'pattern' | 'g' | 'title' | 'rect' | 'path' | 'circle' | 'text';
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  readonly children: readonly (Shape | string)[];
}

/** An element with its attributes, of which `undefined` ones are left out, and what is in it. */
export const shape = (
  name: Shape['name'],
  attributes: Shape['attributes'] = {},
  ...children: readonly (Shape | string)[]
): Shape => ({ name, attributes, children });

/** A shape as text of an SVG file; groups stand on lines of their own. */
export function shapeText({ name, attributes, children }: Shape): string {
  const told = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${xmlText(String(value))}"`);
  if (children.length === 0) return `<${name}${told.join('')}/>`;
  // Nothing of a style is a user's, and its quotes stay as they are.
  const text = (child: string): string => (name === 'style' ? child : xmlText(child));
  const inside = children.map((child) => (typeof child === 'string' ? text(child) : shapeText(child)));
  const isGroup = name === 'svg' || name === 'g';
  return `<${name}${told.join('')}>${isGroup ? `\n${inside.join('\n')}\n` : inside.join('')}</${name}>`;
}
