import { describe, expect, test } from 'vitest';
import { adviceError } from '../../src/kernel/advice.ts';
import { linuxVersion } from '../../src/profile/kernels.ts';

const DONTNEED = 4;
const FREE = 8;
const REMOVE = 9;
const DONTFORK = 10;
const DODUMP = 17;
const WIPEONFORK = 18;
const POPULATE_WRITE = 23;
const DONTNEED_LOCKED = 24;
const HWPOISON = 100;

const linux = (release: string) => linuxVersion(release) ?? expect.unreachable();

const frames = { frames: true, sharesStores: true };
const pages = { frames: false, sharesStores: true };

describe('madvise on a mapping of a buffer', () => {
  test('frames have no pages to advise on', () => {
    for (const advice of [DONTNEED, DODUMP, POPULATE_WRITE]) {
      expect(adviceError(advice, frames, linux('7.3.4'))).toBe('EINVAL');
      expect(adviceError(advice, pages, linux('6.6.63'))).toBeUndefined();
    }
    expect(adviceError(DONTFORK, frames, linux('7.3.4'))).toBeUndefined();
  });

  test('what is for anonymous memory, unknown, or injects errors', () => {
    for (const advice of [FREE, WIPEONFORK, HWPOISON, 7, -1]) {
      expect(adviceError(advice, pages, linux('6.6.63'))).toBe('EINVAL');
    }
    const known = [POPULATE_WRITE, DONTNEED_LOCKED].map((advice) =>
      ['5.10', '5.15', '6.1'].map((release) => adviceError(advice, pages, linux(release)) === undefined),
    );
    expect(known).toEqual([
      [false, true, true],
      [false, false, true],
    ]);
  });

  test('a buffer has no holes to punch', () => {
    expect(adviceError(REMOVE, frames, linux('7.3.4'))).toBe('ENODEV');
    expect(adviceError(REMOVE, { ...frames, sharesStores: false }, linux('7.3.4'))).toBe('EACCES');
  });
});
