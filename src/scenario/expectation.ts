/** What a step is expected to answer: its keys, read once, become tests of what it came to. */
import { closest } from '../devicetree/closest.ts';
import { hazardKind, joinReports } from '../kernel/coherency/joined-reports.ts';
import type { BufferView } from '../kernel/views/views.ts';
import { parseFcntlArgument, parseFlags } from '../profile/open-flag-words.ts';
import { parseEvents } from '../uapi/call-names.ts';
import { errnoNames, isErrno } from '../uapi/errno.ts';
import { bytesOf, formatHex } from '../units.ts';
import type { Expect } from './expect-form.ts';
import { type NumberIs, numberTest } from './expected-number.ts';
import { bytesOfHex, hexOf } from './hex.ts';
import { MAX_TEXT_BYTES } from './limits.ts';
import type { Getter } from './moment.ts';
import type { Outcome } from './outcome.ts';
import { BadValue, type Path } from './problem.ts';
import type { Mismatch } from './report.ts';
import { ending, HOLDS, type Seen } from './seen.ts';
import { textTest, textTests } from './text-match.ts';
import { flagsText, type Values } from './values.ts';

/** What an expectation finds wrong. */
export type Check = (seen: Seen) => readonly Mismatch[];

type Test = (seen: Seen) => Omit<Mismatch, 'what'> | undefined;
type Named = readonly [what: string, test: Test];

/** Expectations that any step may have. */
const ANY: readonly (keyof Expect)[] = ['errno', 'ret', 'log', 'hazards'];
/** Those of what makes the descriptor of a buffer. */
export const BUFFER = ['fd', 'size', 'phys', 'getfl', 'getfd'] as const satisfies readonly (keyof Expect)[];

/** Of which action: what may be expected of it. */
export interface ExpectedOf {
  readonly name: string;
  readonly expects?: readonly (keyof Expect)[];
  readonly numbers?: readonly string[];
}

/** Bytes of a text that a message shows. */
const SHOWN = 120;
const cut = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
const quoted = (text: string): string => JSON.stringify(cut(text));
/** A gigabyte would be no text. */
const shownBytes = (bytes: Uint8Array): string => cut(hexOf(bytes.subarray(0, SHOWN)));

/** Reads the expectations of a step; without any it must succeed. */
export function compileExpect(expect: Expect, action: ExpectedOf, values: Values, path: Path): Check {
  const allowed = [...ANY, ...(action.expects ?? [])];
  const tests: Named[] = [];
  for (const key of Object.keys(expect) as (keyof Expect)[]) {
    if (expect[key] === undefined) continue;
    if (!allowed.includes(key)) {
      const hint = `of ${action.name} there are ${allowed.join(', ')}`;
      values.problem(
        [...path, key],
        'scenario-expectation',
        `'${key}' says nothing of ${action.name}`,
        hint,
        true,
      );
    } else if (key === 'value') {
      tests.push(...valueTests(expect.value ?? {}, action, values, [...path, key]));
    } else if (key !== 'errno' && key !== 'fault') {
      tests.push([key, compileTest(key, expect, values, [...path, key])]);
    }
  }
  const ends = compileEnding(expect, values, path);
  const always = tests.filter(([what]) => what === 'ret' || what === 'log' || what === 'hazards');
  return (seen) => {
    const ended = ends(seen);
    if (ended !== undefined) return [{ what: expect.fault === undefined ? 'errno' : 'fault', ...ended }];
    const { errno, fault } = seen.outcome;
    // A call that failed has made nothing that could be looked at.
    const asked = errno === undefined && fault === undefined ? tests : always;
    let found: Mismatch[] | undefined;
    for (let i = 0; i < asked.length; i++) {
      const [what, test] = asked[i] as Named;
      const mismatch = test(seen);
      if (mismatch === undefined) continue;
      found ??= [];
      found.push({ what, ...mismatch });
    }
    return found ?? HOLDS;
  };
}

/** That it ends as expected: with success, an errno, or a fault. */
function compileEnding({ errno, fault, ret }: Expect, values: Values, path: Path): Test {
  if (errno !== undefined && fault !== undefined) {
    values.problem(
      [...path, 'fault'],
      'scenario-exclusive',
      'a step ends with an errno or a fault, not both',
      undefined,
      true,
    );
  }
  if (errno !== undefined && errno !== 'any' && errno !== 'none' && !isErrno(errno)) {
    const near = closest(errno.toUpperCase(), errnoNames());
    const hint =
      near === undefined ? 'a name such as ENOMEM; any: whatever it answers' : `did you mean ${near}?`;
    values.problem(
      [...path, 'errno'],
      'scenario-errno',
      `'${errno}' is no errno that calls here answer`,
      hint,
    );
  }
  const expected = fault ?? errno ?? 'success';
  return ({ outcome }) => {
    const wrong = { expected, got: ending(outcome) };
    if (outcome.notModelled !== undefined) return wrong;
    if (fault !== undefined) {
      const name = outcome.fault?.name;
      return name === undefined || (fault !== 'any' && name !== fault) ? wrong : undefined;
    }
    if (outcome.fault !== undefined) return wrong;
    if (errno === 'any' || (errno === undefined && ret !== undefined)) return undefined;
    return outcome.errno === (errno === 'none' ? undefined : errno) ? undefined : wrong;
  };
}

