/**
 * Random messages to an exchange, from everybody who may connect: programs that fork, exec and die, watchers, supervisors, and
 * strangers who are none of these. Whole messages in states that are valid, the same with one field changed, and bytes that are no
 * message. After each what must always hold is looked at: an answer or a hang-up, never a bug; stores only where the program's own
 * memory was named; nobody else's descriptors changed; no task without a process.
 */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ANSWER, HEADER, HOW, MESSAGE } from '../../../src/exec/protocol.ts';
import type { MakeRun } from '../../../src/exec/scenario-player.ts';
import { FieldReader, type Frame, FrameSplitter, MalformedMessage } from '../../../src/exec/wire.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import type { Random } from '../../fuzz/random.ts';
import { DEVICE_STEPS, TestServer } from '../carrier.ts';
import { changed, frameOf, garbageOf, i32, i64, type Message, message, str, u8, u32 } from './fields.ts';
import { Connection, type Origin, Program } from './program.ts';
import { changedWords, hostileWords, watchWords } from './watch-words.ts';

/** Answers that are given for a bug of ours, and to what is no message. */
const EIO = -5;
const EPROTO = -71;
const KERNELS = ['7.3', '6.18', '6.12', '6.6', '6.1', '5.10'];
/** Programs that run at once. */
const MOST = 8;
const LEAST = 3;
/** Longer than the server waits for a supervisor, milliseconds. */
const SILENCE = 550;

export interface Counted {
  /** Whole messages. */
  valid: number;
  /** Whole but for one field. */
  changed: number;
  /** Bytes that are no message, types of nobody, or of another's. */
  garbage: number;
  /** How they were answered. */
  done: number;
  refused: number;
  malformed: number;
  /** Whole messages that were taken for none. */
  mistaken: number;
}

type Kind = 'valid' | 'changed' | 'garbage';

/** What is counted by itself: each type, HELLO by who says it, WATCH by what it asks. */
const ROWS: readonly string[] = Object.keys(MESSAGE).flatMap((name) => {
  if (name === 'HELLO') return Object.keys(HOW).map((how) => `HELLO ${how}`);
  if (name === 'WATCH') return ['WATCH', 'WATCH with', 'WATCH summary'];
  return [name];
});
const NAME_OF = new Map<number, string>(Object.entries(MESSAGE).map(([name, type]) => [type, name]));
const HOW_NAME = new Map<number, string>(Object.entries(HOW).map(([name, how]) => [how, `HELLO ${name}`]));

const rowOf = ({ type }: Message): string => NAME_OF.get(type & ~ANSWER) ?? String(type);

/** Counts of nothing yet, by row. */
export const noCounts = (): Map<string, Counted> =>
  new Map(
    ROWS.map((row) => [
      row,
      { valid: 0, changed: 0, garbage: 0, done: 0, refused: 0, malformed: 0, mistaken: 0 },
    ]),
  );

/** Share of whole messages that may be taken for none: such as a question of a task that was killed a moment ago. */
const MISTAKEN = 0.05;

/** What the counts lack: rows of which no whole message was sent, or too many were taken for none. */
export function gaps(counts: ReadonlyMap<string, Counted>): readonly string[] {
  return [...counts].flatMap(([row, { valid, mistaken }]) => {
    if (valid === 0) return [`${row}: no valid message was sent`];
    return mistaken > valid * MISTAKEN
      ? [`${row}: ${mistaken} of ${valid} valid messages were malformed`]
      : [];
  });
}

export interface FuzzOptions {
  readonly random: Random;
  /** Where messages are counted. */
  readonly counts: Map<string, Counted>;
  /** Reads the scenario that watchers want to be played. */
  readonly scenario?: (file: string, tree: Uint8Array | undefined) => Promise<MakeRun>;
}

export class MessageFuzz {
  readonly server: TestServer;
  readonly #random: Random;
  readonly #counts: Map<string, Counted>;
  #programs: Program[] = [];
  /** Between two programs of their processes. */
  #between: Program[] = [];
  /** Children that their parents have told of, and that said nothing yet. */
  #unborn: Program[] = [];
  /** Children that spoke before their parents. */
  #waiting: { readonly child: Program; readonly parent: Program }[] = [];
  #watchers: Connection[] = [];
  /** Those who asked for a scenario: once each. */
  readonly #played = new WeakSet<Connection>();
  #supervisors: Connection[] = [];
  /** Told of all that goes wrong. */
  readonly #observer = new Connection();
  /** Questions to supervisors that were answered or given up. */
  #late: { readonly supervisor: Connection; readonly question: Buffer }[] = [];
  /** A watcher that is answered later. */
  #settling: Connection | undefined;
  #wasSilent = false;
  #made = 0;

