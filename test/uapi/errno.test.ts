import { describe, expect, it } from 'vitest';
import { errnoNumber, strerror } from '../../src/uapi/errno.ts';

describe('errno', () => {
  it('has the numbers of Linux, not of the host', () => {
    expect(errnoNumber('EINTR')).toBe(4);
    expect(errnoNumber('EAGAIN')).toBe(11);
    expect(errnoNumber('ENOMEM')).toBe(12);
    expect(errnoNumber('EMFILE')).toBe(24);
    expect(errnoNumber('EOVERFLOW')).toBe(75);
    expect(errnoNumber('EOPNOTSUPP')).toBe(95);
  });

  it('has the texts of strerror()', () => {
    expect(strerror('ENOMEM')).toBe('Cannot allocate memory');
    expect(strerror('EBADF')).toBe('Bad file descriptor');
  });
});
