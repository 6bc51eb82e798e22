/** What must hold of the whole machine: at the end of a scenario, or at a `check` in its middle. */
import { hazardKind, joinReports } from '../kernel/coherency/joined-reports.ts';
import type { HeapView, RegionView } from '../kernel/views/views.ts';
import type { EndExpect } from './expect-form.ts';
import { type NumberIs, numberTest } from './expected-number.ts';
import type { Moment } from './moment.ts';
import type { Path } from './problem.ts';
import { readText } from './read-text.ts';
import type { Mismatch } from './report.ts';
import { textTest, textTests } from './text-match.ts';
import type { Expected } from './value-forms.ts';
import type { Values } from './values.ts';

export type EndCheck = (at: Moment) => readonly Mismatch[];

type Test = (at: Moment) => Mismatch | undefined;

const HEAP_KEYS = ['free', 'largest', 'size', 'buffers', 'base'] as const;
const isOf = (key: string): NumberIs => (key === 'buffers' ? 'number' : key === 'base' ? 'address' : 'size');

/** Reads what is expected. */
export function compileEnd(expect: EndExpect, values: Values, path: Path): EndCheck {
  const inside = (key: string): Path => [...path, key];
  const tests: Test[] = [];
  const number = (
    what: string,
    value: 'none' | Expected,
    at: Path,
    got: (at: Moment) => bigint | undefined,
    is: NumberIs = 'number',
    missing: (at: Moment) => string = () => 'none',
  ) => {
    const test = numberTest(value === 'none' ? 0 : value, values, at, is);
    tests.push((moment) => {
      const expected = test(moment);
      const is = got(moment);
      if (is !== undefined && expected.matches(is)) return undefined;
      const text = value === 'none' ? 'none' : expected.text;
      return { what, expected: text, got: is === undefined ? missing(moment) : expected.shown(is) };
    });
  };
  const { leaks, hazards, buffers, heaps, regions, cat } = expect;
  const buffersOf = ({ machine }: Moment) => BigInt(machine.kernel.buffers().length);
  if (leaks !== undefined) number('leaks', leaks, inside('leaks'), buffersOf);
  if (buffers !== undefined) number('buffers', buffers, inside('buffers'), buffersOf);
  if (hazards !== undefined) tests.push(hazardsTest(hazards, values, inside('hazards')));
  for (const [name, wanted] of Object.entries(heaps ?? {})) {
    const what = `heaps.${name}`;
    const missing = (at: Moment) => (heapOf(at, name) === undefined ? 'no such heap' : 'none');
    if (wanted === 'absent' || Object.keys(wanted).length === 0) {
      tests.push(presence(what, wanted !== 'absent', (at) => heapOf(at, name) !== undefined));
      continue;
    }
    for (const key of HEAP_KEYS) {
      const value = wanted[key];
      if (value === undefined) continue;
      const place = [...path, 'heaps', name, key];
      number(`${what}.${key}`, value, place, (at) => numberOf(heapOf(at, name), key), isOf(key), missing);
    }
    const { region } = wanted;
    if (region !== undefined) {
      tests.push(wordTest(`${what}.region`, region, (at) => heapOf(at, name)?.region, missing));
    }
  }
  for (const [name, wanted] of Object.entries(regions ?? {})) {
    const what = `regions.${name}`;
    const missing = (at: Moment) => (regionOf(at, name) === undefined ? 'no such region' : 'none');
    if (wanted === 'absent' || Object.keys(wanted).length === 0) {
      tests.push(presence(what, wanted !== 'absent', (at) => regionOf(at, name) !== undefined));
      continue;
    }
    for (const key of ['base', 'size'] as const) {
      const value = wanted[key];
      if (value === undefined) continue;
      const place = [...path, 'regions', name, key];
      number(`${what}.${key}`, value, place, (at) => regionOf(at, name)?.[key], isOf(key), missing);
    }
    const words = { kind: wanted.kind, why: wanted.why, heaps: wanted.heaps?.join(', ') };
    for (const [key, word] of Object.entries(words) as [keyof typeof words, string | undefined][]) {
      if (word === undefined) continue;
      const read = (at: Moment) => wordOf(regionOf(at, name), key);
      tests.push(wordTest(`${what}.${key}`, word, read, missing));
    }
  }
  tests.push(...logTests(expect, values, path));
  for (const [file, text] of Object.entries(cat ?? {})) {
    const test = textTest(text, values, [...path, 'cat', file]);
    tests.push((at) => {
      const got = readText(at, file);
      const wanted = test(at);
      if (got.text !== undefined && wanted.is(got.text)) return undefined;
      return {
        what: `cat ${file}`,
        expected: wanted.text,
        got: got.errno ?? JSON.stringify(got.text?.slice(0, 200)),
      };
    });
  }
  return (at) => tests.flatMap((test) => test(at) ?? []);
}