  constructor({ random, counts, scenario }: FuzzOptions) {
    this.#random = random;
    this.#counts = counts;
    this.server = new TestServer(
      { kernel: random.pick(KERNELS) },
      { ...(scenario && { scenario }), served: true },
    );
    mkdirSync(this.#buffers, { recursive: true });
    writeFileSync(join(this.server.directory, 'device.yaml'), `board: none.dts\nsteps:${DEVICE_STEPS}`);
    this.#says(this.#observer, this.#watch(JSON.stringify(watchWords('observer', random))));
    for (let n = 0; n < LEAST; n++) this.#start();
  }

  /** How many messages were sent. */
  get made(): number {
    return this.#made;
  }

  close(): void {
    this.server.close();
  }

  /** Sends messages until so many were sent. @throws Error when something does not hold */
  async run(messages: number): Promise<void> {
    while (this.#made < messages) {
      this.#step();
      this.#lookAtNotes();
      await this.#settle();
      if (this.server.exchange.isProbing && !this.#wasSilent) {
        this.#wasSilent = true;
        await new Promise((resolve) => setTimeout(resolve, SILENCE));
        if (this.server.exchange.isProbing) throw new Error('a silent supervisor stops everybody');
      }
    }
  }

  /** Waits for the answer to a watcher whose scenario is read. */
  async #settle(): Promise<void> {
    const watcher = this.#settling;
    this.#settling = undefined;
    for (let turns = 0; watcher !== undefined && !watcher.told.some(isAnswer); turns++) {
      if (turns > 5000) throw new Error('a watcher waits for ever');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  get #buffers(): string {
    return this.server.bufferFiles;
  }

  #step(): void {
    const random = this.#random;
    // Questions wait meanwhile.
    if (this.server.exchange.isProbing) {
      this.#supervisorAnswers();
      return;
    }
    const dice = random.below(100);
    if (dice < 85) this.#programSays(random.pick(this.#programs));
    else if (dice < 90) this.#comesOrGoes();
    else if (dice < 93) this.#watcherSays();
    else if (dice < 96) this.#supervisorComesOrGoes();
    else if (dice < 99) this.#strangerSays();
    else this.#time();
    this.#buryKilled();
  }

  // Programs

