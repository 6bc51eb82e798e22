/** Lines that are lost: the rest comes out, and nothing is different in silence. */
import { describe, expect, it } from 'vitest';
import { InvalidInput } from '../../src/diagnostic.ts';
import { KERNELS } from '../../src/profile/kernels.ts';
import { Random } from '../fuzz/random.ts';
import { bootTarget, pastedTexts, randomBoard, randomUse } from './random-target.ts';
import { rebuilt } from './rebuilt.ts';

const CASES = 5;

describe('lines that are dropped', () => {
  for (const { release, stable } of KERNELS) {
    it(`of a log and files of Linux ${release} leave the rest, and are told where they matter`, () => {
      let rebuiltOnes = 0;
      for (let seed = 0; seed < CASES; seed++) {
        const random = new Random(seed * 77 + stable);
        const yaml = randomBoard(random);
        const target = bootTarget(yaml, { kernel: release });
        if (target === undefined) continue;
        randomUse(target.kernel, random, 8);
        const inputs = pastedTexts(target, `${release}.${stable}`);
        const lossy = inputs.map(({ file, text }) => ({
          file,
          text: /cma\/|bufinfo/.test(file)
            ? text
            : text
                .split('\n')
                .filter(() => !random.oneIn(4))
                .join('\n'),
        }));
        const at = `seed ${seed}\n${yaml}\n${lossy[0]?.text}`;
        let made: ReturnType<typeof rebuilt>;
        try {
          made = rebuilt(lossy);
        } catch (error) {
          // All that told of RAM is lost, or of the RAM below an area.
          expect(
            error instanceof InvalidInput || /kill init|deadlocked|resize/.test(String(error)),
            `${at}\n${String(error)}`,
          ).toBe(true);
          continue;
        }
        rebuiltOnes++;
        const { kernel, findings } = made;
        // Whole files are there as before: every area that debugfs has, with its pages.
        const areas = kernel.cmaAreas();
        for (const { name, pfn, pages, free } of target.kernel.cmaAreas()) {
          const here = areas.find((one) => one.pfn === pfn);
          const isTold = findings.some(
            ({ kind, message }) => kind === 'contradiction' && message.includes(name.slice(0, 11)),
          );
          if (here === undefined || here.pages !== pages) expect(isTold, `${at}\n${name}`).toBe(true);
          else expect(here.free, `${at}\n${name}`).toEqual(free);
        }
        const heaps = (one: typeof kernel) =>
          one
            .heaps()
            .map(({ name, base }) => `${name} ${base}`)
            .join(', ');
        if (heaps(kernel) !== heaps(target.kernel)) expect(findings.length, at).toBeGreaterThan(0);
      }
      expect(rebuiltOnes).toBeGreaterThan(CASES / 2);
    });
  }
});

it('a region of which every line is lost is found by /proc/iomem, and by its heap', () => {
  const target = bootTarget(
    `memory: { reg: [0x40000000, 512M] }
reserved-memory:
  a@50000000: { compatible: shared-dma-pool, reg: [0x50000000, 4M], no-map: true }
  b@54000000: { reg: [0x54000000, 1M], no-map: true }
`,
    {},
  );
  if (target === undefined) throw new Error('the board does not boot');
  const inputs = pastedTexts(target, '7.3.4').map(({ file, text }) => ({
    file,
    text: text
      .split('\n')
      .filter((line) => !line.includes('b@54000000') && !line.includes('0x0000000054000000'))
      .join('\n'),
  }));
  const { kernel, findings } = rebuilt(inputs);
  expect(kernel.regions()).toMatchObject([
    { name: 'a@50000000', kind: 'coherent' },
    { name: 'no-map@54000000', kind: 'reserved', size: 1n << 20n },
    { name: 'reserved' },
  ]);
  expect(findings).toContainEqual(expect.objectContaining({ kind: 'missing', code: 'region-name' }));
});
