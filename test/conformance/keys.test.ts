/** Every key of a recorded case is an input of the replay, an answer that is compared, or named here. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { blindKinds, gradedShare, type MutationTally, mutateCase, mutationText } from './mutate.ts';
import { isArgument } from './oracle-case.ts';
import { findCases } from './oracle-directory.ts';

const cases = findCases('fixtures/oracle');

/** What the replay takes. */
const INPUTS: ReadonlySet<string> = new Set([
  ...['name', 'board', 'cmdline', 'memory', 'reserved_at_boot', 'unflattened_bytes', 'log_filter'],
  ...['profile.linux', 'profile.arch', 'profile.page_size', 'profile.coherent_series', 'profile.config'],
  'profile.highmem',
  'profile.lab_driver',
]);

/** What nobody reads, and why. */
const UNREAD: Readonly<Record<string, string>> = {
  note: 'words for people',
  'profile.note': 'words for people',
  'boot.panic': 'says that there is a message',
  'boot.message': 'is compared as the panic',
  'boot.tail': 'call traces',
  'profile.max_page_order':
    'bounds the pageblock, which is compared; /proc/buddyinfo there has higher orders',
  'steps.fork.pid': "is the machine's",
  'profile.cgroup': 'words for people',
  'profile.config_more': 'what the media cases were built with besides',
  complete: 'that the recorder came to its end',
};

/** The keys of a case, those of a step with its op. */
function keysOf(root: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(root).flatMap(([key, value]) => {
    if (key === 'profile' || key === 'boot')
      return Object.keys(value as object).map((inner) => `${key}.${inner}`);
    if (key !== 'steps' || !Array.isArray(value)) return [key];
    return value.flatMap((step) =>
      Object.keys(step).flatMap((inner) => {
        const isInput = inner === 'op' || isArgument(step.op, inner);
        return isInput ? [] : [`steps.${step.op}.${inner}`];
      }),
    );
  });
}

it('compares every key, or says why not', () => {
  const tallies = new Map<string, MutationTally>();
  const keys = new Set<string>();
  for (const { id, file, boards } of cases) {
    const text = readFileSync(file, 'utf8');
    for (const key of keysOf(JSON.parse(text))) keys.add(key);
    // A case of each kind is enough: the rest is `npm run conformance -- DIR --mutate`.
    if (
      /copyout-fails$|^(abi-.*|attach-cma|views|emfile|errors|names|sp-.*|trc-30.*|trace-cma-1|trc-328|many-regions|cases-7.3-devices\/(dev-(attrs|exhaust|heap|pool-odd|restricted|smallmask)|media-.*)|cases-5.10-devices\/(dev-(heap|plain|rebind)|media-.*)|cases-7.3-import\/import-(after-close|two|fork)-.*|cases-7.3-memcg\/.*)$/.test(
        id,
      )
    ) {
      mutateCase(id, text, boards, tallies);
    }
  }
  const compared = new Set(
    [...tallies.values()].map(({ kind }) =>
      kind
        .replace(/, one missing$/, '')
        .replace(/ .*$/, '')
        .replace(/,$/, ''),
    ),
  );
  const read = (key: string): boolean =>
    INPUTS.has(key) ||
    Object.hasOwn(UNREAD, key) ||
    [...compared].some((kind) => kind === key || kind.startsWith(`${key}.`)) ||
    compared.has(key.replace(/\.text$/, ''));
  expect([...keys].filter((key) => !read(key)).sort()).toEqual([]);
  const { noticed, total } = gradedShare(tallies.values());
  expect(noticed / total, mutationText(tallies.values())).toBeGreaterThanOrEqual(0.99);
  expect(total).toBeGreaterThan(5000);
  expect(blindKinds(tallies.values())).toEqual([]);
});

it('knows of no key that no case has', () => {
  const keys = new Set(cases.flatMap(({ file }) => keysOf(JSON.parse(readFileSync(file, 'utf8')))));
  expect(Object.keys(UNREAD).filter((key) => !keys.has(key))).toEqual([]);
});
