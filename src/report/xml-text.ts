/** Text of users within XML and HTML: names come from boards and programs, and may hold anything. */
import { escapeText } from '../escape-text.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text for an element or an attribute: markup as entities, what cannot be seen by its number. */
export const xmlText = (text: string): string =>
  escapeText(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
