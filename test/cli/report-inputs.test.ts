/** The inputs of fixtures/reports/inputs, typed as reporters would: a row each, with the exit code and what must be said. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { dmaheap } from './in-process.ts';

const INPUTS = fileURLToPath(new URL('../../fixtures/reports/inputs', import.meta.url));
const place = mkdtempSync(join(tmpdir(), 'dmaheap-inputs-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A command, its exit code, and what its two streams have, or must not have. */
interface Step {
  readonly line: string;
  readonly code?: number;
  readonly says: readonly RegExp[];
  readonly not?: readonly RegExp[];
}
const step = (line: string, ...says: readonly RegExp[]): Step => ({ line, says });

/** FILE stands for the input, INPUTS for where all are. */
const ROWS: Readonly<Record<string, readonly Step[]>> = {
  '01-cma-buffer-4g': [
    step('boot FILE'),
    {
      line: 'alloc big@400000000 4G',
      code: 1,
      says: [/ENOMEM/, /would be 8 MiB/, /4 MiB at most/, /largest buffer is 2 GiB/],
    },
    step('alloc big@400000000 2G', /^4$/m),
  ],
  '02-thp-off-pageblock': [
    step(
      'regions --board FILE --config TRANSPARENT_HUGEPAGE=n',
      /frames@90200000 +0x90200000 +2M +cma +reusable +1/,
    ),
  ],
  '03-misaligned-advice': [
    step(
      'regions --board FILE --config TRANSPARENT_HUGEPAGE=n --config HUGETLBFS=n',
      /pageblock, 4 MiB here: its base 0x90200000 is 2 MiB past one, its size 2 MiB is 2 MiB past one/,
    ),
  ],
  '04-iomem-nested': [
    step(
      'cat /proc/iomem --board FILE',
      /^40000000-7fffffff : System RAM$/m,
      /^ {2}50000000-500fffff : reserved$/m,
      /^ {2}60000000-63ffffff : reserved$/m,
    ),
  ],
  '05-meminfo-hugepages': [
    step(
      'cat /proc/meminfo --board FILE',
      ...['HugePages_Total:', 'HugePages_Free:', 'HugePages_Rsvd:', 'HugePages_Surp:'].map(
        (name) => new RegExp(`^${name} +0$`, 'm'),
      ),
      /^Hugepagesize: +2048 kB$/m,
      /^Hugetlb: +0 kB$/m,
    ),
  ],
  '06-panic-without-cause': [
    {
      line: 'boot FILE',
      code: 1,
      says: [
        /fpga@400000000 lies outside RAM .*RAM ends at 0x3fffffff\): cma_activate_area\(\) touches a struct page/,
      ],
    },
    { line: 'regions --board FILE', code: 1, says: [/^fpga@400000000 +0x400000000/m, /lies outside RAM/] },
    { line: 'boot FILE --json', code: 1, says: [/"region": "fpga@400000000"|lies outside RAM/] },
  ],
  '07-default-cma-failed': [
    step(
      'regions --board FILE --cmdline cma=2048M',
      /default CMA area of 2 GiB could not be had: the largest free run below the limit 0x[0-9a-f]+ is \d+ MiB at 0x/,
    ),
  ],
  '08-which-cells': [step('regions --board FILE', /\/reserved-memory has #size-cells 1, the root has 2/)],
  '09-no-ram-in-range': [
    {
      line: 'regions --board FILE',
      says: [/alloc-ranges 0x40000000\.\.0x5fffffff hold no RAM, which is 0x80000000\.\.0xbfffffff/],
      not: [/make it smaller/],
    },
  ],
  '10-reserved-by-whom': [
    step(
      'regions --board FILE --reserve initrd=0x9c400000:4M',
      /reserved already, by the initrd at 0x9c400000\.\.0x9c7fffff/,
    ),
  ],
  '11-banner-cma': [
    {
      line: 'boot FILE --cmdline cma=128M',
      says: [/CMA 128 MiB \(cma=\)/],
      not: [/CMA 32 MiB/],
    },
    {
      line: 'boot FILE --force --cmdline cma=0',
      says: [/CMA none/, /^1 heap: /m],
      not: [/CMA 32 MiB/, /1 heaps/],
    },
  ],
  '12-reserved-memory-below-bus': [
    step(
      'regions --board FILE',
      /\/fabric@0\/reserved-memory\/pl@30000000 is never scanned/,
      /memory-region points to 0x1/,
    ),
  ],
  '13-advice-noise': [
    {
      line: 'regions --board FILE',
      says: [/^plain reserved memory: .*vring0@90000000/m, /a vendor heap that Linux 7\.3\.4 does not have/],
      not: [/add .*shared-dma-pool/],
    },
  ],
  '14-bare-fragment': [
    step(
      'boot FILE --memory 0x40000000:1G',
      /assumed: "\/dts-v1\/;" is missing/,
      /assumed: wrapped in a root node/,
      /assumed: the root gets #address-cells = <2> and #size-cells = <2>, those of \/reserved-memory/,
      /^pool@50000000/m,
    ),
    { line: 'check FILE', code: 3, says: [/--repair/] },
  ],
  '15-dangling-label': [step('boot FILE', /assumed: &mailbox stubbed: .*memory does not depend on it/)],
  '16-missing-include': [
    step('boot FILE --memory 0:1G', /assumed: "system-conf\.dtsi" left out/, /^system/m),
  ],
  '17-dmesg-as-board': [
    {
      line: 'boot FILE',
      code: 3,
      says: [/is a kernel log, not a board/, /dmaheap reconstruct /],
      not: [/YAML/],
    },
    step('reconstruct FILE', /^linux,cma +cma +0x58000000 +131072K/m),
  ],
  '18-device-dma-alloc': [
    step('boot FILE'),
    step('device probe 1000.camera', /assigned reserved memory node pool@60000000/),
    step('device alloc 1000.camera 2M', /0x60000000 +2 MiB +CMA area pool@60000000/),
    step(
      'device alloc 1000.camera 3M',
      /pool@60000000: alloc failed, req-size: 768 pages/,
      /3 MiB, takes 4 MiB +page allocator/,
    ),
    {
      line: 'device alloc 1000.camera 8M',
      code: 1,
      says: [/ENOMEM/, /more than the page allocator has of any/],
    },
  ],
  '19-vendor-heaps': [
    step('boot FILE'),
    { line: 'alloc system-dma32 1M', code: 1, says: [/ENOENT/, /boot --vendor/] },
    step('boot FILE --force --vendor rockchip-5.10 --kernel 5.10', /^system-dma32 /m),
    step('alloc system-dma32 1M', /^4$/m),
  ],
  '20-config-options': [
    step('boot FILE --config DMA_CMA=n', /1 system, 0 CMA/),
    step(
      'dmesg --board INPUTS/24-size-beside-reg.dts --config DMA_CMA=n --kernel 6.18',
      /node frames compatible matching fail/,
    ),
    // From 7.2 on a handler that says "not mine" leaves plain reserved memory.
    {
      line: 'dmesg --board INPUTS/24-size-beside-reg.dts --config DMA_CMA=n',
      says: [/map reusable frames$/m],
      not: [/matching fail/, /created CMA/],
    },
    step('boot FILE --force --config ARM64_16K_PAGES=y', /16 KiB pages/, /32768K/),
    step('boot FILE --force --config ARCH_FORCE_MAX_ORDER=14', /unverified/),
    {
      line: 'boot FILE --force --config SWIOTLB=n',
      code: 3,
      says: [/CONFIG_SWIOTLB/, /on arm64 it is always y here/],
    },
  ],
  '21-older-kernel-text': [
    step('boot FILE --cmdline cma=32M'),
    {
      line: 'alloc default_cma_region 40M',
      code: 1,
      says: [/ret: -16/, /Linux up to 6\.12 has no line of a request larger than the area/],
    },
    step('boot FILE --force --cmdline cma=32M --kernel 6.6'),
    { line: 'alloc reserved 31M', says: [/^4$/m] },
    {
      line: 'alloc reserved 4M',
      code: 1,
      says: [/cma: cma_alloc: reserved: alloc failed, req-size: 1024 pages, ret: -12/],
    },
  ],
  '22-firmware-map': [
    step('boot FILE --reserve efi=0x9c400000:4M'),
    step('regions', /by efi at 0x9c400000\.\.0x9c7fffff/),
  ],
  '23-nomap-inside-cma': [
    step('boot FILE', /secmon@62000000 \(.*\) lies in the CMA area frames@60000000/),
    step('regions', /secmon@62000000/),
    step('alloc frames@60000000 32M', /^4$/m),
    {
      line: 'alloc frames@60000000 8M',
      code: 1,
      says: [/never returns/, /0x62000000/, /kills the caller/],
    },
  ],
  '24-size-beside-reg': [
    step(
      'boot FILE',
      /\.dts:15:4: warning: .*size \(128 MiB\), alloc-ranges beside reg are ignored: .* 8 MiB at 0x50000000/,
    ),
    step('regions', /^frames +0x50000000 +8M/m),
  ],
  '25-unit-address-elsewhere': [
    step('boot FILE', /name of frames@50000000 says 0x50000000, but .* at 0x[0-9a-f]+ here/),
    step('regions', /says 0x50000000/),
  ],
  '26-ignored-parameter': [
    {
      line: "boot FILE --cmdline 'crashkernel=128M cma=64M'",
      says: [/crashkernel=128M .*is ignored here/],
      not: [/cma=64M .*ignored/],
    },
    step(
      "boot FILE --force --json --cmdline 'crashkernel=128M cma=64M'",
      /"warnings": \[[^\]]*crashkernel=128M/,
    ),
    ...[
      'hugepages=8',
      'hugetlb_cma=1G',
      'memmap=1M$1G',
      'movablecore=1G',
      'kernelcore=1G',
      'swiotlb=1',
      'numa=off',
    ].map((word) =>
      step(
        `boot FILE --force --cmdline '${word}'`,
        new RegExp(`${word.replace('$', '\\$')} on the command line .*is ignored here`),
      ),
    ),
  ],
};

const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

describe('what reporters gave', () => {
  const files = readdirSync(INPUTS);

  it('has a row for each', () => {
    expect(files.map((file) => file.replace(/\.\w+$/, '')).sort()).toEqual(Object.keys(ROWS).sort());
  });

  it.each(Object.entries(ROWS))('%s', async (name, steps) => {
    const file = join(INPUTS, files.find((one) => one.startsWith(`${name}.`)) ?? name);
    const session = join(place, name);
    for (const { line, code = 0, says, not = [] } of steps) {
      const args = words(line).map((word) => (word === 'FILE' ? file : word.replace(/^INPUTS/, INPUTS)));
      const own = args.includes('--board') || args[0] === 'check' ? [] : ['--session', session];
      const answer = await dmaheap([...args, ...own]);
      const text = `${answer.stdout}\n${answer.stderr}`;
      expect(answer.code, `${line}\n${text}`).toBe(code);
      for (const pattern of says) expect(text, line).toMatch(pattern);
      for (const pattern of not) expect(text, line).not.toMatch(pattern);
    }
  });
});
