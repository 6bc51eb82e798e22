/** The architecture that a log tells without naming it, and prefixes of lines. */
import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/reconstruct/line.ts';
import { rebuilt } from './rebuilt.ts';

const RAM = '[    0.000000]   node   0: [mem 0x0000000040000000-0x000000007fffffff]';
const archOf = (...lines: string[]) =>
  rebuilt([{ file: 'dmesg.txt', text: [...lines, RAM].join('\n') }]).kernel.profile.architecture.name;

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
