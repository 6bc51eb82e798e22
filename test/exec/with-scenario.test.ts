/** A scenario beside a program: its steps come between the program's calls, and wait for them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { loadScenario } from '../../src/cli/exec/load-scenario.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import { MESSAGE } from '../../src/exec/protocol.ts';
import { compileScenario, readScenario, runScenario } from '../../src/scenario/index.ts';
import {
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_WRITE,
  encodeDmaBufSync,
} from '../../src/uapi/dma-buf.ts';
import { cameraInputs } from '../session/camera-board.ts';
import { Carrier, DEVICE_STEPS, TestServer, TOKEN } from './carrier.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-with-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function scenarioFile(steps: string): string {
  const file = join(directory, `device-${++files}.yaml`);
  writeFileSync(file, `board: none.dts\nsteps:\n${steps}`);
  return file;
}

/** Turns of the event loop, in which an answer comes that was not there at once. */
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

class Run {
  readonly server = new TestServer({}, { scenario: loadScenario });
  readonly watcher = new Carrier(this.server);
  readonly program = new Carrier(this.server);

  async start(steps: string): Promise<unknown> {
    this.#watch({ token: TOKEN, watch: 1, task: 'app' });
    const file = scenarioFile(steps);
    this.watcher.ask(MESSAGE.WATCH, (fields) => fields.str(JSON.stringify({ with: file })));
    for (let i = 0; i < 200 && this.watcher.told.length === 0; i++) await soon();
    this.program.hello();
    this.program.open('/dev/dma_heap/system', 3);
    // After the header and `ret`: a length and the words.
    return JSON.parse(this.watcher.told[0]?.toString('utf8', 24) ?? '');
  }

  sync(fd: number, flags: number): number {
    return this.program.ioctl(fd, DMA_BUF_IOCTL_SYNC, encodeDmaBufSync(flags)).ret;
  }

  get scenario(): { readonly verdict: string; readonly text: string } {
    return this.#watch({ summary: true }).scenario;
  }

  get attachments(): readonly string[] {
    return this.server.session.view((kernel) =>
      kernel.buffers().flatMap(({ attachments }) => attachments.map(({ device }) => device)),
    );
  }

  // biome-ignore lint/suspicious/noExplicitAny: what is there is what the test expects
  #watch(words: unknown): any {
    const { fields } = this.watcher.get(MESSAGE.WATCH, (ask) => ask.str(JSON.stringify(words)));
    return JSON.parse(fields.str());
  }
}

describe('a scenario beside a program', () => {
  it('makes the steps of a device when the program has come so far', async () => {
    const run = new Run();
    expect(await run.start(DEVICE_STEPS)).toEqual({});
    run.program.alloc(3, 4096, 4);
    expect(run.attachments).toEqual([]);
    run.program.alloc(3, 8192, 5);
    expect(run.attachments).toEqual(['cam']);
    run.sync(5, DMA_BUF_SYNC_WRITE);
    run.sync(5, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
    const bytes = (): number[] => {
      const into = new Uint8Array(2);
      run.server.session.view((kernel, { memory }) => memory.read(kernel.physOf('app', 5) ?? 0n, into));
      return [...into];
    };
    expect(bytes()).toEqual([0, 0]);
    expect(run.scenario.verdict).toBe('unfinished');
    run.sync(5, DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE);
    expect(bytes()).toEqual([9, 9]);
    run.sync(5, DMA_BUF_SYNC_READ);
    expect(run.attachments).toEqual([]);
    expect(run.scenario.verdict).toBe('passed');
    run.server.close();
  });

  it('fails where a step fails, and the program goes on', async () => {
    const run = new Run();
    await run.start('  - await: { heap: system }\n    as: b\n  - attach: { fd: b, device: nobody }\n');
    expect(run.program.alloc(3, 4096, 4).ret).toBe(0);
    expect(run.program.close(4)).toBe(0);
    expect(run.scenario).toMatchObject({ verdict: 'failed' });
    run.server.close();
  });

  it('takes each buffer once, by its name where it has one', async () => {
    const run = new Run();
    await run.start(
      '  - await: { heap: system }\n    as: a\n    expect: { fd: 4 }\n  - await: { heap: system }\n    as: b\n    expect: { fd: 6 }\n',
    );
    for (const fd of [4, 6]) run.program.alloc(3, 4096, fd);
    expect(run.scenario.verdict).toBe('passed');
    run.server.close();
  });

  it('is told what is wrong with it', async () => {
    const run = new Run();
    const answer = await run.start('  - await: { sync: nothing, end: true }\n');
    expect(answer).toMatchObject({ error: { code: 'exec-scenario' } });
    run.server.close();
  });
});

describe('await without a program', () => {
  it('says so at once', () => {
    const { board, file } = cameraInputs();
    const source = readScenario('board: x.dts\nsteps:\n  - await: { heap: system }\n', 'alone.yaml');
    const given = { readFile: () => new Uint8Array(), readConfig: () => '' };
    const prepared = compileScenario(source, boardFromTree(decodeDtb(board, file), file), given as never);
    const { verdict, failures } = runScenario(prepared);
    expect(verdict).toBe('failed');
    expect(JSON.stringify(failures[0]?.mismatches)).toContain('exec --with');
  });
});
