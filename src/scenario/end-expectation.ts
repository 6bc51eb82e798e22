/** What must hold of the whole machine: at the end of a scenario, or at a `check` in its middle. */
import { hazardKind, joinReports } from '../kernel/coherency/joined-reports.ts';
import type { HeapView } from '../kernel/views/views.ts';
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

const HEAP_KEYS = ['free', 'largest', 'size', 'buffers'] as const;

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
  ) => {
    const test = numberTest(value === 'none' ? 0 : value, values, at, is);
    tests.push((moment) => {
      const expected = test(moment);
      const is = got(moment);
      if (is !== undefined && expected.matches(is)) return undefined;
      const text = value === 'none' ? 'none' : expected.text;
      return { what, expected: text, got: is === undefined ? 'no such heap' : expected.shown(is) };
    });
  };
  const { leaks, hazards, buffers, heaps, cat } = expect;
  const buffersOf = ({ machine }: Moment) => BigInt(machine.kernel.buffers().length);
  if (leaks !== undefined) number('leaks', leaks, inside('leaks'), buffersOf);
  if (buffers !== undefined) number('buffers', buffers, inside('buffers'), buffersOf);
  if (hazards !== undefined) tests.push(hazardsTest(hazards, values, inside('hazards')));
  for (const [name, wanted] of Object.entries(heaps ?? {})) {
    for (const key of HEAP_KEYS) {
      const value = wanted[key];
      if (value === undefined) continue;
      number(
        `heaps.${name}.${key}`,
        value,
        [...path, 'heaps', name, key],
        (at) => numberOf(heapOf(at, name), key),
        key === 'buffers' ? 'number' : 'size',
      );
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

const heapOf = ({ machine }: Moment, name: string): HeapView | undefined =>
  machine.kernel.heaps().find((heap) => heap.name === name);

const numberOf = (heap: HeapView | undefined, key: (typeof HEAP_KEYS)[number]): bigint | undefined =>
  heap === undefined ? undefined : BigInt(heap[key]);

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
