/** Runs the built command as users do: each time a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from './camera-board.ts';

const BIN = `${ROOT}/bin/dmaheap.cjs`;
export const BOARD = `${ROOT}/fixtures/boards/camera-soc.dtb`;

export interface Answer {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
  /** From the start of the process to its end, in milliseconds. */
  readonly took: number;
}

export interface Kill {
  readonly signal: NodeJS.Signals;
  /** Milliseconds after its start. */
  readonly after: number;
}

/** The command on one session, run by one Node. */
export class BuiltCommand {
  readonly #node: string;
  readonly #session: string;

  /** @param node the executable; by default the one that runs this */
  constructor(session: string, node: string = process.execPath) {
    this.#node = node;
    this.#session = session;
  }

  async run(words: readonly string[], input: Uint8Array | string = '', kill?: Kill): Promise<Answer> {
    const begin = performance.now();
    const child = spawn(this.#node, [BIN, '--session', this.#session, ...words]);
    const timer = kill && setTimeout(() => child.kill(kill.signal), kill.after);
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => {
      out += String(data);
    });
    child.stderr.on('data', (data) => {
      err += String(data);
    });
    // One that is killed, or wants no input, does not read it.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    clearTimeout(timer);
    return { code, signal, out, err, took: performance.now() - begin };
  }

  /** Runs what must succeed. @returns its standard output */
  async must(...words: string[]): Promise<string> {
    const { code, signal, out, err } = await this.run(words);
    if (code !== 0) throw new Error(`dmaheap ${words.join(' ')}: exit ${code ?? signal}: ${err}`);
    return out;
  }
}
