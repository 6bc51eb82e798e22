// Fuzzes the readers of input: node scripts/run-ts.mjs scripts/fuzz.ts [--minutes N] [--target NAME …]
//                                                                      [--seed N] [--out DIR]
// Each target runs in a child process for its share of the time. A finding is a crash (anything thrown but
// InvalidInput), a hang (over one second) or memory (over 512 MiB for an input under 1 MiB); its input is
// written to DIR, to become a fixture. Exit 1 when there is one.
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../test/fuzz/random.ts';
import { TARGETS } from '../test/fuzz/targets.ts';
import type { BatchReply } from './fuzz-worker.ts';

const BATCH = 50;
/** How long a batch, and one input of it when we look for the culprit, may be silent. */
const BATCH_SILENCE = 60_000;
const INPUT_SILENCE = 10_000;
const HEAP_MIB = 384;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    target: { type: 'string', multiple: true },
    seed: { type: 'string' },
    out: { type: 'string', default: 'fuzz-findings' },
  },
});
const names = values.target ?? Object.keys(TARGETS);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
for (const name of names) {
  if (TARGETS[name] === undefined)
    throw new Error(`no target ${name}; there are ${Object.keys(TARGETS).join(', ')}`);
}

class Worker {
  readonly #child: ChildProcess;
  readonly #ready: Promise<unknown>;

  constructor(name: string) {
    this.#child = fork('scripts/run-ts.mjs', ['scripts/fuzz-worker.ts', name, String(seed)], {
      execArgv: [`--max-old-space-size=${HEAP_MIB}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#ready = this.#next(BATCH_SILENCE);
  }

  /** The reply, or what went wrong: the child was silent for too long, or died. */
  async run(from: number, count: number, silence: number): Promise<BatchReply | 'silent' | 'died'> {
    if ((await this.#ready) !== 'ready') throw new Error('the worker did not start');
    const reply = this.#next(silence);
    this.#child.send({ from, count });
    return reply as Promise<BatchReply | 'silent' | 'died'>;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  #next(silence: number): Promise<unknown> {
    return new Promise((resolve) => {
      const finish = (value: unknown): void => {
        clearTimeout(timer);
        this.#child.removeListener('message', finish);
        this.#child.removeListener('exit', died);
        resolve(value);
      };
      const died = (): void => finish('died');
      const timer = setTimeout(() => finish('silent'), silence);
      this.#child.once('message', finish);
      this.#child.once('exit', died);
    });
  }
}

async function inputOf(name: string, index: number): Promise<Uint8Array> {
  const target = await TARGETS[name]?.();
  if (target === undefined) throw new Error(`no target ${name}`);
  return target.input(new Random(seed * 0x10001 + index));
}

let findings = 0;

function report(name: string, index: number, kind: string, detail: string, input: Uint8Array): void {
  findings++;
  mkdirSync(values.out, { recursive: true });
  const file = join(values.out, `${name}-${seed}-${index}.${kind}`);
  writeFileSync(file, input);
  console.log(
    `${name}: ${kind} at input ${index} of seed ${seed} (${input.length} bytes, ${file})\n  ${detail}`,
  );
}

/** Runs a batch's inputs one by one, each in a fresh process, to find the one that hangs or kills. */
async function findCulprit(name: string, from: number, what: string): Promise<void> {
  const before = findings;
  let worker = new Worker(name);
  for (let index = from; index < from + BATCH; index++) {
    const reply = await worker.run(index, 1, INPUT_SILENCE);
    if (typeof reply !== 'string') continue;
    worker.stop();
    report(
      name,
      index,
      reply === 'silent' ? 'hang' : 'crash',
      reply === 'silent' ? `no answer in ${INPUT_SILENCE / 1000} s` : 'the process died',
      await inputOf(name, index),
    );
    worker = new Worker(name);
  }
  worker.stop();
  if (findings === before) {
    report(
      name,
      from,
      'crash',
      `the process ${what === 'died' ? 'died' : 'fell silent'} in the ${BATCH} inputs from here; no single one does that`,
      new Uint8Array(),
    );
  }
}

/** Whether one input alone takes too much memory, and not the garbage of those before it. */
async function takesTooMuch(name: string, index: number): Promise<boolean> {
  const worker = new Worker(name);
  const reply = await worker.run(index, 1, INPUT_SILENCE);
  worker.stop();
  return typeof reply === 'string' || reply.findings.some((finding) => finding.kind === 'memory');
}

async function fuzz(name: string, until: number): Promise<void> {
  let [inputs, accepted, slowest, peak] = [0, 0, 0, 0];
  let worker = new Worker(name);
  let told = Date.now();
  for (let from = 0; Date.now() < until; from += BATCH) {
    const reply = await worker.run(from, BATCH, BATCH_SILENCE);
    inputs += BATCH;
    if (typeof reply === 'string') {
      worker.stop();
      await findCulprit(name, from, reply);
      worker = new Worker(name);
      continue;
    }
    accepted += reply.accepted;
    slowest = Math.max(slowest, reply.slowest);
    peak = Math.max(peak, reply.peak);
    for (const { index, kind, detail, input } of reply.findings) {
      if (kind === 'memory' && !(await takesTooMuch(name, index))) continue;
      report(name, index, kind, detail, Buffer.from(input, 'base64'));
    }
    if (reply.findings.some((finding) => finding.kind === 'memory')) {
      worker.stop();
      worker = new Worker(name);
    }
    if (Date.now() - told > 60_000) {
      told = Date.now();
      console.log(
        `${name}: ${inputs} inputs, slowest ${Math.round(slowest)} ms, peak ${Math.round(peak)} MiB`,
      );
    }
  }
  worker.stop();
  console.log(
    `${name}: ${inputs} inputs (${accepted} accepted), slowest ${Math.round(slowest)} ms, peak ${Math.round(peak)} MiB`,
  );
}

const share = (Number(values.minutes) * 60_000) / names.length;
for (const name of names) await fuzz(name, Date.now() + share);
console.log(`seed ${seed}: ${findings} findings`);
process.exitCode = findings === 0 ? 0 : 1;
