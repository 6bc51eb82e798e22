/** What two boots have not in common, one line each, and as JSON. */

import { whyNoHeap } from '../../check/explain-region.ts';
import type { BootDifference, Fate, Placed } from '../../program/boots/boot-differences.ts';
import { formatHex, formatSize } from '../../units.ts';

function placedText({ base, size }: Placed = {}): string {
  if (base === undefined) return size === undefined ? 'not placed' : formatSize(size);
  return `${formatHex(base)}${size === undefined ? '' : ` (${formatSize(size)})`}`;
}

const KINDS: Readonly<Record<Fate['kind'], string>> = {
  cma: 'CMA area',
  coherent: 'coherent pool',
  reserved: 'plain reserved memory',
  none: 'nothing',
};

/** Plain reserved memory always has a reason to be that, unless a declared heap is made of it. */
const fateText = ({ kind, why, isDefault }: Fate): string =>
  kind === 'reserved' && why === undefined
    ? 'the memory of a declared heap'
    : `${isDefault ? 'the default ' : ''}${KINDS[kind]}${why === undefined ? '' : ` (${whyNoHeap(why)})`}`;

export function bootLine({
  what,
  name,
  change,
  before,
  after,
  other,
  fates,
  panics,
}: BootDifference): string {
  const named = what === name ? name : `${what} ${name}`;
  switch (change) {
    case 'added':
      return `${named}: added, ${placedText(after)}`;
    case 'aliased':
      return `${named}: added, another name of ${other}, ${placedText(after)}`;
    case 'removed':
      return `${named}: gone, was ${placedText(before)}`;
    case 'renamed':
      return `${named}: renamed to ${other}, ${placedText(after)}`;
    case 'moved':
    case 'grown':
    case 'shrunk':
      return `${named}: ${change}, ${placedText(before)} -> ${placedText(after)}`;
    case 'fate':
      return `${named}: was ${fates === undefined ? '' : `${fateText(fates[0])}; is ${fateText(fates[1])}`}`;
    case 'panic': {
      const [then, now] = (panics ?? []).map((text) => (text === undefined ? 'boots' : `dies: ${text}`));
      return `${named}: ${then} -> ${now}`;
    }
  }
}

const placedJson = (placed: Placed | undefined) =>
  placed === undefined
    ? null
    : {
        base: placed.base === undefined ? null : formatHex(placed.base),
        size: placed.size === undefined ? null : Number(placed.size),
      };

const fateJson = (fate: Fate) => ({
  kind: fate.kind,
  'linux,cma-default': fate.isDefault,
  why: fate.why ?? null,
  reason: fate.why === undefined ? null : whyNoHeap(fate.why),
});

export const bootDifferenceJson = ({
  what,
  name,
  change,
  before,
  after,
  other,
  fates,
  panics,
}: BootDifference) => ({
  what,
  name,
  change,
  before: placedJson(before),
  after: placedJson(after),
  ...(other !== undefined && { other }),
  ...(fates !== undefined && { fates: fates.map(fateJson) }),
  ...(panics !== undefined && { panics: panics.map((panic) => panic ?? null) }),
});
