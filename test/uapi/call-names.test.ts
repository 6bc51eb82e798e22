import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flagNames, formatFlags, parseFlags as parse } from '../../src/profile/open-flag-words.ts';
import { architectureNames, openFlagsOf } from '../../src/profile/profile.ts';
import { parseNumber, parseU64 } from '../../src/uapi/call-names.ts';
import { O_CLOEXEC, O_CREAT, O_RDWR, O_WRONLY } from '../../src/uapi/fcntl.ts';

describe('numbers as C writes them', () => {
  it.each([
    ['10', 10],
    ['010', 8],
    ['0x10', 16],
    ['0', 0],
    ['4294967295', 0xffffffff],
    ['', undefined],
    ['08', undefined],
    ['1K', undefined],
    ['4294967296', undefined],
  ])('%j is %s', (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  it('has 64 bits of a word', () => {
    const most = (1n << 64n) - 1n;
    for (const text of ['0xffffffffffffffff', '18446744073709551615', `0${most.toString(8)}`])
      expect(parseU64(text)).toBe(most);
    for (const text of ['18446744073709551616', '0x10000000000000000', `0${(most + 1n).toString(8)}`, '-1'])
      expect(parseU64(text)).toBeUndefined();
  });
});

const parseFlags = (text: string, arch = 'arm64') => parse(text, openFlagsOf(arch));

describe('open flags as text', () => {
  it('reads names and numbers', () => {
    expect(parseFlags('O_RDWR|O_CLOEXEC')).toBe(O_RDWR | O_CLOEXEC);
    expect(parseFlags('o_wronly, o_cloexec')).toBe(O_WRONLY | O_CLOEXEC);
    expect(parseFlags('0x80002')).toBe(O_RDWR | O_CLOEXEC);
    expect(parseFlags('3')).toBe(3);
    expect(parseFlags('0xffffffff')).toBe(0xffffffff);
    expect(parseFlags('O_CREAT')).toBe(O_CREAT);
  });

  it('reads what fcntl.h and /proc have, octal, as octal', () => {
    expect(parseFlags('02000002')).toBe(O_RDWR | O_CLOEXEC);
  });

  it.each(['', 'O_RDWR|', 'O_NOPE', '-1', '0x100000000', 'toString'])('refuses %j', (text) => {
    expect(parseFlags(text)).toBeUndefined();
  });

  it('prints names, and unknown bits in hexadecimal', () => {
    expect(formatFlags(O_RDWR | O_CLOEXEC)).toBe('O_RDWR|O_CLOEXEC');
    expect(formatFlags(3)).toBe('O_ACCMODE');
    expect(formatFlags(0x80000000)).toBe('O_RDONLY|0x80000000');
    expect(flagNames(0x80000002)).toEqual(['O_RDWR', '0x80000000']);
  });

  it('reads back what it prints of known flags', () => {
    const known = ['O_CREAT', 'O_EXCL', 'O_TRUNC', 'O_APPEND', 'O_NONBLOCK', 'O_DIRECT', 'O_CLOEXEC'];
    fc.assert(
      fc.property(fc.constantFrom('O_RDONLY', 'O_WRONLY', 'O_RDWR'), fc.subarray(known), (mode, names) => {
        const flags = parseFlags([mode, ...names].join('|')) ?? -1;
        expect(parseFlags(formatFlags(flags, openFlagsOf('arm64')))).toBe(flags);
      }),
    );
  });

  it('has for each architecture the numbers of its headers', () => {
    const numbers = (arch: string) =>
      ['O_DIRECTORY', 'O_NOFOLLOW', 'O_DIRECT', 'O_LARGEFILE'].map((word) => parseFlags(word, arch));
    // arch/arm/ and arch/arm64/include/uapi/asm/fcntl.h; the others have include/uapi/asm-generic/fcntl.h.
    const own = [0o40000, 0o100000, 0o200000, 0o400000];
    const generic = [0o200000, 0o400000, 0o40000, 0o100000];
    expect(architectureNames().map((arch) => [arch, numbers(arch)])).toEqual([
      ['arm64', own],
      ['arm', own],
      ['riscv64', generic],
      ['x86_64', generic],
    ]);
    for (const arch of architectureNames()) {
      const all = parseFlags('O_RDWR|O_DIRECTORY|O_NOFOLLOW|O_DIRECT|O_LARGEFILE', arch) ?? 0;
      expect(flagNames(all, openFlagsOf(arch))).toEqual([
        'O_RDWR',
        'O_DIRECTORY',
        'O_NOFOLLOW',
        'O_DIRECT',
        'O_LARGEFILE',
      ]);
    }
  });
});
