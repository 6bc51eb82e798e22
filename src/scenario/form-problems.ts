/** What the schema finds wrong with a scenario, as diagnostics: what was expected, what stands there, where. */
import type * as z from 'zod';
import {
  described,
  type Found,
  find,
  flow,
  type Path,
  quotable,
  quoted,
  whyNoSize,
} from '../board/yaml-plain.ts';
import { shown, type YamlSource } from '../board/yaml-source.ts';
import { closest } from '../devicetree/closest.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { ACTION_NAMES } from './actions/index.ts';
import { KEYS } from './form.ts';
import { placeName } from './place-name.ts';
import { ACTION_TEXTS, COMMON_KEYS } from './step-form.ts';
import { EXPECTED_SIZE } from './value-forms.ts';

/** Each looks its place up in the document; nobody reads more. */
const MAX_ISSUES = 100;

const part = (step: PropertyKey): string | number => (typeof step === 'symbol' ? String(step) : step);

/** The schema's complaints in words. */
export function formProblems(issues: readonly z.core.$ZodIssue[], source: YamlSource): Diagnostic[] {
  const { root } = source;
  // Of a file that is something else, an /etc/passwd say, nothing is repeated.
  if (root.kind === 'map' && root.entries.length > 0 && !root.entries.some(({ key }) => isScenarioKey(key))) {
    return [noScenario(source)];
  }
  const seen = new Set<string>();
  return issues
    .slice(0, MAX_ISSUES)
    .flatMap((issue) => problems(issue, [], source))
    .filter(({ position, code }) => {
      const place = `${position?.line}:${position?.column} ${code}`;
      if (seen.has(place)) return false;
      seen.add(place);
      return true;
    });
}

const SCENARIO_KEYS: readonly string[] = KEYS.scenario;

/** Misplaced ones too, which are told where they belong. */
const isScenarioKey = (key: string): boolean => SCENARIO_KEYS.includes(key) || ACTION_NAMES.includes(key);

const noScenario = (source: YamlSource): Diagnostic => ({
  code: 'scenario-none',
  severity: 'error',
  message: 'this is no scenario: it has none of its keys',
  position: source.position(source.root.at),
  hint: `there are ${KEYS.scenario.join(', ')}`,
});

function problems(issue: z.core.$ZodIssue, prefix: Path, source: YamlSource): Diagnostic[] {
  const path = [...prefix, ...issue.path.map(part)];
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, path, source);
  const found = find(source.root, path);
  if (issue.code === 'invalid_union' && found.node.kind !== 'scalar') {
    // The member that was meant is the one that took the mapping or list for what it is.
    const meant = issue.errors.find((member) => member.some((one) => isInside(one)));
    if (meant !== undefined) return meant.flatMap((one) => problems(one, path, source));
  }
  return [wrongValue(issue.message, path, found, source)];
}

const isInside = (issue: z.core.$ZodIssue): boolean =>
  issue.path.length > 0 || issue.code === 'unrecognized_keys';

function wrongValue(expected: string, path: Path, found: Found, source: YamlSource): Diagnostic {
  if (found.depth < path.length) {
    const missing = String(path[found.depth] ?? '');
    return {
      code: missing === 'board' && path.length === 1 ? 'scenario-no-board' : 'scenario-missing-key',
      severity: 'error',
      message: `${subject(path.slice(0, found.depth))} has no '${shown(missing)}'`,
      position: source.position(found.keyAt ?? found.node.at),
      path: placeName(path),
      ...hintFor(path.slice(0, found.depth), missing),
    };
  }
  const why = expected === EXPECTED_SIZE ? whyNoSize(found.node) : undefined;
  const quotes =
    /^(text|pairs of hex)/.test(expected) && (quotable('text', found.node) || found.node.kind === 'map');
  return {
    code: why === undefined ? 'scenario-wrong-type' : 'scenario-bad-size',
    severity: 'error',
    message: `${subject(path)}: expected ${expected}, found ${described(found.node)}${why === undefined ? '' : `: ${why}`}`,
    position: source.position(found.node.at),
    path: placeName(path),
    ...(quotes ? { hint: quotesHint(found) } : hintFor(path, undefined)),
  };
}

const quotesHint = ({ node }: Found): string =>
  node.kind === 'map' ? 'put it in quotes: a colon and a blank make a mapping of it' : 'put it in quotes';

/** `'size' of alloc`, `step 4`. */
function subject(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the scenario';
  const before = path.at(-2);
  if (typeof last === 'number') {
    return before === 'steps' || before === 'do'
      ? `step ${last + 1} of this list`
      : `item ${last + 1} of ${shown(String(before))}`;
  }
  return typeof before === 'string' ? `'${shown(last)}' of ${shown(before)}` : `'${shown(last)}'`;
}

/** An example of the action that the place is in. */
function hintFor(path: Path, missing: string | undefined): { hint?: string } {
  if (path.length === 0 && missing === 'board') {
    return { hint: 'name a device tree or YAML board: board: boards/camera-soc.dtb' };
  }
  const action = [...path].reverse().find((step) => typeof step === 'string' && ACTION_NAMES.includes(step));
  const text = ACTION_TEXTS.get(String(action));
  return text === undefined ? {} : { hint: `${action}: ${text}` };
}

function unknownKeys(keys: readonly string[], path: Path, source: YamlSource): Diagnostic[] {
  const { node } = find(source.root, path);
  if (node.kind !== 'map') return [];
  const unknown = new Set(keys);
  const known = knownKeys(
    path,
    node.entries.map(({ key }) => key).filter((key) => !unknown.has(key)),
  );
  return node.entries
    .filter(({ key }) => unknown.has(key))
    .map(({ key, keyAt }) => ({
      code: 'scenario-unknown-key',
      severity: 'error' as const,
      message: `'${shown(key)}' is no ${whatIs(path)}`,
      position: source.position(keyAt),
      path: placeName([...path, key]),
      hint: keyHint(key, path, known),
    }));
}

const isStep = (path: Path): boolean =>
  typeof path.at(-1) === 'number' && (path.at(-2) === 'steps' || path.at(-2) === 'do');

function whatIs(path: Path): string {
  if (path.length === 0) return 'key of a scenario';
  if (isStep(path)) return 'action, and no key of a step';
  if (path.at(-1) === 'expect') return 'expectation';
  return `key of ${shown(String(path.at(-1)))}`;
}

/** @param present those that the mapping has already */
function knownKeys(path: Path, present: readonly string[]): readonly string[] {
  const last = path.at(-1);
  if (path.length === 0) return KEYS.scenario;
  if (isStep(path)) return present.some((key) => ACTION_NAMES.includes(key)) ? COMMON_KEYS : KEYS.step;
  if (last === 'boot' && path.length === 1) return KEYS.boot;
  if ((last === 'expect' && path.length === 1) || last === 'check') return KEYS.end;
  if (last === 'expect') return KEYS.expect;
  const key = String(last);
  return (Object.hasOwn(KEYS.inside, key) ? KEYS.inside[key] : undefined) ?? [];
}

function keyHint(key: string, path: Path, known: readonly string[]): string {
  const near = closest(key, known);
  if (near !== undefined) return `did you mean ${quoted(near)}?`;
  if (isStep(path) && known === COMMON_KEYS) return `beside an action there are ${flow(known)}`;
  if (isStep(path))
    return `the actions are ${known.filter((word) => ACTION_NAMES.includes(word)).join(', ')}`;
  if (path.length === 0 && ACTION_NAMES.includes(key))
    return 'actions stand in the list of steps: - alloc: …';
  return known.length === 0 ? 'leave it out' : `there are ${known.join(', ')}`;
}
