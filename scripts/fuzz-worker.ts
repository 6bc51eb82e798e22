// The child of scripts/fuzz.ts: makes and runs the inputs it is asked for, so that one that hangs or eats all
// memory takes only this process with it. fuzz-worker.ts TARGET SEED, driven by messages.
import { Random } from '../test/fuzz/random.ts';
import { type Finding, judge } from '../test/fuzz/target.ts';
import { TARGETS } from '../test/fuzz/targets.ts';

export interface BatchRequest {
  readonly from: number;
  readonly count: number;
}

export interface BatchReply {
  readonly from: number;
  readonly count: number;
  readonly accepted: number;
  readonly slowest: number;
  /** The most memory that this process ever had, in MiB. */
  readonly peak: number;
  readonly findings: readonly (Finding & { readonly index: number; readonly input: string })[];
}

export const MEMORY_LIMIT = 512;

const [name = '', seedText = '0'] = process.argv.slice(2);
const load = TARGETS[name];
if (load === undefined || process.send === undefined)
  throw new Error(`no target ${name}, or not a child process`);
const target = await load();
const seed = Number(seedText);
const peak = (): number => process.resourceUsage().maxRSS / 1024;

process.on('message', ({ from, count }: BatchRequest) => {
  let accepted = 0;
  let slowest = 0;
  const findings: (Finding & { index: number; input: string })[] = [];
  for (let index = from; index < from + count; index++) {
    const input = target.input(new Random(seed * 0x10001 + index));
    const before = peak();
    const outcome = judge(target, input);
    const found = (finding: Finding): void => {
      findings.push({ ...finding, index, input: Buffer.from(input).toString('base64') });
    };
    if (outcome.finding) found(outcome.finding);
    if (before <= MEMORY_LIMIT && peak() > MEMORY_LIMIT)
      found({ kind: 'memory', detail: `${Math.round(peak())} MiB` });
    if (outcome.accepted) accepted++;
    slowest = Math.max(slowest, outcome.milliseconds);
  }
  process.send?.({ from, count, accepted, slowest, peak: peak(), findings } satisfies BatchReply);
});
process.on('disconnect', () => process.exit(0));
process.send('ready');
