/** What a message calls a place in a scenario: `steps[3].alloc.size`. */
import type { Path } from './problem.ts';

export const placeName = (path: Path): string =>
  path.length === 0
    ? 'the scenario'
    : path
        .map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${step}`))
        .join('');
