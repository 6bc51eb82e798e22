/** A step as one line of YAML, with the variables of its loops as they were. */
import { formatHex } from '../units.ts';
import type { AnyStep } from './step.ts';
import { isTemplate, TextTooLong, template, type Vars } from './template.ts';

/** What follows is left out: texts of files and bytes may be long. */
const MAX_TEXT = 80;
/** Numbers from here on are addresses or sizes. */
const HEX_FROM = 65536n;

const plain = (text: string): string =>
  /^[A-Za-z0-9_@/.|$-][A-Za-z0-9_@/.|$:<>=,*+-]*$/.test(text) && !/[:,]$/.test(text)
    ? text
    : JSON.stringify(text);

/** As it was where that is not too long, else as it was written. */
function filled(text: string, vars: Vars | undefined): string {
  try {
    return template(text)(vars);
  } catch (error) {
    if (!(error instanceof TextTooLong)) throw error;
    return text;
  }
}

function flow(value: unknown, vars: Vars | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item) => flow(item, vars)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return `{ ${entries.map(([key, inner]) => `${plain(key)}: ${flow(inner, vars)}`).join(', ')} }`;
  }
  if (typeof value === 'bigint') return value >= HEX_FROM ? formatHex(value) : String(value);
  if (typeof value !== 'string') return String(value);
  const text = isTemplate(value) ? filled(value, vars) : value;
  return plain(text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);
}

/** The action and its name, without what is expected of it. */
export function stepText(step: AnyStep, action: string, vars: Vars | undefined): string {
  const value = step[action];
  const text = value === true ? action : `${action}: ${flow(value, vars)}`;
  return step.as === undefined ? text : `${text}, as: ${flow(step.as, vars)}`;
}

/** The variables by name, the inner ones before outer ones of the same name. */
export function varsRecord(vars: Vars | undefined): Readonly<Record<string, string>> {
  const found: [string, string][] = [];
  for (let at = vars; at !== undefined; at = at.outer) found.unshift([at.name, at.value]);
  return Object.fromEntries(found);
}
