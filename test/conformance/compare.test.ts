import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareCase,
  logAfterFacts,
  memoryLineFacts,
  memoryLines,
  ramOnwards,
  shortenPair,
  withoutIgnored,
} from './compare.ts';
import type { Fact } from './fact.ts';
import { lineFacts } from './fact.ts';
import type { Observed } from './observed.ts';
import { parseCase } from './oracle-case.ts';
import { findCases, readCase } from './oracle-directory.ts';
import { perfectReplay } from './perfect-replay.ts';
import { fitsOrders, greedyOrders, mergePieces, systemFacts } from './system-shape.ts';

const ORACLE = 'fixtures/oracle';
/** Of Linux 7.3 with 4 KiB pages: what a perfect replay is made of. */
const cases = findCases(ORACLE).filter(({ id }) => !id.includes('/'));

const caseNamed = (id: string) => {
  const found = cases.find((entry) => entry.id === id);
  if (found === undefined) throw new Error(`no case ${id}`);
  return readCase(found);
};

const differences = (facts: readonly Fact[]): string[] =>
  facts.filter((fact) => !fact.agrees).map((fact) => fact.path);

/** Every leaf of a JSON value: a path to it. */
function leaves(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, item]) =>
    leaves(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function tampered(value: unknown, path: readonly (string | number)[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    if (typeof value === 'number') return value + 1;
    if (typeof value === 'boolean') return !value;
    return typeof value === 'string' ? `${value}x` : 'x';
  }
  const copy: unknown = Array.isArray(value) ? [...value] : { ...(value as object) };
  const target = copy as Record<string | number, unknown>;
  target[key] = tampered(target[key], rest);
  return copy;
}

describe('a replay that agrees', () => {
  it('has no difference, in any recorded case', () => {
    expect(cases.length).toBeGreaterThan(50);
    for (const entry of cases) {
      const { expectations } = readCase(entry);
      const { facts } = compareCase(expectations, perfectReplay(expectations));
      expect(differences(facts), entry.id).toEqual([]);
      expect(facts.length, entry.id).toBeGreaterThan(0);
    }
  });

  it('stops agreeing when any recorded answer is another one', () => {
    // Recorded, but not compared: nested and device lines of iomem, the machine's memory sizes, ignored
    // log lines; and the system heap's frames, whose structure has tests of its own below.
    const comparedPaths = (text: string): (string | number)[][] => {
      const root = JSON.parse(text);
      const { steps, heapsAreSet } = parseCase(text, 'case').expectations;
      const iomem = root.boot.iomem === undefined ? [] : memoryLines(root.boot.iomem, root.boot.log);
      return leaves(root).filter(([top, section, key, field]) => {
        if (top === 'log_after') return true;
        if (top === 'steps') {
          const { answer, args } = steps[Number(section)]!;
          // Of /proc/devices only one line is compared, and what is appended makes another one.
          const unseen =
            (key === 'phys' && (args.heap === 'system' || answer.phys === null)) ||
            (key === 'text' && args.path === '/proc/devices');
          return Object.hasOwn(answer, String(key)) && !unseen;
        }
        if (top !== 'boot') return false;
        if (section === 'meminfo') return key === 'CmaTotal';
        if (section === 'log') return withoutIgnored([root.boot.log[Number(key)]]).length > 0;
        if (section === 'heaps' && field === 'minor') return !heapsAreSet;
        if (section === 'iomem') return iomem.includes(root.boot.iomem[Number(key)]);
        return section !== 'tail' && section !== 'panic';
      });
    };
    const known = new Map<string, { text: string; paths: (string | number)[][] }>();
    const load = (id: string, file: string) => {
      const entry = known.get(id) ?? { text: readFileSync(file, 'utf8'), paths: [] };
      if (!known.has(id)) entry.paths = comparedPaths(entry.text);
      known.set(id, entry);
      return entry;
    };
    fc.assert(
      fc.property(fc.constantFrom(...cases), fc.nat(), (entry, pick) => {
        const { text, paths } = load(entry.id, entry.file);
        const path = paths[pick % paths.length]!;
        const { expectations } = parseCase(text, entry.id);
        const wrong = parseCase(JSON.stringify(tampered(JSON.parse(text), path)), entry.id);
        const { facts } = compareCase(wrong.expectations, perfectReplay(expectations));
        expect(differences(facts), `${entry.id}: ${path.join('.')}`).not.toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what is not replayed', () => {
  it('is counted by name and never as a fact', () => {
    const { expectations } = caseNamed('trace-cma-1');
    const seen = perfectReplay(expectations);
    const closed: Observed = {
      ...seen,
      steps: seen.steps.map((step, i) =>
        expectations.steps[i]?.op === 'close'
          ? { kind: 'not-replayed', op: 'close' }
          : expectations.steps[i]?.op === 'cma'
            ? { kind: 'behind', op: 'cma', cause: 'echo' }
            : step,
      ),
      logAfterBehind: 'echo',
    };
    const all = compareCase(expectations, seen);
    const some = compareCase(expectations, closed);
    expect(some.notReplayed).toEqual({ close: 63 });
    expect(some.behind).toEqual({ 'cma behind echo': 6, 'log_after behind echo': 1 });
    expect(all.facts.length - some.facts.length).toBe(63 + 6 * 6 + expectations.logAfter.length);
  });

  it('is a difference when a step has no answer at all', () => {
    const { expectations } = caseNamed('emfile');
    const seen = perfectReplay(expectations);
    const { facts } = compareCase(expectations, { ...seen, steps: seen.steps.slice(0, 1) });
    expect(differences(facts)).toContain('steps[1].ret');
    expect(differences(facts)).toContain('steps[1].phys');
  });
});

describe('a panic', () => {
  it('agrees by its message, blanks around it aside', () => {
    const expected = {
      panic: 'memblock: cannot resize memory array',
      steps: [],
      heapsAreSet: false,
      labDriver: false,
      logFilter: 1,
      logAfter: [],
    };
    const none: Observed = {
      knowsCmaFree: true,
      pageblock: 0,
      log: [],
      heaps: [],
      cma: {},
      meminfo: {},
      iomem: [],
      steps: [],
      logAfter: [],
    };
    const died = { ...none, panic: 'memblock: cannot resize memory array ' };
    expect(differences(compareCase(expected, died).facts)).toEqual([]);
    expect(differences(compareCase(expected, none).facts)).toEqual(['boot.panic']);
    expect(
      differences(
        compareCase({ steps: [], heapsAreSet: false, labDriver: false, logFilter: 1, logAfter: [] }, died)
          .facts,
      ),
    ).toEqual(['boot.panic']);
  });
});

describe('lines', () => {
  it('give one difference for one missing, extra or other line', () => {
    const want = ['a', 'b', 'c', 'd'];
    expect(differences(lineFacts('log', want, want))).toEqual([]);
    expect(differences(lineFacts('log', want, ['a', 'c', 'd']))).toEqual(['log[1]']);
    expect(differences(lineFacts('log', want, ['a', 'x', 'b', 'c', 'd']))).toEqual(['log[1+0]']);
    expect(differences(lineFacts('log', want, ['a', 'b', 'x', 'd']))).toEqual(['log[2]']);
    expect(differences(lineFacts('log', want, [...want, 'e', 'f']))).toEqual(['log[4+0]', 'log[4+1]']);
    expect(differences(lineFacts('log', want, []))).toHaveLength(4);
    expect(differences(lineFacts('log', want, ['b', 'a', 'c', 'd']))).not.toEqual([]);
  });

  it('agree exactly when the lists are equal', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 });
    fc.assert(
      fc.property(list, list, (want, got) => {
        const facts = lineFacts('log', want, got);
        expect(differences(facts).length === 0).toBe(want.join() === got.join());
        expect(facts.length).toBeGreaterThanOrEqual(want.length);
        expect(new Set(facts.map((fact) => fact.path)).size).toBe(facts.length);
      }),
    );
  });

  it('that of all memory counts where it was kept: its place, its form, and what no early allocation changes', () => {
    const line = (total: number, available = 1, more = '') =>
      `<6>Memory: ${available}K/${total}K available (1K kernel code, 2K rwdata, 3K rodata, 4K init, 5K bss, 6K reserved, 7K cma-reserved${more})`;
    const wrong = (want: readonly string[], got: readonly string[]) =>
      memoryLineFacts(want, got)
        .filter(({ agrees }) => !agrees)
        .map(({ path, grade }) => `${path} ${grade}`);
    const log = ['<6>Zone ranges:', line(9), '<6>cma: x'];
    expect(memoryLineFacts(['<6>cma: x'], log)).toEqual([]);
    expect(wrong(log, log)).toEqual([]);
    expect(wrong(log, [line(9, 5), '<6>cma: x'])).toEqual([]);
    expect(wrong(log, ['<6>cma: x', line(9)])).toEqual(['boot.log[1].form structural']);
    expect(wrong(log, [line(8)])).toEqual(['boot.log[1].total exact']);
    expect(wrong([line(9, 1, ', 2K highmem')], [line(9)])).toEqual(['boot.log[0].highmem exact']);
    expect(wrong(log, [])).toEqual([
      'boot.log[1].form structural',
      'boot.log[1].total exact',
      'boot.log[1].cma exact',
    ]);
  });

  it('that the README ignores do not count', () => {
    expect(
      withoutIgnored([
        '<6>Zone ranges:',
        '<6>  DMA      [mem 0x0000000040000000-0x000000007fffffff]',
        '<6>  DMA32    empty',
        '<4> dma_heap_register+0xf8/0x198',
        "<4>sysfs: cannot create duplicate filename '/devices/virtual/dma_heap/system'",
        '<3>dma_heap: Unable to add device',
      ]),
    ).toEqual([
      "<4>sysfs: cannot create duplicate filename '/devices/virtual/dma_heap/system'",
      '<3>dma_heap: Unable to add device',
    ]);
    expect(
      ramOnwards([
        '09000000-09000fff : pl011@9000000',
        '80000000-805fffff : reserved',
        '80600000-80ffffff : System RAM',
        '  80600000-806fffff : reserved',
        '81000000-810fffff : reserved',
      ]),
    ).toEqual(['80600000-80ffffff : System RAM', '81000000-810fffff : reserved']);
  });
});

describe('the log after the steps', () => {
  const failed = (pages: number): string =>
    `<3>cma: __cma_alloc_frozen: a: alloc failed, req-size: ${pages} pages, ret: -16`;
  const block = (free: string): string[] => [
    '<6>cma: number of available pages: ',
    `<6>cma: range 0: ${free}`,
    '<6>cma: ',
  ];
  const lines = (list: readonly string[], suppressed = false) => list.map((line) => ({ line, suppressed }));

  it('may lack what a rate limit dropped, and nothing else', () => {
    // Ten lines in one burst, then one that was dropped and is marked so.
    const burst = Array.from({ length: 10 }, (_, i) => [failed(i), ...block(`${i}@0`)]).flat();
    const ours = [...lines(burst), ...lines([failed(10)], true), ...lines(block('4@0'))];
    const check = (...recorded: string[]) => differences(logAfterFacts(recorded, ours));
    expect(check(...burst, ...block('4@0'))).toEqual([]);
    expect(check(...burst, failed(10), ...block('4@0'))).toEqual([]);
    expect(check(...burst.slice(1), ...block('4@0'))).toEqual(['log_after[0+0]']);
    expect(check(...burst)).toHaveLength(3);
    expect(check(...burst, ...block('5@0'))).toHaveLength(1);
    expect(check(...burst, failed(11), ...block('4@0'))).toHaveLength(1);
    expect(check(...block('4@0'), ...burst)).not.toEqual([]);
  });

  it('may not lack what the rate limit lets through', () => {
    const ours = [...lines([failed(1)], true), ...lines(block('8@0'))];
    expect(differences(logAfterFacts([failed(1), ...block('8@0')], ours))).toEqual(['log_after[0]']);
  });
});

describe('the system heap', () => {
  const iomem = ['40000000-4effffff : System RAM', '4f000000-4f0fffff : reserved'];
  const at = (address: bigint, pages: number) => ({ address, pages });
  const check = (pieces: { address: bigint; pages: number }[] | undefined, overlaps: number[] = []) =>
    differences(
      systemFacts({
        path: 'phys',
        expected: [
          ['0x40fb0000', 16],
          ['0x40fac000', 1],
        ],
        pieces,
        overlaps,
        iomem,
      }),
    );

  it('gets the largest of orders 8, 4, 0 that fits', () => {
    expect(greedyOrders(17)).toEqual([4, 0]);
    expect(greedyOrders(256 + 16 + 16 + 2)).toEqual([8, 4, 4, 0, 0]);
    expect(fitsOrders([['0x40fb0000', 17]], [4, 0])).toBe(true);
    expect(fitsOrders([['0x40fb1000', 17]], [4, 0])).toBe(false);
    expect(fitsOrders([['0x40fb0000', 16]], [4, 0])).toBe(false);
    expect(mergePieces([at(0x40fb0000n, 16), at(0x40fc0000n, 1), at(0x40000000n, 1)])).toEqual([
      ['0x40fb0000', 17],
      ['0x40000000', 1],
    ]);
  });

  it('agrees in structure wherever the frames are', () => {
    expect(check([at(0x40fb0000n, 16), at(0x40fac000n, 1)])).toEqual([]);
    expect(check([at(0x48000000n, 16), at(0x40001000n, 1)])).toEqual([]);
  });

  it('differs by pages, orders, alignment, place and neighbours', () => {
    expect(check([at(0x40fb0000n, 16)])).toEqual(['phys.pages', 'phys.orders']);
    expect(check([at(0x40fb0000n, 1), at(0x40fc0000n, 16)])).toEqual(['phys.orders']);
    expect(check(Array.from({ length: 17 }, (_, i) => at(0x40000000n + BigInt(i) * 4096n, 1)))).toEqual([
      'phys.orders',
    ]);
    expect(check([at(0x40fb1000n, 16), at(0x40fac000n, 1)])).toEqual(['phys.alignment']);
    expect(check([at(0x4f000000n, 16), at(0x40fac000n, 1)])).toEqual(['phys.ram']);
    expect(check([at(0x4eff8000n, 16), at(0x40fac000n, 1)])).toEqual(['phys.alignment', 'phys.ram']);
    expect(check([at(0x40fb0000n, 16), at(0x40fac000n, 1)], [7])).toEqual(['phys.disjoint']);
    expect(check(undefined)).toHaveLength(5);
  });
});

describe('a case file', () => {
  const text = readFileSync(join(ORACLE, 'cases', 'emfile.json'), 'utf8');

  it('keeps answers out of the inputs', () => {
    const { inputs } = parseCase(text, 'emfile.json');
    const keys = new Set(inputs.steps.flatMap((step) => Object.keys(step.args)));
    expect([...keys].sort()).toEqual([
      'area',
      'fd_flags',
      'heap',
      'heap_flags',
      'id',
      'len',
      'nofile',
      'path',
    ]);
    expect(JSON.stringify(inputs)).not.toMatch(/"(ret|phys|size|bitmap|text|log|heaps|iomem)"/);
  });

  it('is refused by name when it is damaged', () => {
    expect(() => parseCase('{', 'x.json')).toThrow(/x\.json: not JSON/);
    expect(() => parseCase('[]', 'x.json')).toThrow('x.json: no JSON object');
    const without = (key: string): string => JSON.stringify({ ...JSON.parse(text), [key]: undefined });
    for (const key of ['name', 'profile', 'board', 'cmdline', 'reserved_at_boot', 'boot']) {
      expect(() => parseCase(without(key), 'x.json')).toThrow(`x.json: ${key} is missing`);
    }
  });
});

describe('long values', () => {
  it('are shown around the first difference', () => {
    const long = '0 '.repeat(500);
    const [want, got] = shortenPair(`${long}1`, `${long}2`, 40);
    expect(want).toContain('1"');
    expect(got).toContain('2"');
    expect(want.length).toBeLessThan(60);
    expect(shortenPair(null, 'a')).toEqual(['(nothing)', '"a"']);
  });
});