const regionOf = ({ machine }: Moment, name: string): RegionView | undefined =>
  machine.kernel.regions().find((region) => region.name === name);

/** That there is one, or none. */
const presence =
  (what: string, wanted: boolean, isThere: (at: Moment) => boolean): Test =>
  (at) => {
    if (isThere(at) === wanted) return undefined;
    const [expected, got] = wanted ? ['there', 'absent'] : ['absent', 'there'];
    return { what, expected, got };
  };

/** A word of something that is there, or what is said where it is not. */
const wordTest =
  (
    what: string,
    wanted: string,
    read: (at: Moment) => string | undefined,
    missing: (at: Moment) => string,
  ): Test =>
  (at) => {
    const got = read(at);
    if (got === wanted) return undefined;
    return { what, expected: wanted || 'none', got: got === undefined ? missing(at) : got || 'none' };
  };

/** What is said of a region; its heaps as a list of names. */
function wordOf(region: RegionView | undefined, key: 'kind' | 'why' | 'heaps'): string | undefined {
  const value = region?.[key];
  return typeof value === 'object' ? value.join(', ') : value;
}

const heapOf = ({ machine }: Moment, name: string): HeapView | undefined =>
  machine.kernel.heaps().find((heap) => heap.name === name);

function numberOf(heap: HeapView | undefined, key: (typeof HEAP_KEYS)[number]): bigint | undefined {
  const value = heap?.[key];
  return value === undefined ? undefined : BigInt(value);
}

function hazardsTest(value: 'none' | Expected, values: Values, path: Path): Test {
  const test = numberTest(value === 'none' ? 0 : value, values, path);
  return (at) => {
    const kinds = joinReports(at.machine.kernel.hazards.since()).map(hazardKind);
    if (test(at).matches(BigInt(kinds.length))) return undefined;
    const got =
      kinds.length === 0
        ? 'none'
        : `${kinds.length} (${kinds.slice(0, 5).join(', ')}${kinds.length > 5 ? ', …' : ''})`;
    return { what: 'hazards', expected: String(value), got };
  };
}

/** Lines that are, or are not, somewhere in the whole log. */
function logTests(expect: EndExpect, values: Values, path: Path): Test[] {
  const lines = ({ machine }: Moment): string[] =>
    [...machine.kernel.printk.since()]
      .filter(({ suppressed }) => suppressed !== true)
      .map(({ text }) => text);
  const wanted = textTests(expect.log ?? [], values, [...path, 'log']).map(
    (test): Test =>
      (at) => {
        const { text, findIn } = test(at);
        return findIn(lines(at)) >= 0 ? undefined : { what: 'log', expected: text, got: 'no such line' };
      },
  );
  const unwanted = textTests(expect['no-log'] ?? [], values, [...path, 'no-log']).map(
    (test): Test =>
      (at) => {
        const { text, findIn } = test(at);
        const all = lines(at);
        const line = all[findIn(all)];
        return line === undefined
          ? undefined
          : { what: 'no-log', expected: `no line with ${text}`, got: line };
      },
  );
  return [...wanted, ...unwanted];
}
