import { expect, test } from 'vitest';
import { timelineDifferences } from '../../src/report/compare-timelines.ts';
import { memoryAt } from '../../src/report/memory-at.ts';
import { type MemoryMap, memoryMap } from '../../src/report/memory-map.ts';
import type { TimelineData } from '../../src/report/report-data.ts';
import { Timeline } from '../../src/report/timeline.ts';
import { ScenarioRun } from '../../src/scenario/index.ts';
import { prepared } from '../scenario/running.ts';

const STEPS = `
steps:
  - { alloc: { heap: video-cma@60000000, size: 1M, name: frame }, as: a, task: camera }
  - { alloc: { heap: system, size: 300K }, as: b }
  - { alloc: { heap: vpu-pool@50000000, size: 64K }, as: c }
  - { name: { fd: b, name: late } }
  - { free: a, task: camera }
  - { alloc: { heap: video-cma@60000000, size: 1G }, expect: { errno: ENOMEM } }
  - { age: { area: video-cma@60000000, steps: 20 } }
  - { exit: true }
`;

/** Runs it. @returns what the timeline kept, and the kernel's own map before the first step and after each */
async function watched(text: string): Promise<{ data: TimelineData; maps: readonly MemoryMap[] }> {
  const maps: MemoryMap[] = [];
  let timeline: Timeline | undefined;
  const run = new ScenarioRun(await prepared(text), {
    keepGoing: true,
    onBoot: (kernel) => {
      timeline = new Timeline(kernel);
      maps.push(memoryMap(kernel));
    },
    onSeen: ({ at, outcome }, { task, leaf }) => {
      const { errno } = outcome;
      timeline?.stepped({ text: leaf.action, task, ...(errno !== undefined && { ended: errno }) });
      maps.push(memoryMap(at.machine.kernel));
    },
  });
  while (!run.advance(100)) {
    // To the end.
  }
  if (timeline === undefined) throw new Error('the board did not boot');
  return { data: timeline.data(), maps };
}

/** Runs of pages by kind; neighbours of one kind are one. */
function kindsOf({ parts, things }: MemoryMap): string[] {
  const runs: { pfn: number; end: number; kind: string }[] = [];
  for (const { pfn, pages, thing } of parts) {
    const kind = things[thing]?.kind ?? '';
    const last = runs.at(-1);
    if (last?.end === pfn && last.kind === kind) last.end += pages;
    else runs.push({ pfn, end: pfn + pages, kind });
  }
  return runs.map(({ pfn, end, kind }) => `${pfn}-${end} ${kind}`);
}

test('the map of every step is the one that the kernel had', async () => {
  const { data, maps } = await watched(STEPS);
  expect(maps.length).toBe(data.steps.length + 1);
  for (const [step, map] of maps.entries()) {
    expect({ step, kinds: kindsOf(memoryAt(data, step).map) }).toEqual({ step, kinds: kindsOf(map) });
  }
});

test('buffers have their names, tasks and lives; failures their errno', async () => {
  const { data } = await watched(STEPS);
  expect(data.buffers.slice(0, 3)).toMatchObject([
    { name: 'frame', task: 'camera', bytes: 1 << 20, born: 1, died: 5 },
    { name: 'late', task: 'shell', born: 2, died: 8 },
    { heap: 'vpu-pool@50000000', born: 3, died: 8 },
  ]);
  expect(data.steps[5]).toMatchObject({ ended: 'ENOMEM' });
  expect(data.log.some(({ step }) => step === 0)).toBe(true);
});

test('what is different with another run is told by step', async () => {
  const [own, other] = await Promise.all([
    watched('steps:\n  - { alloc: { heap: video-cma@60000000, size: 1M } }\n'),
    watched('steps:\n  - { alloc: { heap: video-cma@60000000, size: 1G } }\n'),
  ]);
  expect(timelineDifferences(own.data, own.data)).toEqual([]);
  expect(timelineDifferences(own.data, other.data)).toEqual([
    'step 1: alloc: done at 0x60000000; there ENOMEM',
  ]);
});
