/** The named checks: each fails where it should and nowhere else, and what it suggests was booted. */
import { describe, expect, it } from 'vitest';
import { ALL_CHECKS, checkBoard } from '../../src/check/check-board.ts';
import type { Finding } from '../../src/check/finding.ts';
import { type BootOf, repaired, tryBoot } from '../../src/check/trial.ts';
import { lintLevels } from '../../src/devicetree/lint/lint.ts';
import { bootOf, CASES, source } from './check-boards.ts';

const check = (of: BootOf, disabled: readonly string[] = []): readonly Finding[] =>
  checkBoard(of, { levels: lintLevels(), disabled: new Set(disabled) }).findings;

const named = (findings: readonly Finding[], name: string): readonly Finding[] =>
  findings.filter((finding) => finding.check === name);

const ours = ALL_CHECKS.filter(({ by }) => by === 'dmaheap');

describe('every check of ours', () => {
  it('has a board for it and one against it', () => {
    expect(Object.keys(CASES).sort()).toEqual(ours.map(({ name }) => name).sort());
  });

  it.each(ours.map(({ name, severity }) => [name, severity] as const))('%s', (name, severity) => {
    const one = CASES[name];
    if (one === undefined) throw new Error(`no case for ${name}`);
    const { bad, good, params = {}, goodParams = params, say, log } = one;
    const of = bootOf(bad, params);
    const [found] = named(check(of), name);
    expect(found).toBeDefined();
    expect(found?.severity).toBe(severity);
    expect(found?.message).toMatch(/\S/);
    if (log !== undefined) expect(found?.log.join('\n')).toContain(log);
    if (say === undefined) expect(found?.repair).toBeUndefined();
    else {
      expect(found?.repair?.say).toContain(say);
      // What is suggested is made, and the board boots without the finding.
      const after = repaired(of, found?.repair ?? { say });
      expect(named(check(after), name).length).toBeLessThan(named(check(of), name).length);
      const boot = tryBoot(after);
      expect('booted' in boot && boot.booted.panic === undefined).toBe(true);
    }
    expect(named(check(bootOf(good, goodParams)), name)).toEqual([]);
  });
});

describe('the source of a repair', () => {
  const withSource = Object.entries(CASES).filter(([, { say }]) => say !== undefined);

  it.each(withSource)('of %s compiles behind the board, and mends it', (name, { bad, params = {} }) => {
    const of = bootOf(bad, params);
    const [found] = named(check(of), name);
    const { source: lines = [], cmdline, config } = found?.repair ?? {};
    if (lines.length === 0) {
      expect(cmdline ?? config).toBeDefined();
      return;
    }
    const again = bootOf(`${bad}${lines.join('\n')}\n`, params);
    expect(named(check(again), name).length).toBeLessThan(named(check(of), name).length);
    const [made, printed] = [tryBoot(repaired(of, found?.repair ?? { say: '' })), tryBoot(again)];
    if (!('booted' in made) || !('booted' in printed)) throw new Error('a repair that does not boot');
    expect(printed.booted.heaps).toEqual(made.booted.heaps);
    expect(printed.booted.regions.map(({ name: region, base, size }) => [region, base, size]).sort()).toEqual(
      made.booted.regions.map(({ name: region, base, size }) => [region, base, size]).sort(),
    );
  });
});

describe('what is not said', () => {
  it('is what is disabled', () => {
    const of = bootOf(CASES['cma-misaligned']?.bad ?? '');
    expect(named(check(of, ['cma-misaligned']), 'cma-misaligned')).toEqual([]);
  });

  it('is advice to memory of firmware and drivers', () => {
    const reserved = `
      vdev0vring0: vdev0vring0@60000000 { no-map; reg = <0 0x60000000 0 0x8000>; };
      ramoops@60100000 { compatible = "ramoops"; reg = <0 0x60100000 0 0x100000>; record-size = <0x20000>; };
      framebuffer@61000000 { reg = <0 0x61000000 0 0x800000>; no-map; };
      tfa@62000000 { reg = <0 0x62000000 0 0x80000>; no-map; };
      optee@63000000 { compatible = "linaro,optee-tz"; reg = <0 0x63000000 0 0x80000>; no-map; };`;
    const said = check(bootOf(source(reserved))).map(({ check: name, path }) => `${name} ${path}`);
    expect(said).toEqual([]);
  });

  it('is a second word about the same', () => {
    const found = check(bootOf(CASES['board-size-for-reg']?.bad ?? ''));
    expect(named(found, 'invalid-size')).toEqual([]);
  });
});

describe('a repair', () => {
  it('tells what else it moves and renames', () => {
    const [found] = named(check(bootOf(CASES['region-elsewhere']?.bad ?? '')), 'region-elsewhere');
    const changes = found?.repair?.changes.map(({ what, name, change, other }) => [
      what,
      name,
      change,
      other,
    ]);
    expect(changes).toContainEqual(['heap', 'frames@50000000', 'renamed', 'frames']);
  });

  it('that brings another mistake is not told', () => {
    // Called reusable it would be a CMA area that is misaligned.
    const bad = source(
      'frames@60100000 { compatible = "shared-dma-pool"; reuseable; no-map; reg = <0 0x60100000 0 0x100000>; };',
    );
    const [found] = named(check(bootOf(bad)), 'board-misspelt-property');
    expect(found?.repair).toBeUndefined();
    expect(found?.hint).toBe('did you mean reusable?');
  });
});
