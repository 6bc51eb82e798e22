/**
 * Commands of the built command that get a signal at some time. After each the session is whole and is as
 * it was before the command, or as a twin of it where the same command ran to its end. Used by the suite
 * for a few and by `npm run soak -- commands-killed` for hundreds.
 *
 * The session itself is never opened by this process: closing it would put the log away that a killed
 * command has left. What is looked at is a copy.
 */
import { rmSync } from 'node:fs';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { checkSession } from '../../src/session/check-session.ts';
import { openSession } from '../../src/session/local-session.ts';
import type { SessionView } from '../../src/session/session.ts';
import type { Random } from '../fuzz/random.ts';
import { PAGE_SIZE, pfnPhys } from '../pages.ts';
import { type Answer, BOARD, BuiltCommand } from './built-command.ts';
import { at } from './camera-board.ts';
import { copySession } from './damage-store.ts';
import { observe } from './random-calls.ts';

export const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const HEAPS = ['system', 'vpu-pool@50000000', 'default_cma_region', 'video-cma@60000000'] as const;
/** More are freed again. */
const BUFFERS = 12;

interface Command {
  readonly words: readonly string[];
  readonly input: Uint8Array | string;
}

interface State {
  /** All that can be seen but bytes and the time of day. */
  readonly seen: string;
  /** The bytes of each buffer, by inode number. */
  readonly bytes: ReadonlyMap<number, Uint8Array>;
  readonly fds: readonly number[];
  readonly tasks: readonly string[];
}

interface Done extends Pick<Answer, 'code' | 'took'> {
  readonly state: State;
}

export class KilledCommands {
  readonly #dir: string;
  readonly #node: string | undefined;
  readonly #random: Random;
  #state: State | undefined;
  /** What was seen so far: commands by how they ended, and killed ones by what they left. */
  readonly counts = { commands: 0, answered: 0, killed: 0, before: 0, after: 0, noChange: 0 };

  constructor(dir: string, random: Random, node?: string) {
    this.#dir = dir;
    this.#random = random;
    this.#node = node;
  }