function numberOf(
  value: string | number | bigint,
  values: Values,
  path: Path,
  got: (seen: Seen) => bigint | undefined,
  is: NumberIs = 'number',
): Test {
  const test = numberTest(value, values, path, is);
  return (seen) => {
    const expected = test(seen.at);
    const number = got(seen);
    if (number !== undefined && expected.matches(number)) return undefined;
    return { expected: expected.text, got: number === undefined ? 'none' : expected.shown(number) };
  };
}

const first = (buffer: BufferView | undefined): bigint | undefined =>
  buffer?.sgTable[0] === undefined ? undefined : bytesOf(buffer.sgTable[0], buffer.pageSize).base;

/** Runs of pages, neighbours joined. */
function runsOf({ sgTable, pageSize }: BufferView): { address: bigint; pages: number }[] {
  const runs: { address: bigint; pages: number }[] = [];
  let end = -1;
  for (const run of sgTable) {
    const { pfn, pages } = run;
    const last = runs.at(-1);
    if (last !== undefined && pfn === end) last.pages += pages;
    else runs.push({ address: bytesOf(run, pageSize).base, pages });
    end = pfn + pages;
  }
  return runs;
}

const runsText = (runs: readonly { readonly address: bigint; readonly pages: number }[]): string =>
  `[${runs.map(({ address, pages }) => `[${formatHex(address)}, ${pages}]`).join(', ')}]`;

function runsTest(
  expected: Exclude<Expect['phys'], string | number | bigint | undefined>,
  values: Values,
  path: Path,
): Test {
  const tests = expected.map(([address, pages], i) => ({
    address: numberTest(address, values, [...path, i, 0]),
    pages: numberTest(pages, values, [...path, i, 1]),
  }));
  return (seen) => {
    const buffer = seen.buffer();
    const runs = buffer === undefined ? [] : runsOf(buffer);
    const same =
      runs.length === tests.length &&
      tests.every(({ address, pages }, i) => {
        const run = runs[i];
        return (
          run !== undefined &&
          address(seen.at).matches(run.address) &&
          pages(seen.at).matches(BigInt(run.pages))
        );
      });
    if (same) return undefined;
    const shown = expected.map(
      ([address, pages]) => `[${typeof address === 'string' ? address : formatHex(address)}, ${pages}]`,
    );
    return { expected: `[${shown.join(', ')}]`, got: runsText(runs) };
  };
}

function flagsTest(
  expected: Getter<number>,
  got: (seen: Seen) => number | undefined,
  shown: (flags: number) => string,
): Test {
  return (seen) => {
    const wanted = expected(seen.at);
    const flags = got(seen);
    if (flags === wanted) return undefined;
    return { expected: shown(wanted), got: flags === undefined ? 'none' : shown(flags) };
  };
}

function logTest(expected: NonNullable<Expect['log']>, values: Values, path: Path): Test {
  const tests = textTests(expected, values, path);
  return (seen) => {
    const lines = seen
      .log()
      .filter(({ suppressed }) => suppressed !== true)
      .map(({ text }) => text);
    const got = lines.length === 0 ? 'no line' : lines.map(quoted).join(', ');
    if (tests.length === 0) return lines.length === 0 ? undefined : { expected: 'no line', got };
    let from = 0;
    for (const test of tests) {
      const { text, findIn } = test(seen.at);
      const found = findIn(lines, from);
      if (found < 0) return { expected: text, got };
      from = found + 1;
    }
    return undefined;
  };
}

function hazardsTest(expected: NonNullable<Expect['hazards']>, values: Values, path: Path): Test {
  const kindsOf = (seen: Seen) => joinReports(seen.hazards()).map(hazardKind);
  const shown = (kinds: readonly string[]) => (kinds.length === 0 ? 'none' : kinds.join(', '));
  if (typeof expected === 'object') {
    return (seen) => {
      const kinds = kindsOf(seen);
      return kinds.join() === expected.join() ? undefined : { expected: shown(expected), got: shown(kinds) };
    };
  }
  const test = numberTest(expected === 'none' ? 0 : expected, values, path);
  return (seen) => {
    const kinds = kindsOf(seen);
    if (test(seen.at).matches(BigInt(kinds.length))) return undefined;
    const got = kinds.length === 0 ? 'none' : `${kinds.length} (${shown(kinds)})`;
    return { expected: String(expected), got };
  };
}

function bytesTest(expected: Getter<Uint8Array>, got: (outcome: Outcome) => Uint8Array | undefined): Test {
  return (seen) => {
    const wanted = expected(seen.at);
    const bytes = got(seen.outcome) ?? new Uint8Array();
    const differs = wanted.findIndex((byte, i) => byte !== bytes[i]);
    if (differs < 0 && wanted.length === bytes.length) return undefined;
    const where =
      wanted.length === bytes.length ? ` (differs at byte ${differs})` : ` (${bytes.length} bytes)`;
    return { expected: shownBytes(wanted), got: `${shownBytes(bytes)}${where}` };
  };
}

