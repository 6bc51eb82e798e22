/** What does not hold is told with what was expected and what came. */
import { describe, expect, it } from 'vitest';
import { CMA, failures, POOL, run } from './running.ts';

const alloc = (expect: string, more = ''): string =>
  `steps:\n  - alloc: { heap: ${CMA}, size: 300K${more} }\n    as: a\n    expect: ${expect}\n`;

describe('an expectation that does not hold', () => {
  it.each<[string, string, string[]]>([
    ['success', 'steps:\n  - free: 99\n', ['1 errno: expected success, got EBADF']],
    ['an errno', alloc('{ errno: ENOMEM }'), ['1 errno: expected ENOMEM, got success (descriptor 4)']],
    [
      'another errno',
      'steps:\n  - free: 99\n    expect: { errno: EINVAL }\n',
      ['1 errno: expected EINVAL, got EBADF'],
    ],
    [
      'numbers',
      alloc('{ fd: 5, size: ">= 1M", phys: 0x60100000, ret: "!= 0" }'),
      [
        '1 ret: expected != 0, got 0',
        '1 fd: expected 5, got 4',
        '1 size: expected >= 1M, got 300 KiB (307200)',
        '1 phys: expected 0x60100000, got 0x60000000',
      ],
    ],
    [
      'runs',
      alloc('{ phys: [[0x60000000, 74]] }'),
      ['1 phys: expected [[0x60000000, 74]], got [[0x60000000, 75]]'],
    ],
    [
      'flags',
      alloc('{ getfl: O_RDONLY, getfd: 0 }'),
      ['1 getfl: expected O_RDONLY (0x0), got O_RDWR (0x2)', '1 getfd: expected 0, got FD_CLOEXEC (1)'],
    ],
    ['a line', alloc('{ log: /failed/ }'), ['1 log: expected /failed/, got no line']],
    [
      'no line',
      `steps:\n  - alloc: { heap: ${CMA}, size: 65M }\n    expect: { errno: ENOMEM, log: none }\n`,
      [expect.stringMatching(/^1 log: expected no line, got "cma: __cma_alloc/) as unknown as string],
    ],
    [
      'lines in another order',
      `steps:\n  - alloc: { heap: ${CMA}, size: 65M }\n    expect: { errno: ENOMEM, log: [number of, alloc failed] }\n`,
      [expect.stringMatching(/^1 log: expected alloc failed, got/) as unknown as string],
    ],
    [
      'one line where two are expected',
      `steps:\n  - alloc: { heap: ${CMA}, size: 65M }\n    expect: { errno: ENOMEM, log: [alloc failed, alloc failed] }\n`,
      [expect.stringMatching(/^1 log: expected alloc failed, got/) as unknown as string],
    ],
    [
      'a line that the rate limit keeps back',
      `steps:\n  - repeat:\n      times: 11\n      do: [ { alloc: { heap: ${CMA}, size: 65M }, expect: { errno: ENOMEM, log: alloc failed } } ]\n`,
      [expect.stringMatching(/^11 log: expected alloc failed, got "cma: number/) as unknown as string],
    ],
    ['hazards', alloc('{ hazards: [stale-read] }'), ['1 hazards: expected stale-read, got none']],
    [
      'bytes',
      `${alloc('{ ret: 0 }')}  - read: { from: a, length: 2 }\n    expect: { bytes: "0001", text: hi, value: { sum: "> 0" } }\n`,
      [
        '2 bytes: expected 0001, got 0000 (differs at byte 1)',
        '2 text: expected hi, got "\\u0000\\u0000"',
        '2 value.sum: expected > 0, got 0',
      ],
    ],
    [
      'a fault',
      `${alloc('{ ret: 0 }')}  - read: { from: a, length: 1 }\n    expect: { fault: BusError }\n`,
      ['2 fault: expected BusError, got success (0)'],
    ],
    ['an access that faults', 'steps:\n  - read: "@0x10:1"\n', ['1 fault: expected success, got BusError']],
    [
      'names',
      'steps:\n  - ls: /dev\n    expect: { names: [dma_heap, x] }\n',
      ['1 names: expected dma_heap, x, got dma_heap'],
    ],
    [
      'events',
      `${alloc('{ ret: 0 }')}  - poll: a\n    expect: { revents: POLLIN }\n`,
      ['2 revents: expected 0x1, got 0x5'],
    ],
    [
      'the end',
      `${alloc('{ ret: 0 }')}expect: { leaks: none, hazards: 1, heaps: { ${CMA}: { free: 64M, buffers: 0 }, nope: { free: 1 } }, log: zzz, no-log: CMA }\n`,
      [
        'end leaks: expected none, got 1',
        'end hazards: expected 1, got none',
        `end heaps.${CMA}.free: expected 64M, got 65236 KiB (66801664)`,
        `end heaps.${CMA}.buffers: expected 0, got 1`,
        'end heaps.nope.free: expected 1, got no such heap',
        'end log: expected zzz, got no such line',
        expect.stringMatching(/^end no-log: expected no line with CMA, got /) as unknown as string,
      ],
    ],
    [
      'where heaps and regions are not',
      `expect: { heaps: { ${CMA}: { base: 0x1000, region: x }, system: absent, a: {} }, regions: { ${CMA}: { base: 0x1000, size: 4K, kind: coherent, heaps: [a, b], why: no-room }, ${POOL}: absent, b: { size: 1 }, c: {} } }\n`,
      [
        `end heaps.${CMA}.base: expected 0x1000, got 0x60000000`,
        `end heaps.${CMA}.region: expected x, got ${CMA}`,
        'end heaps.system: expected absent, got there',
        'end heaps.a: expected there, got absent',
        `end regions.${CMA}.base: expected 0x1000, got 0x60000000`,
        `end regions.${CMA}.size: expected 4K, got 64 MiB (67108864)`,
        `end regions.${CMA}.kind: expected coherent, got cma`,
        `end regions.${CMA}.why: expected no-room, got none`,
        `end regions.${CMA}.heaps: expected a, b, got ${CMA}`,
        `end regions.${POOL}: expected absent, got there`,
        'end regions.b.size: expected 1, got no such region',
        'end regions.c: expected there, got absent',
      ],
    ],
    ['a panic', `expect: { panic: x }\n`, ['end panic: expected x, got none']],
    [
      'a panic that nobody expects',
      'board:\n  memory: { reg: [0x40000000, 512M] }\n  reserved-memory: { a: { compatible: shared-dma-pool, reg: [0x80000000, 64M], reusable: true } }\nsteps: [ { free: 4 } ]\n',
      ['end panic: expected a boot that does not die, got Attempted to kill init! exitcode=0x0000000b'],
    ],
  ])('tells %s', async (_, text, expected) => {
    const report = await run(text);
    expect(failures(report)).toEqual(expected);
    expect(report.verdict).toBe('failed');
  });

  it('asks nothing of what a failed call was to make, but of its answer and the log', async () => {
    const text = (more: string): string =>
      `steps:\n  - alloc: { heap: ${CMA}, size: 65M }\n    expect: { errno: ENOMEM, fd: 99, size: 1, ${more} }\n`;
    expect(failures(await run(text('log: alloc failed')))).toEqual([]);
    expect(failures(await run(text('ret: 0')))).toEqual(['1 ret: expected 0, got -12']);
  });

  it('names the buffers that live, and the steps that made them', async () => {
    const report = await run(
      `${alloc('{ ret: 0 }', ', name: frame')}  - free: 0\n  - dup: a\nexpect: { leaks: none }\n`,
    );
    expect(
      report.end?.alive?.map(({ buffer, madeBy }) => [
        buffer.name,
        buffer.count,
        madeBy?.number,
        madeBy?.position?.line,
      ]),
    ).toEqual([['frame', 2, 1, 3]]);
  });

  it('keeps what the calls left: lines, reasons, a note', async () => {
    const report = await run(`steps:\n  - alloc: { heap: ${CMA}, size: 65M }\n    note: too large\n`);
    const [step] = report.failures;
    expect(step).toMatchObject({
      number: 1,
      task: 'shell',
      action: 'alloc',
      text: `alloc: { heap: ${CMA}, size: 65M }`,
      note: 'too large',
      errno: 'ENOMEM',
      why: { kind: 'cma-no-room' },
    });
    expect(step?.position).toEqual({ file: 'test.yaml', line: 3, column: 5 });
    expect(step?.log[0]?.text).toContain('alloc failed');
  });
});

describe('a run', () => {
  it('stops at the first step that fails, or goes on', async () => {
    const text =
      'steps: [ { free: 9 }, { free: 10 }, { cat: /proc/meminfo, expect: { text: /MemTotal/ } } ]\nexpect: { buffers: 0 }\n';
    const stopped = await run(text);
    expect([stopped.steps, stopped.end]).toEqual([1, undefined]);
    const all = await run(text, { keepGoing: true });
    expect([all.steps, all.failures.length, all.end?.verdict, all.verdict]).toEqual([
      3,
      2,
      'passed',
      'failed',
    ]);
  });

  it('tells of each step that was checked as it ends', async () => {
    const told: string[] = [];
    await run('steps: [ { cat: /proc/meminfo }, { free: 9, expect: { errno: EBADF } }, { free: 9 } ]\n', {
      onStep: ({ number, verdict }) => told.push(`${number} ${verdict}`),
    });
    expect(told).toEqual(['2 passed', '3 failed']);
  });
});
