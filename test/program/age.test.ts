/** Ageing: the same by its seed, and what it says of a heap is what the heap answers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Ageing,
  type AgeReport,
  age,
  ageInPieces,
  NoHeapToAge,
  parseAgeSizes,
} from '../../src/program/age.ts';
import { finish } from '../../src/program/outcome.ts';
import { KiB, MiB } from '../../src/units.ts';
import { CMA, HEAPS, machine, POOL } from '../kernel/machine.ts';
import { PAGE } from '../pages.ts';
import { alloc } from '../small-board.ts';

const steps = 300;

/** What is the same in any two runs: all but the numbers of buffers before. */
const shape = (report: AgeReport) => ({ ...report, heap: { ...report.heap } });

describe('ageing', () => {
  it.each(HEAPS)('%s: the same seed gives the same, in pieces of any length', (heap) => {
    const run = (seed: number) => age(machine().kernel, 'age', { heap, steps, seed });
    const { kernel } = machine();
    const ageing = new Ageing(kernel, 'age', { heap, steps, seed: 1 });
    while (ageing.advance(kernel, 7)) expect(ageing.done % 7).toBe(0);
    expect(shape(ageing.report(kernel))).toEqual(shape(run(1)));
    expect(run(2)).not.toEqual(run(1));
  });

  it.each([CMA, POOL])('%s: a request works just when the largest that is told is no smaller', (heap) => {
    const { kernel, shell } = machine();
    shell.must({ call: 'pin', range: { base: 0x48500000n, size: 8192n } });
    const sizes = [
      { bytes: 4n * KiB, weight: 2 },
      { bytes: 68n * KiB, weight: 1 },
    ];
    const report = age(kernel, 'age', { heap, steps, sizes, lifetime: heap === CMA ? 200 : 12, seed: 5 });
    expect(report.tried.length).toBeGreaterThan(8);
    for (const { size, errno } of report.tried)
      expect(errno === undefined).toBe(size <= report.largestAligned);
    // Trying took nothing.
    expect(kernel.heaps().find(({ name }) => name === heap)?.free).toBe(report.heap.free);
    expect(report.alive).toBe(kernel.buffers().length);
    expect(report.allocated - report.freed).toBe(report.alive);
  });

  it('keeps about two thirds in use, in pieces, unless told otherwise', () => {
    const { heap, largestAligned, alive } = age(machine().kernel, 'age', { heap: CMA, seed: 4 });
    const used = Number(heap.size - heap.free) / Number(heap.size);
    expect(used).toBeGreaterThan(0.35);
    expect(used).toBeLessThan(0.95);
    expect(largestAligned).toBeLessThan(heap.free);
    expect(alive).toBeGreaterThan(10);
  });

  it('leaves nothing with keep: false', () => {
    const { kernel } = machine();
    const before = kernel.heaps();
    const report = age(kernel, 'age', { heap: CMA, steps, keep: false });
    expect([report.alive, report.freed]).toEqual([0, report.allocated]);
    expect(kernel.heaps()).toEqual(before);
  });

  it('counts what failed by errno, faults on purpose too', () => {
    const faults = [{ does: 'errno', errno: 'EINTR', call: 'alloc', times: 3 }] as const;
    const { kernel } = machine(undefined, { faults });
    const sizes = [{ bytes: 8n * MiB, weight: 1 }];
    const { allocated, failed } = age(kernel, 'age', { heap: CMA, steps: 20, sizes, lifetime: 50 });
    expect(failed.EINTR).toBe(3);
    expect(allocated + (failed.EINTR ?? 0) + (failed.ENOMEM ?? 0)).toBe(20);
    expect(() => age(kernel, 'age', { heap: 'nope' })).toThrow(NoHeapToAge);
  });
});

describe('the largest request', () => {
  it('is the largest that the area really gives', () => {
    const request = fc.record({ pages: fc.integer({ min: 1, max: 700 }), free: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 25 }), fc.nat(4000), (requests, pinned) => {
        const { kernel, shell } = machine();
        shell.must({ call: 'pin', range: { base: 0x48000000n + BigInt(pinned) * PAGE, size: PAGE } });
        const fds: number[] = [];
        for (const { pages, free } of requests) {
          const { fd, ret } = alloc(kernel, CMA, BigInt(pages) * PAGE);
          if (ret === 0) fds.push(fd);
          if (free < 4 && fds.length > 1)
            shell.must({ call: 'close', fd: fds.splice(free % fds.length, 1)[0] ?? 0 });
        }
        const most = kernel.largestRequest(CMA);
        expect(alloc(kernel, CMA, most + PAGE).errno).toBe('ENOMEM');
        if (most > 0n) expect(alloc(kernel, CMA, most).ret).toBe(0);
      }),
      { numRuns: 80 },
    );
  });
});

describe('a mix of sizes', () => {
  it('is read with weights, or not at all', () => {
    expect(parseAgeSizes('4K, 1M:3')).toEqual([
      { bytes: 4096n, weight: 1 },
      { bytes: MiB, weight: 3 },
    ]);
    for (const wrong of ['', '4K,', '0', '4K:0', '4K:1:2', '4Q'])
      expect(parseAgeSizes(wrong)).toBeUndefined();
  });
});

it('says of a heap that is not there what open(2) of its node says', () => {
  const { kernel } = machine();
  const outcome = finish(ageInPieces({ kernel, task: 'shell' }, { heap: 'nope' }));
  const opened = kernel.syscall('shell', { call: 'open', path: '/dev/dma_heap/nope', flags: 2 });
  expect(outcome).toEqual(opened);
});