function textOf(bytes: Uint8Array | undefined, path: Path): string {
  if (bytes === undefined || bytes.length <= MAX_TEXT_BYTES) return new TextDecoder().decode(bytes);
  throw new BadValue({
    code: 'scenario-too-long',
    message: `${bytes.length} bytes are more than are looked at as text: ${MAX_TEXT_BYTES >> 20} MiB`,
    path,
    hint: 'expect a sha256, or read less',
  });
}

function compileTest(key: keyof Expect, expect: Expect, values: Values, path: Path): Test {
  const hex = (text: string) => values.read(text, path, bytesOfHex, 'pairs of hexadecimal digits');
  switch (key) {
    case 'ret':
      return numberOf(expect.ret ?? 0, values, path, ({ outcome }) => BigInt(outcome.ret));
    case 'fd':
      return numberOf(expect.fd ?? 0, values, path, ({ outcome }) =>
        outcome.fd === undefined ? undefined : BigInt(outcome.fd),
      );
    case 'size':
      return numberOf(expect.size ?? 0, values, path, (seen) => seen.buffer()?.size, 'size');
    case 'phys':
      return typeof expect.phys === 'object'
        ? runsTest(expect.phys, values, path)
        : numberOf(expect.phys ?? 0, values, path, (seen) => first(seen.buffer()), 'address');
    case 'dma':
      return numberOf(expect.dma ?? 0, values, path, ({ outcome }) => outcome.dma, 'address');
    case 'getfl':
      return flagsTest(
        values.flagWords(expect.getfl ?? 0, path, parseFlags, 'flags of open(2) joined by |'),
        (seen) => seen.buffer()?.flags,
        flagsText,
      );
    case 'getfd':
      return flagsTest(
        values.flagWords(expect.getfd ?? 0, path, parseFcntlArgument, 'FD_CLOEXEC or 0'),
        (seen) => {
          const { at, outcome } = seen;
          const own = seen
            .buffer()
            ?.fds.find(({ task, fd }) => task === (outcome.owner ?? at.task) && fd === outcome.fd);
          return own && (own.cloexec ? 1 : 0);
        },
        (flags) => (flags === 1 ? 'FD_CLOEXEC (1)' : String(flags)),
      );
    case 'log':
      return logTest(expect.log ?? [], values, path);
    case 'hazards':
      return hazardsTest(expect.hazards ?? 'none', values, path);
    case 'bytes':
      return bytesTest(hex(expect.bytes ?? ''), ({ bytes }) => bytes);
    case 'arg':
      return bytesTest(hex(expect.arg ?? ''), ({ arg }) => arg);
    case 'sha256': {
      const wanted = values.text(expect.sha256 ?? '', path);
      const sha256 = values.sha256(path);
      return (seen) => {
        const got = sha256(seen.outcome.bytes ?? new Uint8Array());
        const expected = wanted(seen.at).toLowerCase();
        return got === expected ? undefined : { expected, got };
      };
    }
    case 'text': {
      const test = textTest(expect.text ?? '', values, path);
      return (seen) => {
        const { text = textOf(seen.outcome.bytes, path) } = seen.outcome;
        const wanted = test(seen.at);
        return wanted.is(text) ? undefined : { expected: wanted.text, got: quoted(text) };
      };
    }
    case 'names': {
      const names = (expect.names ?? []).map((name, i) => values.text(name, [...path, i]));
      return (seen) => {
        const wanted = names.map((name) => name(seen.at)).join(', ');
        const got = (seen.outcome.names ?? []).join(', ');
        return got === wanted ? undefined : { expected: cut(wanted) || 'none', got: cut(got) || 'none' };
      };
    }
    case 'revents':
      return flagsTest(
        values.read(expect.revents ?? 0, path, parseEvents, 'events joined by |, or a number'),
        ({ outcome }) => outcome.revents,
        (flags) => formatHex(flags),
      );
    case 'errno':
    case 'fault':
    case 'value':
      throw new Error(`${key} is read elsewhere`);
  }
}

function valueTests(
  expected: NonNullable<Expect['value']>,
  { name: action, numbers: known = [] }: ExpectedOf,
  values: Values,
  path: Path,
): (readonly [string, Test])[] {
  return Object.entries(expected).map(([name, value]) => {
    if (!known.includes(name)) {
      const near = closest(name, known);
      const hint = near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`;
      values.problem(
        [...path, name],
        'scenario-expectation',
        `${action} shows no number called '${name}'`,
        hint,
        true,
      );
    }
    const got = ({ outcome }: Seen) => {
      const number = outcome.value?.[name];
      return number === undefined ? undefined : BigInt(number);
    };
    return [`value.${name}`, numberOf(value, values, [...path, name], got)];
  });
}
