/** Recorded kernels' own logs and files give what the recording holds. */
import { expect, it } from 'vitest';
import { findCases, readCase } from '../conformance/oracle-directory.ts';
import { projectPath } from '../small-board.ts';
import { agreementOf } from './recorded.ts';

/** What does not come out, and why. */
const NOT: Readonly<Record<string, string>> = {
  'cases-5.10/errors': 'a dynamic no-map region that left the list of memory, and one that failed',
  'cases-7.3-arm/errors-no-misaligned-base': 'System RAM that does not end at a page',
  'cases-5.10-devices/dev-pool-odd': 'a pool that overlaps a region of which no line tells',
  'cases-6.1-devices/dev-pool-odd': 'the same',
  'cases-6.6-devices/dev-pool-odd': 'the same',
  'cases-6.12-pages/rnd-d51023': 'a region whose no-map mark was refused',
};

it('every boot of fixtures/oracle, with its files', () => {
  let agree = 0;
  const differing: string[] = [];
  for (const found of findCases(projectPath('fixtures/oracle'))) {
    const oracle = readCase(found);
    if (oracle.expectations.boot === undefined) continue;
    const { differences, facts } = agreementOf(oracle, true);
    expect(facts).toBeGreaterThan(0);
    if (differences.length === 0) agree++;
    else differing.push(found.id);
  }
  expect(differing.filter((id) => !Object.hasOwn(NOT, id) && !id.startsWith('cases-7.3-arm/'))).toEqual([]);
  expect(agree).toBeGreaterThan(300);
}, 120_000);
