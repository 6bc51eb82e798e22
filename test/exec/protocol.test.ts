/** The numbers of the C header and of TypeScript are one. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as protocol from '../../src/exec/protocol.ts';
import { projectPath } from '../small-board.ts';

const header = readFileSync(projectPath('native/protocol.h'), 'utf8');

/** The constants of the header by name, less DMAH_. */
function constants(): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, name = '', value = ''] of header.matchAll(/^#define DMAH_(\w+) (.+)$/gm)) {
    const plain = value.replace(/\/\*.*\*\//, '').replace(/[()\su]/g, '');
    found.set(
      name,
      plain.split('*').reduce((product, factor) => product * Number(factor), 1),
    );
  }
  for (const [, name = '', value = ''] of header.matchAll(/\bDMAH_(\w+) = (\d+)/g)) {
    found.set(name, Number(value));
  }
  return found;
}

const { MESSAGE, HOW, CARRIER, KIND, FLAG, CALL, PATH, ...single } = protocol;
const ours = new Map<string, number>([
  ...Object.entries(single),
  ...[MESSAGE, HOW, CARRIER, KIND, FLAG, CALL, PATH].flatMap((group) => Object.entries(group)),
]);

describe('native/protocol.h', () => {
  it('has constants', () => {
    expect(constants().size).toBeGreaterThan(90);
  });

  it('has the numbers of src/exec/protocol.ts, and no others', () => {
    const groups: readonly Readonly<Record<string, number>>[] = [
      MESSAGE,
      HOW,
      CARRIER,
      KIND,
      FLAG,
      CALL,
      PATH,
    ];
    const names = groups.flatMap((group) => Object.keys(group));
    // No two groups have a name in common, so that one map holds all.
    expect(new Set(names).size).toBe(names.length);
    const sorted = (map: ReadonlyMap<string, number>) =>
      [...map].filter(([name]) => name !== 'PROTOCOL_H').sort();
    expect(sorted(ours)).toEqual(sorted(constants()));
  });
});
