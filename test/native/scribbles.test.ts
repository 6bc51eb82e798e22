/** A program that writes to its carrier's connection: it harms itself alone. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { compile } from './native-programs.ts';
import { dmaheap, freshDirectory, freshSession } from './run-exec.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const program = (name: string): string => compile(projectPath(`test/native/programs/${name}.c`));

it.each(['noise', 'frame', 'half', 'flood'])(
  '%s: its next call is EIO; the server, its memory and another program go on',
  async (how) => {
    const session = await freshSession(BOARD);
    const exec = (...words: readonly string[]) => dmaheap(['exec', '--session', session, '--', ...words]);
    const socket = join(freshDirectory(), 'socket');
    // The two of the exchange are there before, and end after.
    const gives = exec(program('passes'), 'give', socket);
    const scribbles = await exec(program('scribbles'), how);
    expect(scribbles).toMatchObject({ code: 0, stdout: 'next: Input/output error\nmemory: still here\n' });
    expect(await exec(program('passes'), 'take', socket)).toMatchObject({
      code: 0,
      stdout: 'taken: a frame, 65536 bytes\n',
    });
    expect(await gives).toMatchObject({ code: 0, stdout: 'answered: thank you\n' });
    const { stdout } = await dmaheap(['--session', session, 'leaks', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ buffers: [] });
    expect(await dmaheap(['--session', session, 'session', 'check'])).toMatchObject({ code: 0 });
  },
);
