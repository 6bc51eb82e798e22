import { describe, expect, it } from 'vitest';
import { boardFromYaml } from '../../src/board/from-yaml.ts';
import { Random } from '../fuzz/random.ts';
import { judge, MAX_INPUT } from '../fuzz/target.ts';
import { yamlTarget } from './yaml-fuzz-target.ts';

/** The short form of the long fuzz run. */
const INPUTS = 1200;

describe('fuzzed YAML', () => {
  it('gives a board or a named diagnostic, in bounded time', () => {
    let accepted = 0;
    for (let index = 0; index < INPUTS; index++) {
      const input = yamlTarget.input(new Random(index));
      expect(input.length).toBeLessThanOrEqual(MAX_INPUT);
      const outcome = judge(yamlTarget, input);
      expect(outcome.finding, `input ${index}`).toBeUndefined();
      if (outcome.accepted) accepted++;
    }
    // Both sides were reached: inputs that are refused, and inputs that are understood.
    expect(accepted).toBeGreaterThan(INPUTS / 50);
    expect(accepted).toBeLessThan((INPUTS * 9) / 10);
  });

  it('once gave a message of two lines for an escape that the line end breaks', () => {
    const text = 'a: "\\ue\n  b"\n';
    expect(judge(yamlTarget, new TextEncoder().encode(text)).finding).toBeUndefined();
    expect(() => boardFromYaml(text, 'x.yaml')).toThrow(/Invalid escape sequence \\ue$/m);
  });

  it('took a second for half a megabyte of broken escapes in one string, once', () => {
    const text = `"${'&a \\'.repeat(131_000)}"`;
    const start = performance.now();
    const { finding, accepted } = judge(yamlTarget, new TextEncoder().encode(text));
    expect({ finding, accepted }).toEqual({ finding: undefined, accepted: false });
    expect(performance.now() - start).toBeLessThan(300);
    expect(() => boardFromYaml(text, 'x.yaml')).toThrow('more than 65536');
  });
});
