import { expect, test } from 'vitest';
import { memoryAt } from '../../src/report/memory-at.ts';
import { hostileReport } from './hostile-timeline.ts';

const kindsAt = (step: number): string[] => {
  const { map } = memoryAt(hostileReport, step);
  return map.parts.map(({ pfn, pages, thing }) => `${pfn}+${pages} ${map.things[thing]?.kind}`);
};

test('buffers lie over the base while they live', () => {
  const ram = ['16+8 kernel', '24+24 free'];
  expect(kindsAt(0)).toEqual([...ram, '48+32 area-free']);
  expect(kindsAt(1)).toEqual([...ram, '48+4 buffer', '52+28 area-free']);
  expect(kindsAt(2)).toEqual([...ram, '48+4 buffer', '52+8 area-free', '60+2 buffer', '62+18 area-free']);
  expect(kindsAt(3)).toEqual([...ram, '48+12 area-free', '60+2 buffer', '62+18 area-free']);
});

test('a buffer across two parts of the base is cut there', () => {
  const [first] = hostileReport.buffers;
  const across = { ...hostileReport, buffers: [{ ...first!, runs: [46, 4] }] };
  const { map, alive } = memoryAt(across, 1);
  expect(map.parts.filter(({ thing }) => thing === 0)).toMatchObject([
    { pfn: 46, pages: 2 },
    { pfn: 48, pages: 2, place: 0 },
  ]);
  expect(alive).toEqual([0]);
  expect(map.parts.reduce((sum, { pages }) => sum + pages, 0)).toBe(64);
});