  async boot(): Promise<void> {
    await new BuiltCommand(this.#dir, this.#node).must('boot', BOARD);
    this.#state = this.#look();
  }

  /**
   * Runs a random command that gets `signal` when so many percent of the time are over that its twin took; where
   * none are given, about when the twin was done, which is where it commits.
   */
  async kill(signal: NodeJS.Signals, percent = 60 + this.#random.below(50)): Promise<void> {
    if (this.#state === undefined) throw new Error('boot first');
    const before = this.#state;
    const { words, input } = this.#choose(before);
    const done = await this.#onTwin(words, input);
    const after = Math.round((done.took * percent) / 100);
    const what = `${words.join(' ')}, ${signal} after ${after} ms`;
    const answer = await new BuiltCommand(this.#dir, this.#node).run(words, input, { signal, after });
    const now = this.#look(what);
    this.#state = now;
    this.#judge(what, answer, before, done, now);
  }

  /** What the command does when nobody disturbs it. */
  async #onTwin(words: readonly string[], input: Uint8Array | string): Promise<Done> {
    const twin = `${this.#dir}.twin`;
    copySession(this.#dir, twin);
    try {
      const { code, err, took } = await new BuiltCommand(twin, this.#node).run(words, input);
      if (code !== 0 && code !== 1) throw new Error(`${words.join(' ')}: exit ${code}: ${err}`);
      return { state: stateOf(twin), code, took };
    } finally {
      rmSync(twin, { recursive: true });
    }
  }

  #look(what = 'boot'): State {
    const copy = `${this.#dir}.copy`;
    copySession(this.#dir, copy);
    try {
      const problems = checkSession(at(copy));
      if (problems.length > 0) throw new Error(`${what}: the session is not whole: ${problems.join('; ')}`);
      return stateOf(copy);
    } finally {
      rmSync(copy, { recursive: true });
    }
  }

  #judge(what: string, { code, signal, out, err }: Answer, before: State, done: Done, now: State): void {
    const after = done.state;
    const isAfter = now.seen === after.seen;
    if (!isAfter && now.seen !== before.seen) {
      throw new Error(
        `${what}: neither as before nor as after it:\n${before.seen}\n${now.seen}\n${after.seen}`,
      );
    }
    this.counts.commands++;
    // 130: it noticed Ctrl-C between two slices, and ended by itself.
    const wasKilled = signal !== null || code === 130;
    if (!wasKilled && code !== done.code) throw new Error(`${what}: exit ${code}: ${err}`);
    // An answer is printed when all is committed, also where the process dies of the signal afterwards.
    if ((!wasKilled || out !== '') && !isAfter) throw new Error(`${what}: it answered, and nothing happened`);
    if (wasKilled) this.counts.killed++;
    else this.counts.answered++;
    if (wasKilled) {
      if (before.seen === after.seen) this.counts.noChange++;
      else if (isAfter) this.counts.after++;
      else this.counts.before++;
    }
    compareBytes(what, now, after, isAfter ? undefined : before);
  }

  #choose({ fds, tasks }: State): Command {
    const random = this.#random;
    const fd = String(fds.length === 0 ? 4 : random.pick(fds));
    const task = `t${random.below(1000)}`;
    const command = (...words: string[]): Command => ({ words, input: '' });
    const what = random.below(100);
    if (fds.length === 0 || (what < 30 && fds.length < BUFFERS)) {
      const words = ['alloc', random.pick(HEAPS), String(4096 * (1 + random.below(64)))];
      if (random.oneIn(4)) words.push('--count', String(2 + random.below(3)));
      return random.oneIn(8) ? command('--task', task, ...words) : command(...words);
    }
    if (what < 46) {
      const more = fds.map(String).filter((other) => other !== fd);
      return command('free', fd, ...(random.oneIn(3) ? more.slice(0, 2) : []));
    }
    if (what < 58) return command('fill', fd, String(random.below(256)));
    if (what < 68) return { words: ['write', `${fd}:0`], input: random.bytes(1 + random.below(4096)) };
    if (what < 72) return command('dump', `${fd}:0:64`);
    if (what < 76) return command('name', fd, `name${random.below(100)}`);
    if (what < 80) return command('mmap', fd);
    if (what < 84) return command('task', 'fork', task);
    if (what < 87) return command('task', 'send', fd, tasks.at(-1) ?? 'shell');
    if (what < 91) return command('task', 'exit', tasks.at(-1) ?? 'shell');
    if (what < 94) return command('sync', fd, '--start', '--read');
    if (what < 96) return command('sleep', '1');
    return what < 98 ? command('reboot', '--force') : command('session', 'compact');
  }
}

function stateOf(dir: string): State {
  const session = openSession(at(dir));
  try {
    const { generation, calls, entries } = session.info();
    return session.view((kernel, { journal, memory }) => {
      const tail = journal(Math.max(0, entries - 20)).map((entry) => ({ ...entry, time: 0 }));
      const tasks = kernel.tasks();
      const seen = { generation, calls, entries, tail, tasks, kernel: observe(kernel) };
      const shells = kernel.buffers().flatMap(({ fds }) => fds.filter(({ task }) => task === 'shell'));
      return {
        seen: JSON.stringify(seen, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
        bytes: bytesOf(kernel, memory),
        fds: shells.map(({ fd }) => fd),
        tasks: tasks.map(({ name }) => name),
      };
    });
  } finally {
    session.close();
  }
}

function bytesOf(kernel: Kernel, memory: SessionView['memory']): Map<number, Uint8Array> {
  return new Map(
    kernel.buffers().map(({ ino, sgTable }) => {
      const parts = sgTable.map(({ pfn, pages }) => {
        const part = new Uint8Array(pages * PAGE_SIZE);
        memory.read(pfnPhys(pfn), part);
        return part;
      });
      return [ino, new Uint8Array(Buffer.concat(parts))];
    }),
  );
}

/** Each byte is as after the command; where that did not happen, as before or as it was about to be. */
function compareBytes(what: string, now: State, after: State, before: State | undefined): void {
  for (const [ino, found] of now.bytes) {
    const next = after.bytes.get(ino);
    const last = before?.bytes.get(ino);
    const wrong = found.findIndex((byte, i) => byte !== next?.[i] && byte !== last?.[i]);
    if (wrong >= 0) {
      throw new Error(
        `${what}: byte ${wrong} of buffer ${ino} is ${found[wrong]}, not ${last?.[wrong]} or ${next?.[wrong]}`,
      );
    }
  }
}
