/** A log is one that its own kernel can have printed, by every line of it. */
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../../src/profile/kernels.ts';
import { releasesThatPrint } from '../../src/profile/release-by-log.ts';
import { allocate } from '../../src/program/allocate.ts';
import { finish } from '../../src/program/outcome.ts';
import { Random } from '../fuzz/random.ts';
import { bootTarget, randomBoard, randomUse } from '../reconstruct/random-target.ts';

/** One board with every line about regions that a boot prints: pools and areas, good and refused. */
const ALL_KINDS = `memory: { reg: [0x40000000, 0x40000000] }
reserved-memory:
  area@60000000: { compatible: shared-dma-pool, reg: [0x60000000, 0x800000], reusable: true }
  odd@61000000: { compatible: shared-dma-pool, reg: [0x61000000, 0x801000], reusable: true }
  pool@58000000: { compatible: shared-dma-pool, reg: [0x58000000, 0x400000], no-map: true }
  small@59000000: { compatible: shared-dma-pool, reg: [0x59000000, 0x8000], no-map: true }
  ram@5a000000: { compatible: shared-dma-pool, reg: [0x5a000000, 0x400000] }
  dynamic: { compatible: shared-dma-pool, size: 0x400000, no-map: true }
  none: { compatible: shared-dma-pool, size: 0x400000, alloc-ranges: [0x90000000, 0x1000000] }
  huge: { compatible: shared-dma-pool, size: 0x70000000, reusable: true }
  "linux,cma": { compatible: shared-dma-pool, size: 16M, alignment: 4M, reusable: true, "linux,cma-default": true }
`;

const messagesOf = (yaml: string, kernel: string, cmdline: string | undefined, seed: number) => {
  const target = bootTarget(yaml, { kernel, ...(cmdline !== undefined && { cmdline }) });
  if (target === undefined) return [];
  randomUse(target.kernel, new Random(seed), 30);
  // And what no room leaves.
  for (const { name: heap, free, backend } of target.kernel.heaps()) {
    if (backend === 'cma')
      finish(allocate({ kernel: target.kernel, task: 'shell' }, { heap, size: BigInt(free) }));
  }
  return [...target.kernel.printk.since()].map(({ text }) => text);
};

describe('what a kernel prints', () => {
  for (const { release } of KERNELS) {
    it(`of Linux ${release} is a log of Linux ${release}, line by line`, () => {
      let lines = 0;
      const check = (messages: readonly string[]) => {
        for (const message of messages) expect(releasesThatPrint([message]), message).toContain(release);
        expect(releasesThatPrint(messages)).toContain(release);
        lines += messages.length;
      };
      for (const cmdline of [undefined, 'cma=24M']) check(messagesOf(ALL_KINDS, release, cmdline, 1));
      for (let seed = 0; seed < 10; seed++) {
        check(messagesOf(randomBoard(new Random(seed)), release, undefined, seed));
      }
      expect(lines).toBeGreaterThan(100);
    });
  }
});
