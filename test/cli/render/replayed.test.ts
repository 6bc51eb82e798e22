import { expect, it } from 'vitest';
import { renderReplayed } from '../../../src/cli/render/replayed.ts';

it('what became of a log is one line', () => {
  expect(renderReplayed({ calls: 1, torn: 0 })).toBe(
    "note: the session's server was killed: 1 call was replayed from its log\n",
  );
  expect(renderReplayed({ calls: 20, torn: 7 })).toBe(
    "note: the session's server was killed: 20 calls were replayed from its log; " +
      'the last one, which was not answered, was cut off\n',
  );
  expect(renderReplayed({ ignored: true })).toMatch(/^note: .* it was not used\n$/);
});
