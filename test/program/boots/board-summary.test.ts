import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { summarizeBoard } from '../../../src/program/boots/board-summary.ts';
import { projectPath } from '../../small-board.ts';

const blob = (name: string) => new Uint8Array(readFileSync(projectPath(`fixtures/${name}`)));

describe('summarizeBoard', () => {
  it('tells the heaps and what is odd', () => {
    const { outcome, model, heaps, findings } = summarizeBoard('x', blob('oracle/boards/errors.dtb'), {});
    expect({ outcome, model }).toEqual({ outcome: 'boots', model: 'oracle,errors' });
    expect(heaps.map(({ name }) => name)).toContain('system');
    expect(findings.map(({ why }) => why)).toContain('cma-misaligned');
  });

  it('gives memory to boards that have none', () => {
    const bare = blob('dts/ok/dtc17-label-path.dtb');
    expect(summarizeBoard('x', bare, {})).toMatchObject({ outcome: 'no-memory', heaps: [] });
    const memory = [{ base: 0x40000000n, size: 1n << 28n }];
    expect(summarizeBoard('x', bare, { memory }).outcome).toBe('boots');
    const own = blob('boards/camera-soc.dtb');
    expect(summarizeBoard('x', own, { memory }).heaps).toEqual(summarizeBoard('x', own, {}).heaps);
  });

  it('never throws, whatever the bytes are', () => {
    const sound = blob('boards/camera-soc.dtb');
    fc.assert(
      fc.property(fc.nat(sound.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const broken = sound.slice();
        broken[at] = byte;
        expect(summarizeBoard('x', broken, {}).outcome).not.toBe('bug');
      }),
      { numRuns: 50 },
    );
    expect(summarizeBoard('x', new Uint8Array(), {}).outcome).toBe('invalid');
  });
});
