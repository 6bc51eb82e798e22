import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fromJSONSchema } from 'zod';
import { boardFromYaml } from '../../src/board/from-yaml.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const shipped: unknown = JSON.parse(read('schema/board.schema.json'));

/** Whether an editor with the JSON Schema takes a board. */
const editorTakes = (text: string): boolean =>
  fromJSONSchema(shipped as Parameters<typeof fromJSONSchema>[0]).safeParse(parse(text)).success;

describe('the JSON Schema of boards', () => {
  it.each(['camera-soc', 'video-box'])('takes the board %s', (name) => {
    const text = read(`fixtures/boards/${name}.yaml`);
    expect(boardFromYaml(text, name).diagnostics).toEqual([]);
    expect(editorTakes(text)).toBe(true);
  });

  it('takes the boards of the documentation', () => {
    const boards = [...read('docs/board-yaml.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
      (match) => match[1] ?? '',
    );
    expect(boards.length).toBeGreaterThan(3);
    for (const text of boards) {
      expect(boardFromYaml(text, 'docs/board-yaml.md').diagnostics, text).toEqual([]);
      expect(editorTakes(text), text).toBe(true);
    }
  });

  it.each([
    'memroy: {}',
    'memory: {}',
    'memory: { reg: [1] }',
    'memory: { reg: [1, -1] }',
    '"#address-cells": 3',
    'reserved-memory: { a: { size: 1.5M } }',
    'reserved-memory: { a: { no-map: yes } }',
    'devices: { /a: { memory-region: 5 } }',
    'devices: { /a: { dma-coherent: yes } }',
    'devices: { /a: { iommus: [0, 1] } }',
  ])('refuses %s', (text) => {
    expect(editorTakes(text)).toBe(false);
    expect(() => boardFromYaml(text, 'b.yaml')).toThrow();
  });
});
