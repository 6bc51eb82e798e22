import { expect, test } from 'vitest';
import { exitCode } from '../../src/cli/exit-code.ts';
import { BootPanic, CallFailed, UnreadableInput, UsageError } from '../../src/cli/failures.ts';
import { ClosedPipe, UnwritableOutput } from '../../src/cli/terminal/streams.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { NotModelled } from '../../src/dma-buf/not-modelled.ts';
import { SessionError } from '../../src/session/session-error.ts';

/** An error of the same name from another bundle, which has a class of its own. */
const named = (name: string) => Object.assign(new Error('x'), { name });

test.each([
  [0, undefined],
  [0, new ClosedPipe()],
  [1, new CallFailed([{ what: 'alloc', errno: 'ENOMEM' }])],
  [1, new BootPanic({ panic: 'died', warnings: [] }, [])],
  [1, new NotModelled('this')],
  [2, new UsageError('no')],
  [3, new UnreadableInput('file-empty', 'a', 'a: empty')],
  [3, new InvalidInput([])],
  [3, named('InvalidInput')],
  [4, new SessionError('session-missing', 'none')],
  [4, new UnwritableOutput('ENOSPC: no space left on device')],
  [70, new Error('a bug')],
  [70, new TypeError('a bug')],
  [70, named('constructor')],
  [70, 'a string'],
  [70, null],
])('exit %i for %o', (code, thrown) => {
  expect(exitCode(thrown)).toBe(code);
});
