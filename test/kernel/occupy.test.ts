/** Pages of areas that are others': what a reconstruction sets. */
import { describe, expect, it } from 'vitest';
import { allocate } from '../../src/program/allocate.ts';
import { finish } from '../../src/program/outcome.ts';
import { bootTarget } from '../reconstruct/random-target.ts';

const BOARD = `memory: { reg: [0x40000000, 512M] }
reserved-memory:
  a@50000000: { compatible: shared-dma-pool, reg: [0x50000000, 16M], reusable: true }
  p@54000000: { compatible: shared-dma-pool, reg: [0x54000000, 1M], no-map: true }
`;
const MiB = 1n << 20n;

function machine() {
  const target = bootTarget(BOARD, {});
  if (target === undefined) throw new Error('the board does not boot');
  const { kernel } = target;
  const caller = { kernel, task: 'shell' };
  const occupy = (
    area: string,
    free: readonly (readonly [bigint, bigint])[],
    guessed: readonly bigint[] = [],
  ) =>
    kernel.syscall('shell', {
      call: 'occupy',
      area,
      free: free.map(([base, size]) => ({ base, size })),
      guessed,
    });
  const alloc = (heap: string, size: bigint) => {
    const [fd] = finish(allocate(caller, { heap, size })).fds;
    return fd === undefined ? undefined : kernel.physOf('shell', fd);
  };
  return { kernel, occupy, alloc };
}

describe('occupy', () => {
  it('leaves just what is named free, of an area and of a pool', () => {
    const { kernel, occupy, alloc } = machine();
    expect(
      occupy('a@50000000', [
        [0x50300000n, MiB],
        [0x50800000n, 2n * MiB],
      ]).ret,
    ).toBe(0);
    expect(kernel.cmaAreas()[0]?.free).toEqual([
      { pfn: 0x50300, pages: 256 },
      { pfn: 0x50800, pages: 512 },
    ]);
    expect([alloc('a@50000000', 2n * MiB), alloc('a@50000000', MiB), alloc('a@50000000', 4096n)]).toEqual([
      0x50800000n,
      0x50300000n,
      undefined,
    ]);
    expect(occupy('@0x54000000', [[0x54010000n, 0x10000n]]).ret).toBe(0);
    expect([alloc('p@54000000', 0x10000n), alloc('p@54000000', 4096n)]).toEqual([0x54010000n, undefined]);
    // CmaFree counts what the bitmaps do.
    expect(kernel.heaps().find(({ name }) => name === 'a@50000000')?.free).toBe(0n);
  });

  it('takes no page from a buffer, and nothing that is no part of the area', () => {
    const { occupy, alloc } = machine();
    const at = alloc('a@50000000', MiB) ?? 0n;
    expect(occupy('a@50000000', [[at, 4096n]]).why?.kind).toBe('buffer-there');
    for (const range of [
      [0x4ffff000n, 4096n],
      [0x50ffffffn, 2n],
      [0x50000800n, 4096n],
      [0x50fff000n, 8192n],
      [0x50000000n, 0n],
    ] as const) {
      expect(occupy('a@50000000', [range]).why?.kind, `${range}`).toBe('not-free-runs');
    }
    expect(
      occupy('a@50000000', [
        [0x50800000n, 4096n],
        [0x50700000n, 4096n],
      ]).why?.kind,
    ).toBe('not-free-runs');
    expect(occupy('nowhere', []).why).toMatchObject({
      kind: 'no-such-area',
      known: ['a@50000000', 'reserved', 'p@54000000'],
    });
  });

  it('remembers which buffers may lie elsewhere', () => {
    const { kernel, occupy, alloc } = machine();
    const at = alloc('a@50000000', MiB) ?? 0n;
    expect(kernel.guessedPlaces()).toEqual([]);
    expect(occupy('a@50000000', [], [at, 0x1000n]).ret).toBe(0);
    expect(kernel.guessedPlaces()).toEqual([kernel.buffers()[0]?.ino]);
  });
});
