/**
 * npm run reconstruct:oracle -- DIR [--case NAME] [--show]
 *
 * Reconstructs every recorded boot of an oracle directory from its own log, and from its log and files, and says for
 * each kernel how many come out as the recording has them: heaps, CMA areas with their bitmaps, RAM. --show tells what
 * differs. Where a recording has bufinfo, its buffers and the bitmaps of that moment
 * are compared too. Exit codes: 0 done, 2 wrong usage.
 */
import { parseArgs } from 'node:util';
import { findCases, readCase } from '../test/conformance/oracle-directory.ts';
import { agreementInUse, agreementOf } from '../test/reconstruct/recorded.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { case: { type: 'string', multiple: true }, show: { type: 'boolean', default: false } },
});
const [directory] = positionals;
if (directory === undefined) {
  console.error('usage: npm run reconstruct:oracle -- DIR [--case NAME] [--show]');
  process.exit(2);
}

interface Tally {
  cases: number;
  logOnly: number;
  whole: number;
  used: number;
  inUse: number;
}
const tallies = new Map<string, Tally>();
for (const found of findCases(directory)) {
  if (values.case !== undefined && !values.case.includes(found.id)) continue;
  const oracle = readCase(found);
  if (oracle.expectations.boot === undefined) continue;
  const kernel = found.id.includes('/') ? (found.id.split('/')[0] ?? '') : 'cases';
  const tally = tallies.get(kernel) ?? { cases: 0, logOnly: 0, whole: 0, used: 0, inUse: 0 };
  tallies.set(kernel, tally);
  tally.cases++;
  const alone = agreementOf(oracle, false);
  const whole = agreementOf(oracle, true);
  if (alone.differences.length === 0) tally.logOnly++;
  if (whole.differences.length === 0) tally.whole++;
  const used = agreementInUse(oracle);
  if (used !== undefined) tally.used++;
  if (used?.differences.length === 0) tally.inUse++;
  if (!values.show) continue;
  for (const text of used?.differences ?? []) console.log(`${found.id} (in use): ${text}`);
  for (const text of alone.differences) console.log(`${found.id} (log): ${text}`);
  for (const text of whole.differences) console.log(`${found.id} (log and files): ${text}`);
}
console.log(
  `${'kernel'.padEnd(24)}${'cases'.padStart(6)}${'log'.padStart(6)}${'log and files'.padStart(15)}`,
);
for (const [kernel, { cases, logOnly, whole, used, inUse }] of tallies) {
  console.log(
    `${kernel.padEnd(24)}${String(cases).padStart(6)}${String(logOnly).padStart(6)}${String(whole).padStart(15)}${String(used).padStart(14)}${String(inUse).padStart(7)}`,
  );
}
