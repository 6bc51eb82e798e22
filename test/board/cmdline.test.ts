import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCmdline } from '../../src/board/cmdline.ts';
import { GiB, MiB } from '../../src/units.ts';

describe('parseCmdline', () => {
  it('reads the forms of cma=', () => {
    expect(parseCmdline('cma=64M').cma).toEqual({ size: 64n * MiB, base: 0n, limit: 0n });
    expect(parseCmdline('cma=64M@1G').cma).toEqual({ size: 64n * MiB, base: GiB, limit: GiB + 64n * MiB });
    expect(parseCmdline('cma=64M@1G-2G').cma).toEqual({ size: 64n * MiB, base: GiB, limit: 2n * GiB });
    expect(parseCmdline('cma=0').cma).toEqual({ size: 0n, base: 0n, limit: 0n });
    expect(parseCmdline('cma=').cma).toEqual({ size: 0n, base: 0n, limit: 0n });
  });

  it('lets a later cma= change what it names, and keep the rest', () => {
    expect(parseCmdline('cma=64M@1G-2G cma=32M').cma).toEqual({
      size: 32n * MiB,
      base: GiB,
      limit: 2n * GiB,
    });
  });

  it('reads mem= and coherent_pool=', () => {
    expect(parseCmdline('mem=0x10000fff').mem).toBe(0x10000fffn);
    expect(parseCmdline('coherent_pool=4M').coherentPool).toBe(4n * MiB);
    expect(parseCmdline('coherent-pool=1M').coherentPool).toBe(MiB);
  });

  it('ignores all other words, and everything behind --', () => {
    const words = parseCmdline('console=ttyAMA0 root=/dev/sda cmax=1M xcma=1M memtest -- cma=64M mem=1G');
    expect(words).toEqual({
      malformed: [],
      ignored: ['memtest'],
      halfRead: [],
      withoutUnit: [],
      misspelt: [
        { word: 'cmax=1M', meant: 'cma' },
        { word: 'xcma=1M', meant: 'cma' },
      ],
    });
  });

  it('keeps quoted words together', () => {
    expect(parseCmdline('note="a cma=1M b" cma="64M"').cma?.size).toBe(64n * MiB);
  });

  it('names the words that an early_param() refuses', () => {
    expect(parseCmdline('cma mem coherent_pool')).toMatchObject({ malformed: ['cma', 'mem'], ignored: [] });
  });

  it('reads anything', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        expect(Array.isArray(parseCmdline(`cma=${text} mem=${text}`).malformed)).toBe(true);
      }),
    );
  });
});
