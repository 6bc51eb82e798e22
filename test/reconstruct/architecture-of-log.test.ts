/** The architecture that a log tells without naming it, and prefixes of lines. */
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/reconstruct/line.ts';
import { rebuilt } from './rebuilt.ts';

const RAM = '[    0.000000]   node   0: [mem 0x0000000040000000-0x000000007fffffff]';
const archOf = (...lines: string[]) =>
  rebuilt([{ file: 'dmesg.txt', text: [...lines, RAM].join('\n') }]).kernel.profile.arch.name;

describe('the architecture of a log', () => {
  it.each([
    [
      'x86_64',
      '[    0.000000] Linux version 6.1.0-21-amd64 (debian-kernel@lists.debian.org) (gcc-12) #1 SMP',
    ],
    ['x86_64', '[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000007ffdffff] usable'],
    ['x86_64', '[    0.000000] BIOS-provided physical RAM map:'],
    ['arm', '[    0.000000] Linux version 5.15.32-v7l+ (dom@buildbot) (gcc-8) #1538 SMP'],
    ['arm', '[    0.000000] CPU: ARMv7 Processor [410fd083] revision 3 (ARMv7), cr=30c5383d'],
    ['arm', '[    0.000000] Linux version 6.12.9-armmp-lpae (gcc) #1'],
    ['arm64', '[    0.000000] Booting Linux on physical CPU 0x0000000000 [0x410fd034]'],
    ['arm64', '[    0.000000] Linux version 6.6.31+rpt-rpi-v8 (serge) (gcc) #1 SMP'],
    ['riscv64', '[    0.000000] SBI specification v2.0 detected'],
  ])('is %s by: %s', (arch, line) => {
    expect(archOf(line)).toBe(arch);
  });

  it('takes x86’s first line of the command line too', () => {
    const { findings } = rebuilt([
      {
        file: 'dmesg.txt',
        text: `[    0.000000] Linux version 6.12.9-amd64 (gcc)\n[    0.000000] Command line: cma=64M quiet\n${RAM}`,
      },
    ]);
    expect(findings.map(({ message }) => message).join('\n')).not.toMatch(/command line/);
  });
});

it.each([
  '6,100,0,-;Zone ranges:',
  '4,5123,81234567,-,caller=T1;Zone ranges:',
  '<6>[    0.000000][    T0] Zone ranges:',
])('takes the prefix off %s', (line) => {
  expect(messageOf(line)).toBe('Zone ranges:');
});

describe('a zone whose line is lost', () => {
  const area = (at: string, size: string) => [
    `[    0.000000] Reserved memory: created CMA memory pool at ${at}, size ${size}`,
    `[    0.000000] OF: reserved mem: initialized node cam, compatible id shared-dma-pool`,
  ];
  const zone = '[    0.000000]   DMA      [mem 0x0000000040000000-0x000000006fffffff]';
  const ramOf = (...lines: string[]) =>
    rebuilt([
      {
        file: 'dmesg.txt',
        text: ['[    0.000000] Linux version 6.12.118 (aarch64-linux-gnu-gcc)', ...lines].join('\n'),
      },
    ]);

  it('is RAM where the log has a CMA area: the kernel lived, and it is told', () => {
    const { kernel, findings } = ramOf(...area('0x000000007e000000', '32 MiB'), zone);
    expect(kernel.cmaAreas().map(({ name }) => name)).toContain('cam');
    expect(findings.map(({ code }) => code)).toContain('ram-by-areas');
  });

  it('is so for the default area', () => {
    const { findings } = ramOf('[    0.000000] cma: Reserved 64 MiB at 0x000000007c000000', zone);
    expect(findings.find(({ code }) => code === 'ram-by-areas')?.taken).toBe(
      'RAM there too, up to 0x7fffffff; --memory BASE:SIZE says better',
    );
  });

  it('is not assumed of an area that only reaches out of RAM within a section', () => {
    const { findings } = ramOf(...area('0x000000005e000000', '32 MiB'), zone.replace('6fffffff', '5effffff'));
    expect(findings.map(({ code }) => code)).not.toContain('ram-by-areas');
  });

  it('is not assumed of a log that ends in a panic, which is explained instead', () => {
    expect(() =>
      ramOf(
        ...area('0x000000007e000000', '32 MiB'),
        zone,
        '[    0.5] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b',
      ),
    ).toThrow(/kill init/);
  });
});

it('takes 32 bits for arm by the addresses, unless a line names another', () => {
  const lines = [
    '[    0.000000] cma: Reserved 64 MiB at 0x7c000000',
    '[    0.000000]   Normal   [mem 0x0000000040000000-0x000000006fffffff]',
  ];
  expect(archOf(...lines)).toBe('arm');
  expect(archOf('[    0.000000] Linux version 6.12.118 (aarch64-linux-gnu-gcc)', ...lines)).toBe('arm64');
});

it('x86’s first command line is no contradiction to the whole one', () => {
  const { findings } = rebuilt([
    {
      file: 'dmesg.txt',
      text: `[    0.000000] Linux version 6.12.9-amd64 (gcc)\n[    0.000000] Command line: quiet\n[    0.1] Kernel command line: mitigations=auto quiet\n${RAM}`,
    },
  ]);
  expect(findings.filter(({ code }) => code === 'two-command-lines')).toEqual([]);
});
