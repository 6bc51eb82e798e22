import { describe, expect, test } from 'vitest';
import { adviceError } from '../../src/kernel/advice.ts';

const DONTNEED = 4;
const FREE = 8;
const REMOVE = 9;
const DONTFORK = 10;
const DODUMP = 17;
const WIPEONFORK = 18;
const POPULATE_WRITE = 23;
const HWPOISON = 100;

const frames = { frames: true, sharesStores: true };
const pages = { frames: false, sharesStores: true };

describe('madvise on a mapping of a buffer', () => {
  test('frames have no pages to advise on', () => {
    for (const advice of [DONTNEED, DODUMP, POPULATE_WRITE]) {
      expect(adviceError(advice, frames, '7.3.4')).toBe('EINVAL');
      expect(adviceError(advice, pages, '6.6.63')).toBeUndefined();
    }
    expect(adviceError(DONTFORK, frames, '7.3.4')).toBeUndefined();
  });

  test('what is for anonymous memory, unknown, or injects errors', () => {
    for (const advice of [FREE, WIPEONFORK, HWPOISON, 7, -1]) {
      expect(adviceError(advice, pages, '6.6.63')).toBe('EINVAL');
    }
    expect(adviceError(POPULATE_WRITE, pages, '5.10.262')).toBe('EINVAL');
  });

  test('a buffer has no holes to punch', () => {
    expect(adviceError(REMOVE, frames, '7.3.4')).toBe('ENODEV');
    expect(adviceError(REMOVE, { ...frames, sharesStores: false }, '7.3.4')).toBe('EACCES');
  });
});