  #programSays(program: Program): void {
    const random = this.#random;
    if (program.isExecuting && random.oneIn(2)) {
      if (random.oneIn(2)) this.#asks(program, message(MESSAGE.EXEC_FAILED, i32(2)));
      else this.#becomesAnother(program);
      return;
    }
    switch (random.below(24)) {
      case 0:
        this.#forks(program);
        return;
      case 1: {
        const argv = Array.from({ length: random.below(4) }, (_, n) => str(`--${n}`));
        this.#asks(program, message(MESSAGE.EXEC, str('/bin/other'), u32(argv.length), ...argv));
        return;
      }
      case 2:
        this.#store(program);
        return;
      default:
        this.#asks(program, program.message(random));
    }
  }

  /** A message as it is, with one field changed or as garbage. */
  #asks(program: Program, asked: Message, how = this.#way()): void {
    this.#says(program.connection, asked, { how, program });
    if (program.connection.isHungUp) this.#leaves(program);
  }

  #way(): Kind {
    const way = this.#random.below(8);
    if (way < 2) return 'valid';
    return way < 7 ? 'changed' : 'garbage';
  }

  /** The program writes to a buffer that it has mapped; its file is there once somebody looks at it. */
  #store(program: Program): void {
    for (const [, { kind, path, size }] of program.had) {
      if (kind !== 'buffer' || size === 0n || size > 65536n || !path.startsWith(`${this.#buffers}/`))
        continue;
      writeFileSync(path, this.#random.bytes(64));
      truncateSync(path, Number(size));
      return;
    }
  }

  #forks(parent: Program): void {
    const random = this.#random;
    const child = parent.child({ how: HOW.FORKED, pid: this.#newPid() });
    const told = message(MESSAGE.FORK, u32(child.pid));
    if (this.#isFull || random.oneIn(4)) {
      // Of a child that never says anything.
      this.#asks(parent, told);
      return;
    }
    this.server.running.add(child.pid);
    if (random.oneIn(2)) {
      this.#asks(parent, told, 'valid');
      this.#unborn.push(child);
    } else if (this.#hello(child, 'valid')) this.#waiting.push({ child, parent });
  }

  /** @returns whether it waits for its parent */
  #hello(program: Program, how: Kind): boolean {
    const hello = program.hello(program.origin.how !== HOW.FORKED || this.#random.oneIn(2));
    const row = HOW_NAME.get(program.origin.how) ?? '';
    this.#says(program.connection, hello, { how, row });
    const { peer, isHungUp } = program.connection;
    if (isHungUp) {
      this.#ends(program);
      return false;
    }
    if (peer.role === 'waiting') return true;
    this.#arrived(program);
    return false;
  }

  #arrived(program: Program): void {
    const { peer } = program.connection;
    const others = [...this.#programs, ...this.#between].filter((other) => other !== program);
    if (peer.role === 'process' && others.some(({ task }) => task === program.task)) {
      throw new Error(`${program.task} is two processes`);
    }
    this.#programs.push(program);
  }

  /** The process says that it has become another program. */
  #becomesAnother(program: Program): void {
    if (this.#random.oneIn(2)) {
      this.#programs = this.#programs.filter((other) => other !== program);
      this.server.exchange.left(program.connection.peer);
      this.#between.push(program);
      return;
    }
    // Before the end of its last connection is seen.
    this.#programs = this.#programs.filter((other) => other !== program);
    this.#hello(program.next(), 'valid');
    this.server.exchange.left(program.connection.peer);
  }

  #comesOrGoes(): void {
    const random = this.#random;
    switch (random.below(6)) {
      case 0: {
        const program = take(this.#between, random);
        if (program === undefined) return;
        // Or it is killed meanwhile.
        if (random.oneIn(8)) this.server.running.delete(program.pid);
        else this.#hello(program.next(), 'valid');
        return;
      }
      case 1: {
        const child = take(this.#unborn, random);
        if (child === undefined) return;
        if (random.oneIn(8)) this.server.running.delete(child.pid);
        else if (this.#hello(child, 'valid')) throw new Error('a child that was told of waits');
        return;
      }
      case 2:
        this.#waitingGoesOn();
        return;
      case 3:
        if (this.#programs.length <= LEAST) this.#start();
        else this.#leaves(random.pick(this.#programs));
        return;
      case 4: {
        if (this.#isFull) return;
        const parent = random.pick(this.#programs);
        const how = random.pick([HOW.CLONED, HOW.EXECED]);
        this.#comes(parent.child({ how, pid: this.#newPid() }));
        return;
      }
      default:
        if (!this.#isFull) this.#start();
    }
  }

  /** A child that spoke first is told of by its parent; or its parent dies, or it does. */
  #waitingGoesOn(): void {
    const random = this.#random;
    const waiting = take(this.#waiting, random);
    if (waiting === undefined) return;
    // When its parent has ended, or is between two programs, it goes on already.
    const { child, parent } = waiting;
    if (child.task === undefined) {
      const dice = random.below(8);
      if (dice === 0) {
        this.#says(child.connection, child.message(random), { how: 'garbage' });
        if (!child.connection.isHungUp) throw new Error('a child that waits was answered');
      } else if (dice === 1) this.#leaves(parent);
      else if (dice > 2) this.#asks(parent, message(MESSAGE.FORK, u32(child.pid)), 'valid');
      if (dice > 0 && dice !== 2 && child.task === undefined) throw new Error('a child waits for ever');
    }
    if (child.task === undefined) this.#ends(child);
    else this.#answered(child);
  }

  /** A child that had to wait has its answer now. */
  #answered(child: Program): void {
    const [answer] = child.connection.told.splice(0);
    if (answer?.readUInt16LE(4) !== (MESSAGE.HELLO | ANSWER)) throw new Error('a child without an answer');
    this.#arrived(child);
  }

  #start(): void {
    const random = this.#random;
    const pid = this.#newPid();
    // Names that others have, or could get.
    const root = random.pick(['app', 'app', 'app-2', `app.${this.#programs[0]?.pid ?? 1}`, `app.${pid}`]);
    this.#comes(new Program({ how: HOW.START, pid, ppid: 1, root }, this.#buffers));
  }

  #comes(program: Program): void {
    this.server.running.add(program.pid);
    this.#hello(program, 'valid');
    if (program.task === undefined) throw new Error('HELLO was refused');
    for (const first of program.beginning(this.#random)) {
      // Its first buffer may have been larger than the board.
      if (!program.connection.peer.ended) this.#asks(program, first, 'valid');
    }
  }

  /** The process ends, or its connection alone when it has said EXEC. */
  #leaves(program: Program): void {
    this.#programs = this.#programs.filter((other) => other !== program);
    const { task, isExecuting } = program;
    this.#ends(program);
    if (isExecuting || task === undefined) return;
    this.server.session.view((kernel) => {
      if (kernel.hasTask(task)) throw new Error(`${task} outlives its process`);
    });
  }

  #ends(program: Program): void {
    this.server.running.delete(program.pid);
    this.#without(program.connection, 'the end of a connection', () =>
      this.server.exchange.left(program.connection.peer),
    );
  }

  /** Processes that the server killed. */
  #buryKilled(): void {
    do {
      for (const program of this.#programs) if (program.connection.peer.ended) this.#leaves(program);
      while (this.#programs.length < LEAST) this.#start();
    } while (this.#programs.some(({ connection }) => connection.peer.ended));
  }

  get #isFull(): boolean {
    return this.#programs.length + this.#between.length + this.#unborn.length + this.#waiting.length >= MOST;
  }

  /** A number far from all others, which no change of a byte meets. */
  #newPid(): number {
    return 0x100000 + (this.#random.word() >>> 1);
  }

  // Those who watch

  #watch(words: string): Message {
    return message(MESSAGE.WATCH, str(words));
  }

  #watcherSays(): void {
    const random = this.#random;
    const watcher = this.#watchers.length > 0 && !random.oneIn(4) ? random.pick(this.#watchers) : undefined;
    if (watcher === undefined) {
      this.#watches();
      return;
    }
    const say = (row: string, words: object): void => {
      const how = random.below(8);
      if (how < 6) this.#says(watcher, this.#watch(JSON.stringify(words)), { row });
      else {
        const text = how === 6 ? hostileWords(random) : changedWords({ ...words }, random);
        this.#says(watcher, this.#watch(text), { row, how: how === 6 ? 'garbage' : 'changed' });
      }
    };
    const dice = random.below(8);
    if (dice < 2 && !this.#played.has(watcher)) {
      this.#played.add(watcher);
      say('WATCH with', { with: join(this.server.directory, random.oneIn(4) ? 'none.yaml' : 'device.yaml') });
    } else if (dice < 5) say('WATCH summary', { summary: true });
    else if (dice === 5) {
      this.#says(watcher, random.pick(this.#programs).message(random), { how: 'garbage' });
    } else if (dice === 6) {
      this.#gone(watcher);
      return;
    }
    if (watcher.isHungUp) this.#gone(watcher);
  }

  #watches(): void {
    const random = this.#random;
    const watcher = new Connection();
    const words = watchWords(random.pick(['app', 'app', 'app-2', 'other']), random);
    const way = random.below(4);
    if (way < 2) this.#says(watcher, this.#watch(JSON.stringify(words)));
    else if (way === 2) this.#says(watcher, this.#watch(changedWords(words, random)), { how: 'changed' });
    else {
      this.#says(watcher, this.#watch(hostileWords(random)), { how: 'garbage' });
      if (!watcher.isHungUp) throw new Error('hostile words were taken');
    }
    if (watcher.isHungUp || this.#watchers.length > 3) this.#gone(watcher);
    else this.#watchers.push(watcher);
  }

  // Those who know who holds what

  #supervisorComesOrGoes(): void {
    const random = this.#random;
    const supervisor = this.#supervisors.length > 0 ? random.pick(this.#supervisors) : undefined;
    const late = take(this.#late, random);
    if (late !== undefined && this.#supervisors.includes(late.supervisor)) {
      this.#saysHeld(late.supervisor, late.question, 'valid');
    } else if (supervisor === undefined || (this.#supervisors.length < 2 && random.oneIn(2))) {
      const joins = new Connection();
      const origin: Origin = { how: HOW.SUPERVISOR, pid: this.#newPid(), ppid: 1, root: '1' };
      const hello = new Program(origin, this.#buffers).hello(false);
      this.#says(joins, hello, { row: 'HELLO SUPERVISOR' });
      this.#supervisors.push(joins);
    } else {
      this.#strays(supervisor);
    }
  }

  /** A supervisor leaves, says what is not its to say, or answers what nobody asked. */
  #strays(supervisor: Connection): void {
    const random = this.#random;
    switch (random.below(4)) {
      case 0:
        this.#gone(supervisor);
        return;
      case 1:
        this.#says(supervisor, random.pick(this.#programs).message(random), { how: 'garbage' });
        break;
      default: {
        const bytes = Array.from({ length: random.below(12) }, () => u8(random.below(256)));
        const answer = message(MESSAGE.PROBE | ANSWER, i64(random.below(2)), ...bytes);
        this.#says(supervisor, answer, { how: 'changed' });
      }
    }
    if (supervisor.isHungUp) this.#gone(supervisor);
  }

  #supervisorAnswers(): void {
    const random = this.#random;
    const supervisor = this.#supervisors.find(({ told }) => told.length > 0);
    const question = supervisor?.told.shift();
    if (supervisor === undefined || question === undefined) throw new Error('nobody was asked');
    if (random.oneIn(16)) this.#gone(supervisor);
    else if (random.oneIn(8)) {
      // Somebody else's, or of another time: it goes on waiting.
      const seq = question.readUInt32LE(8) + random.pick([-1, 1, 100]);
      const other = Buffer.from(question);
      other.writeUInt32LE(seq >>> 0, 8);
      this.#saysHeld(supervisor, other, 'changed');
      if (supervisor.isHungUp) this.#gone(supervisor);
      else supervisor.told.unshift(question);
    } else {
      this.#saysHeld(supervisor, question, this.#way());
      if (supervisor.isHungUp) this.#gone(supervisor);
      else if (random.oneIn(8)) this.#late.push({ supervisor, question });
      // One that broke the head of its answer said nothing.
      if (this.server.exchange.isProbing && this.#supervisors.every(({ told }) => told.length === 0)) {
        this.#gone(supervisor);
      }
    }
  }

  /** Answers a question for holders, as the model knows them. */
  #saysHeld(supervisor: Connection, question: Buffer, how: Kind): void {
    const names = new FieldReader(question, HEADER).list(4, (each) => each.str());
    const held = this.server.session.view((kernel) => {
      const there = new Map(kernel.exportedBuffers().map(([file, { name }]) => [name, file]));
      return names.map((name) => isHeld(kernel, there.get(name)));
    });
    supervisor.seq = question.readUInt32LE(8) - 1;
    const answer = message(MESSAGE.PROBE | ANSWER, i64(0), ...held.map((is) => u8(is ? 1 : 0)));
    this.#says(supervisor, answer, { how });
  }

  // Those who are none of these

  /** Somebody whose first message is not his to say, or not whole. */
  #strangerSays(): void {
    const random = this.#random;
    const stranger = new Connection();
    const some = random.pick(this.#programs);
    const others = [...this.#programs, ...this.#waiting.map(({ child }) => child)];
    switch (random.below(5)) {
      case 0:
        this.#says(stranger, some.message(random), { how: 'garbage' });
        if (!stranger.isHungUp) throw new Error('a stranger was answered');
        break;
      case 1: {
        // A process that there is already.
        const other = random.pick(others.filter(({ isExecuting }) => !isExecuting).concat(this.#programs));
        if (other.isExecuting) break;
        const how = random.pick([HOW.START, HOW.EXECED, HOW.FORKED, HOW.CLONED]);
        const thief = new Program({ ...other.origin, how }, this.#buffers);
        this.#says(stranger, thief.hello(random.oneIn(2)), { how: 'garbage', row: HOW_NAME.get(how) ?? '' });
        if (!stranger.isHungUp) throw new Error(`a second process ${other.pid} was taken`);
        break;
      }
      case 2: {
        // The name of another's task.
        const all = [...this.#programs, ...this.#between];
        const root = random.pick(all).task ?? 'app';
        this.#comes(new Program({ how: HOW.START, pid: this.#newPid(), ppid: 1, root }, this.#buffers));
        return;
      }
      default: {
        const how = random.pick(Object.values(HOW));
        const origin = { how, pid: this.#newPid(), ppid: some.pid, root: 'app' };
        const hello = new Program(origin, this.#buffers).hello(random.oneIn(2));
        const row = HOW_NAME.get(how) ?? '';
        this.#says(stranger, hello, { row, how: random.oneIn(3) ? 'garbage' : 'changed' });
      }
    }
    // Whoever was taken goes at once.
    this.#gone(stranger);
  }

  #gone(connection: Connection): void {
    this.#watchers = this.#watchers.filter((other) => other !== connection);
    this.#supervisors = this.#supervisors.filter((other) => other !== connection);
    this.#without(connection, 'the end of a connection', () => this.server.exchange.left(connection.peer));
  }

  /** What the server does by itself. */
  #time(): void {
    const { exchange } = this.server;
    const random = this.#random;
    if (random.oneIn(4)) {
      exchange.leases('begins');
      exchange.leases('ends');
    }
    this.#without(undefined, 'a tick', () => exchange.tick(random.oneIn(2)));
    const mine = new Set(this.#programs.map(({ task }) => task));
    for (const { child } of this.#waiting) mine.add(child.task);
    for (const program of this.#between) mine.add(program.task);
    const left = this.server.session.view((kernel) => kernel.taskNames());
    const lost = left.filter((task) => task.startsWith('app') && !mine.has(task));
    // Children that were told of are tasks already.
    if (lost.length > this.#unborn.length) throw new Error(`tasks of no process: ${lost.join(', ')}`);
  }

  // What is sent, and what must hold

  /** Sends a message. */
  #says(
    connection: Connection,
    asked: Message,
    { how = 'valid', row = rowOf(asked), program }: Said = {},
  ): void {
    const counted = this.#counts.get(row);
    if (counted === undefined) throw new Error(`no row ${row}`);
    this.#made++;
    counted[how]++;
    const sent = how === 'changed' && asked.fields.length > 0 ? changed(asked, this.#random) : asked;
    const whole = frameOf(sent, ++connection.seq);
    const bytes = how === 'garbage' && this.#random.oneIn(2) ? garbageOf(whole, this.#random) : whole;
    let answer: Buffer | undefined;
    // What a supervisor says of the host may end what others have.
    if (asked.type === (MESSAGE.PROBE | ANSWER) && how !== 'valid') answer = this.#handled(connection, bytes);
    else {
      this.#without(connection, bytes.toString('hex'), () => {
        answer = this.#handled(connection, bytes);
      });
    }
    const ret = answer === undefined ? 0 : Number(answer.readBigInt64LE(HEADER));
    // A file of /proc that takes no writes answers EIO, too, and says nothing.
    if (ret === EIO && this.#lastNote() !== '') {
      throw new Error(`a bug: EIO for ${bytes.toString('hex')}\n${this.#lastNote()}`);
    }
    if (ret === EPROTO && !connection.isHungUp) throw new Error('a malformed message, and no hang-up');
    if (connection.isHungUp) {
      counted.malformed++;
      if (how === 'valid') counted.mistaken++;
      return;
    }
    counted[ret < 0 ? 'refused' : 'done']++;
    if (answer === undefined || ret < 0) return;
    const type = bytes.readUInt16LE(4);
    if (type === MESSAGE.IOCTL) checkStores(bytes, answer);
    if (type === MESSAGE.WATCH) JSON.parse(new FieldReader(answer, HEADER + 8).str());
    if (program === undefined) return;
    if (type === MESSAGE.EXEC) program.isExecuting = true;
    else if (type === MESSAGE.EXEC_FAILED) program.isExecuting = false;
    if (how === 'valid') program.learn(asked, answer);
  }

  #handled(connection: Connection, bytes: Buffer): Buffer | undefined {
    const { exchange } = this.server;
    let frame: Frame | undefined;
    try {
      [frame] = new FrameSplitter().push(bytes);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
    }
    // A frame that is not whole: the rest never comes, and its connection ends.
    if (frame === undefined) {
      connection.peer.hangUp();
      return undefined;
    }
    const { peer } = connection;
    while (peer.role !== 'supervisor' && exchange.probesBefore(frame)) {
      while (exchange.isProbing) this.#supervisorAnswers();
      break;
    }
    const answer = exchange.handle(peer, frame);
    if (answer === undefined) {
      if (peer.role === 'watcher') this.#settling = connection;
      const mayWait = ['waiting', 'watcher', 'supervisor'].includes(peer.role);
      if (!mayWait && !connection.isHungUp) throw new Error(`no answer to ${bytes.toString('hex')}`);
      return undefined;
    }
    if (answer.readUInt32LE(0) !== answer.length) throw new Error('the answer says another size');
    if (answer.readUInt16LE(4) !== (frame.type | ANSWER)) throw new Error('the answer is of another type');
    return answer;
  }

  /** Does something, after which what everybody else has must be as it was. */
  #without(connection: Connection | undefined, what: string, act: () => void): void {
    // A look costs more than a message.
    if (!this.#random.oneIn(8)) {
      act();
      return;
    }
    const others = [...this.#programs, ...this.#between].filter((other) => other.connection !== connection);
    const tasks = others.flatMap(({ task }) => task ?? []);
    const before = this.#descriptorsOf(tasks);
    act();
    // Some were ended by the system.
    const alive = (text: string, at: number): boolean =>
      others[at]?.connection.peer.ended !== true && text !== '';
    const after = this.#descriptorsOf(tasks);
    const differs = before.findIndex((text, at) => alive(text, at) && text !== after[at]);
    if (differs >= 0) {
      throw new Error(
        `another task's descriptors changed by ${what}: ${before[differs]} to ${after[differs]}`,
      );
    }
  }

  /** What each task has in the model. */
  #descriptorsOf(tasks: readonly string[]): readonly string[] {
    return this.server.session.view((kernel) =>
      tasks.map((task) => {
        const fds = kernel
          .task(task)
          ?.fds.map(({ fd, cloexec, kind, ino, path }) => [fd, cloexec, kind, ino, path]);
        return `${task}: ${JSON.stringify(fds)}`;
      }),
    );
  }

  /** What was said last to those who watch. */
  #lastNote(): string {
    const told = [this.#observer, ...this.#watchers].flatMap((watcher) => watcher.told.map(noteOf));
    return told.find((note) => note?.includes(FAILURE) || note?.includes(BUG)) ?? '';
  }

  /** Of what nobody asked for, nobody has an answer: a bug there is told to those who watch. */
  #lookAtNotes(): void {
    const note = this.#lastNote();
    if (note !== '') throw new Error(note);
    for (const watcher of [this.#observer, ...this.#watchers]) watcher.told.length = 0;
  }
}

/** How the server tells that it could not answer, and that it is its own fault. */
const FAILURE = 'the program got EIO';
const BUG = 'a bug in dmaheap';

const isAnswer = (frame: Buffer): boolean => (frame.readUInt16LE(4) & ANSWER) !== 0;

const noteOf = (frame: Buffer): string | undefined => {
  if (isAnswer(frame)) return undefined;
  const { note } = JSON.parse(frame.toString('utf8', HEADER + 4));
  return typeof note === 'string' ? note : undefined;
};

/** What is said of a message beside its fields. */
interface Said {
  readonly how?: Kind;
  /** Where it is counted. */
  readonly row?: string;
  /** Who learns from the answer. */
  readonly program?: Program;
}

const isHeld = (kernel: Kernel, file: number | undefined): boolean =>
  file !== undefined && (kernel.descriptorsOf(file).length > 0 || kernel.mappingsOf(file).length > 0);

/** The bytes that an answer stores must lie where the program said that it has memory. */
function checkStores(question: Buffer, answer: Buffer): void {
  const asked = new FieldReader(question, HEADER);
  const [, request] = [asked.u32(), asked.u32()];
  const arg = asked.u64();
  asked.i32();
  asked.str();
  const memory = asked.bytes();
  const reader = new FieldReader(answer, HEADER + 8);
  for (let n = 0; n < 3; n++) reader.u32();
  reader.u64();
  reader.str();
  for (const { address, bytes } of reader.list(12, (each) => ({
    address: each.u64(),
    bytes: each.bytes(),
  }))) {
    // A request says its size; those of the file layer have 8 bytes at most.
    const room = address === arg ? Math.max((request >>> 16) & 0x3fff, 8) : roomAt(memory, address);
    if (bytes.length > room)
      throw new Error(`a store of ${bytes.length} bytes at ${address}, which has ${room}`);
  }
}

/** The room that a struct tells for a pointer in it: it stands before the pointer. */
function roomAt(memory: Buffer, address: bigint): number {
  for (let at = 8; at + 8 <= memory.length; at += 8) {
    if (memory.readBigUInt64LE(at) === address) return Number(memory.readBigUInt64LE(at - 8));
  }
  return 0;
}

/** Takes one of a list out of it. */
function take<T>(from: T[], random: Random): T | undefined {
  return from.splice(random.below(from.length), 1)[0];
}
