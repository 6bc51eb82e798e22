/** What dmaheap prints of a kernel gives the same kernel again. */
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { KERNELS } from '../../src/profile/kernels.ts';
import { Random } from '../fuzz/random.ts';
import { bootTarget, pastedTexts, randomBoard, randomUse } from './random-target.ts';
import { rebuilt } from './rebuilt.ts';

/** What must be the same of two kernels. */
const shape = (kernel: Kernel) => ({
  heaps: kernel.heaps().map(({ name, minor, backend, base, size }) => ({
    name,
    minor,
    backend,
    base,
    size: backend === 'system' ? undefined : size,
  })),
  areas: kernel
    .cmaAreas()
    .map(({ name, pfn, pages, free }) => ({ name, pfn, pages, free }))
    .sort((a, b) => a.pfn - b.pfn),
  buffers: kernel.buffers().map(({ name, size, expName, count }) => ({ name, size, expName, count })),
});

/** 5.10 does not say which heap a buffer is of. */
const withoutHeap = (kernel: Kernel) => {
  const { buffers, ...rest } = shape(kernel);
  return { ...rest, buffers: buffers.map(({ name, size }) => ({ name, size })) };
};

const CASES = Number(process.env.ROUND_TRIPS ?? 12);

describe('a round trip', () => {
  for (const { release, stable } of KERNELS) {
    for (const named of [true, false]) {
      it(`of Linux ${release}${named ? '' : ', whose log does not name it'}`, () => {
        let trips = 0;
        let certain = 0;
        for (let seed = 0; seed < CASES; seed++) {
          const random = new Random(seed * 31 + stable + (named ? 0 : 5000));
          const yaml = randomBoard(random);
          const target = bootTarget(yaml, { kernel: release });
          if (target === undefined) continue;
          randomUse(target.kernel, random, random.below(20));
          const inputs = pastedTexts(target, named ? `${release}.${stable}` : undefined);
          const { kernel, findings } = rebuilt(inputs);
          const look = target.kernel.profile.linux.exporter === undefined ? shape : withoutHeap;
          const at = `seed ${seed}\n${yaml}\n${findings.map(({ kind, message, taken }) => `${kind}: ${message}: ${taken}`).join('\n')}`;
          expect(look(kernel), at).toEqual(look(target.kernel));
          // One machine, one boot: nothing contradicts.
          expect(
            findings.filter(({ kind }) => kind === 'contradiction'),
            at,
          ).toEqual([]);
          // A place that is no guess is the place.
          const guessed = new Set(kernel.guessedPlaces());
          const before = target.kernel.buffers();
          for (const [i, { ino, heap, sgTable }] of kernel.buffers().entries()) {
            if (guessed.has(ino) || kernel.heaps().find(({ name }) => name === heap)?.backend !== 'cma')
              continue;
            certain++;
            expect(sgTable, at).toEqual(before[i]?.sgTable);
          }
          trips++;
        }
        expect(trips).toBeGreaterThan(CASES / 2);
        // Linux 5.10 does not even say which heap a buffer is of.
        if (release !== '5.10') expect(certain).toBeGreaterThan(0);
      });
    }
  }
});
