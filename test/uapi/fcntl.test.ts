import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOpenFlags, O_CLOEXEC, O_RDWR, O_WRONLY, parseOpenFlags } from '../../src/uapi/fcntl.ts';

describe('open flags as text', () => {
  it('reads names and numbers', () => {
    expect(parseOpenFlags('O_RDWR|O_CLOEXEC')).toBe(O_RDWR | O_CLOEXEC);
    expect(parseOpenFlags('o_wronly, o_cloexec')).toBe(O_WRONLY | O_CLOEXEC);
    expect(parseOpenFlags('0x80002')).toBe(O_RDWR | O_CLOEXEC);
    expect(parseOpenFlags('3')).toBe(3);
    expect(parseOpenFlags('0xffffffff')).toBe(0xffffffff);
  });

  it.each(['', 'O_RDWR|', 'O_CREAT', '-1', '0x100000000', 'toString'])('refuses %j', (text) => {
    expect(parseOpenFlags(text)).toBeUndefined();
  });

  it('prints names, and unknown bits in hexadecimal', () => {
    expect(formatOpenFlags(O_RDWR | O_CLOEXEC)).toBe('O_RDWR|O_CLOEXEC');
    expect(formatOpenFlags(3)).toBe('O_ACCMODE');
    expect(formatOpenFlags(0x80000000)).toBe('O_RDONLY|0x80000000');
  });

  it('reads back what it prints of known flags', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2), fc.boolean(), (mode, cloexec) => {
        const flags = mode | (cloexec ? O_CLOEXEC : 0);
        expect(parseOpenFlags(formatOpenFlags(flags))).toBe(flags);
      }),
    );
  });
});
