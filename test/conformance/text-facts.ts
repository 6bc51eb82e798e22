/** How the texts of virtual files are compared, at the grades that the oracle's README gives each. */
import type { Fact } from './fact.ts';
import { exact } from './fact.ts';
import type { Json } from './oracle-case.ts';

/**
 * One recorded text against ours. All of it is exact, but for:
 * - `mnt_id` of fdinfo, which counts the mounts of the machine;
 * - meminfo: the Cma lines are exact, of the others the names, their order and their layout;
 * - buddyinfo and pagetypeinfo: the layout, the zones and the types, not the numbers;
 * - /proc/devices belongs to the machine: only the line of dma_heap is compared.
 */
export function textFacts(at: string, path: string, expected: string, got: Json | undefined): Fact[] {
  const ours = typeof got === 'string' ? got : undefined;
  const layout = (text: string): string => text.replace(/ *[0-9]+/g, ' N');
  const structural = (want: string, have: string | undefined): Fact => ({
    ...exact(`${at}.layout`, want, have),
    grade: 'structural',
  });
  switch (path) {
    case '/proc/meminfo': {
      const lines = ['CmaTotal', 'CmaFree'].map((name) =>
        exact(`${at}.${name}`, lineOf(expected, name), ours === undefined ? undefined : lineOf(ours, name)),
      );
      return [...lines, structural(meminfoLayout(expected), ours && meminfoLayout(ours))];
    }
    case '/proc/buddyinfo':
    case '/proc/pagetypeinfo':
      return [structural(layout(expected), ours && layout(ours))];
    case '/proc/devices':
      return [exact(`${at}.dma_heap`, deviceLine(expected), ours && deviceLine(ours))];
    default:
      return [exact(at, withoutMntId(expected), ours && withoutMntId(ours))];
  }
}

const lineOf = (text: string, name: string): Json =>
  text.split('\n').find((line) => line.startsWith(`${name}:`)) ?? null;

/** The names in order, each with the column where its number ends. */
const meminfoLayout = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : `${line.split(':')[0]} ${line.length} ${line.slice(-3)}`))
    .join('\n');

const deviceLine = (text: string): Json =>
  text.split('\n').find((line) => line.endsWith(' dma_heap')) ?? null;

const withoutMntId = (text: string): string => text.replace(/^mnt_id:\t[0-9]+$/m, 'mnt_id:');
