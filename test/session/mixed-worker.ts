/**
 * One of many who run commands on a session at once. It has a task of its own, works as the shared
 * `shell` as well, and knows what its buffers hold: nobody else writes to them.
 */
import type { Random } from '../fuzz/random.ts';
import type { Answer, BuiltCommand } from './built-command.ts';
import { type Descriptor, listedBuffers, type MixedModel, nameOf, type OwnBuffer } from './mixed-model.ts';

const HEAPS = ['system', 'vpu-pool@50000000', 'default_cma_region', 'video-cma@60000000'] as const;
/** So many descriptors fit into every task and heap, whatever the others have. */
const MOST = 12;
const HEAD = 16;
/** The shell, where descriptors of all workers lie side by side. */
const SHARED = 'shell';

/** What a worker tells of each command. */
export type Report = (words: readonly string[], answer: Answer, isExpected: boolean) => void;

export class MixedWorker {
  readonly #task: string;
  readonly #command: BuiltCommand;
  readonly #model: MixedModel;
  readonly #random: Random;
  readonly #report: Report;
  #mine: Descriptor[] = [];
  #hasBegun = false;
  /** Its own task and the children of that: all that only this worker changes. */
  readonly #tasks: string[];

  constructor(number: number, command: BuiltCommand, model: MixedModel, random: Random, report: Report) {
    this.#task = `w${number}`;
    this.#tasks = [this.#task];
    this.#command = command;
    this.#model = model;
    this.#random = random;
    this.#report = report;
  }

  /** Runs one command, and looks at its answer. */
  async step(): Promise<void> {
    if (!this.#hasBegun) {
      // A descriptor can be sent to a task only when there is one.
      this.#hasBegun = true;
      return this.#look(['task', 'add', this.#task]);
    }
    if (this.#mine.length === 0) return this.#alloc();
    const one = this.#random.pick(this.#mine);
    const what = this.#random.below(100);
    if (what < 26) return this.#mine.length < MOST ? this.#alloc() : this.#free(one);
    if (what < 42) return this.#free(one);
    if (what < 50) return this.#fill(one);
    if (what < 58) return this.#write(one);
    if (what < 66) return this.#dump(one);
    if (what < 70) return this.#look(['show', String(one.fd)], one.task);
    if (what < 74) return this.#look(['list']);
    if (what < 80) return this.#buffers();
    if (what < 83) return this.#look(['dmesg']);
    if (what < 87) return this.#look(['cat', '/sys/kernel/debug/dma_buf/bufinfo']);
    if (what < 90) return this.#look(['tasks']);
    if (what < 95) {
      const edge = this.#random.pick(['--start', '--end']);
      return this.#look(['sync', String(one.fd), edge, '--read', '--write'], one.task);
    }
    if (what < 97) return this.#fork();
    return this.#send(one);
  }

  async #alloc(): Promise<void> {
    const task = this.#random.pick([SHARED, ...this.#tasks]);
    const heap = this.#random.pick(HEAPS);
    const size = 4096 * (1 + this.#random.below(8));
    const answer = await this.#run(['alloc', heap, String(size)], task);
    // A pool may be full; then there is no answer to keep.
    const isFull = answer.code === 1 && answer.err.includes('ENOMEM');
    this.#tell(['alloc', heap, String(size)], answer, answer.code === 0 || isFull);
    if (answer.code !== 0) return;
    this.#model.counts.allocs++;
    this.#add({ task, fd: Number(answer.out), buffer: { heap, size, head: new Uint8Array(HEAD) } });
  }

  async #free(one: Descriptor): Promise<void> {
    this.#mine = this.#mine.filter((other) => other !== one);
    this.#model.closing(one);
    const words = ['free', String(one.fd)];
    const answer = await this.#run(words, one.task);
    this.#tell(words, answer);
    if (answer.code === 0) this.#model.counts.frees++;
  }

  async #fill({ task, fd, buffer }: Descriptor): Promise<void> {
    const byte = this.#random.below(256);
    const words = ['fill', String(fd), String(byte)];
    const answer = await this.#run(words, task);
    this.#tell(words, answer);
    if (answer.code === 0) buffer.head.fill(byte);
  }

  async #write({ task, fd, buffer }: Descriptor): Promise<void> {
    const at = this.#random.below(HEAD);
    const bytes = this.#random.bytes(1 + this.#random.below(HEAD - at));
    const words = ['write', `${fd}:${at}`];
    const answer = await this.#run(words, task, bytes);
    this.#tell(words, answer);
    if (answer.code === 0) buffer.head.set(bytes, at);
  }

  async #dump({ task, fd, buffer }: Descriptor): Promise<void> {
    const words = ['dump', `${fd}:0:${HEAD}`];
    const answer = await this.#run(words, task);
    this.#tell(words, answer);
    if (answer.code === 0) this.#compareHead(nameOf(task, fd), answer.out, buffer);
  }

  #compareHead(name: string, out: string, { head }: OwnBuffer): void {
    const seen = out.slice(0, out.indexOf('|')).trim().split(/\s+/).slice(1).join('');
    const expected = Buffer.from(head).toString('hex');
    if (seen !== expected) this.#model.problems.push(`${name} holds ${seen}, and ${expected} was written`);
  }

  /** All that this worker was told is there at once, for everybody who looks. */
  async #buffers(): Promise<void> {
    const words = ['buffers', '--json'];
    const answer = await this.#run(words);
    this.#tell(words, answer);
    if (answer.code !== 0) return;
    const listed = new Set(
      listedBuffers(answer.out).flatMap(({ fds }) => fds.map(({ task, fd }) => nameOf(task, fd))),
    );
    for (const { task, fd } of this.#mine) {
      if (!listed.has(nameOf(task, fd))) {
        this.#model.problems.push(`buffers does not list ${nameOf(task, fd)}, which is open`);
      }
    }
  }

  async #look(words: readonly string[], task?: string): Promise<void> {
    this.#tell(words, await this.#run(words, task));
  }

  async #fork(): Promise<void> {
    const child = `${this.#task}.${this.#tasks.length}`;
    const words = ['task', 'fork', child];
    const answer = await this.#run(words, this.#task);
    this.#tell(words, answer);
    if (answer.code !== 0) return;
    this.#model.counts.forks++;
    this.#tasks.push(child);
    for (const { task, fd, buffer } of [...this.#mine]) {
      if (task === this.#task) this.#add({ task: child, fd, buffer });
    }
  }

  async #send({ task, fd, buffer }: Descriptor): Promise<void> {
    const to = task === SHARED ? this.#task : SHARED;
    const words = ['task', 'send', String(fd), to];
    const answer = await this.#run(words, task);
    this.#tell(words, answer);
    if (answer.code !== 0) return;
    this.#model.counts.sends++;
    this.#add({ task: to, fd: Number(answer.out), buffer });
  }

  #add(descriptor: Descriptor): void {
    this.#mine.push(descriptor);
    this.#model.opened(descriptor, this.#task);
  }

  #run(words: readonly string[], task?: string, input: Uint8Array | string = ''): Promise<Answer> {
    return this.#command.run(task === undefined ? words : ['--task', task, ...words], input);
  }

  #tell(words: readonly string[], answer: Answer, isExpected = answer.code === 0): void {
    this.#report(words, answer, isExpected);
  }
}
