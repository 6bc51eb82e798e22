/** dtc's checks over finished trees: each fails where it should, and the real dtc says the same. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeDtb, encodeDtb } from '../../../src/devicetree/dtb.ts';
import { LINT_CHECKS, lint, lintLevels, lintWish } from '../../../src/devicetree/lint/lint.ts';
import type { DtNode } from '../../../src/devicetree/tree.ts';
import { projectPath } from '../../small-board.ts';
import { tree } from '../build-tree.ts';
import { DTC_INSTALLED, dtcIsSince, missingDtc } from '../with-dtc.ts';
import { BAD, GOOD, SILENT } from './lint-trees.ts';

const wish = (kind: '-W' | '-E', text: string) => {
  const made = lintWish(kind, text);
  if (made === undefined) throw new Error(`no check ${text}`);
  return made;
};

const only = (root: DtNode, check: string) =>
  lint(tree(root), lintLevels([wish('-W', check)])).filter((finding) => finding.check === check);

describe('each check', () => {
  const names = LINT_CHECKS.map(({ name }) => name).filter((name) => !SILENT.includes(name));

  it('has a tree that it is not content with', () => {
    expect(Object.keys(BAD).sort()).toEqual([...names].sort());
  });

  it.each(names)('%s', (name) => {
    const [root, path] = BAD[name] ?? [GOOD, ''];
    const found = only(root, name);
    expect(found.map(({ problem }) => problem.node.path)).toContain(path);
    if (name !== 'always_fail') expect(only(GOOD, name)).toEqual([]);
  });

  it.each(SILENT)('%s says nothing of a finished tree', (name) => {
    for (const [root] of Object.values(BAD)) expect(only(root, name)).toEqual([]);
  });
});

describe('levels', () => {
  it('a check that fails keeps those that need it from running', () => {
    const [root] = BAD.address_cells_is_cell ?? [GOOD];
    const checks = new Set(lint(tree(root)).map(({ check }) => check));
    expect(checks).toContain('address_cells_is_cell');
    expect(checks).not.toContain('reg_format');
  });

  it('-W raises what a check needs, -W no- lowers what needs it', () => {
    expect(lintLevels().get('unique_unit_address_if_enabled')).toBe('off');
    expect(
      lintLevels([wish('-W', 'unique_unit_address_if_enabled')]).get('unique_unit_address_if_enabled'),
    ).toBe('warning');
    const off = lintLevels([wish('-W', 'no-addr_size_cells')]);
    expect([off.get('addr_size_cells'), off.get('reg_format'), off.get('i2c_bus_reg')]).toEqual([
      'off',
      'off',
      'off',
    ]);
    expect(off.get('model_is_string')).toBe('warning');
    const errors = lintLevels([wish('-E', 'reg_format')]);
    expect([errors.get('reg_format'), errors.get('addr_size_cells')]).toEqual(['error', 'error']);
    expect(lintLevels([wish('-E', 'no-explicit_phandles')]).get('explicit_phandles')).toBe('off');
    expect(lintWish('-W', 'no-such')).toBeUndefined();
  });

  it('an overlay may refer to what is elsewhere', () => {
    const [root] = BAD.interrupts_property ?? [GOOD];
    const bare = {
      ...root,
      properties: [
        ...root.properties,
        { name: 'interrupt-parent', value: Uint8Array.of(255, 255, 255, 255) },
      ],
    };
    const checks = (isOverlay: boolean) =>
      lint(tree(bare), lintLevels(), isOverlay).map(({ check }) => check);
    expect(checks(false)).toContain('interrupts_property');
    expect(checks(true)).not.toContain('interrupts_property');
  });
});

/** Which checks this dtc makes otherwise: older ones have other rules. */
const OTHER_RULES = dtcIsSince(1, 7)
  ? []
  : ['interrupt_provider', 'interrupt_map', 'avoid_unnecessary_addr_size', 'graph_nodes'];

/** `check path` of everything that dtc says of a blob, with how often. */
function fromDtc(blob: Uint8Array): Map<string, number> {
  const { stderr } = spawnSync('dtc', ['-I', 'dtb', '-O', 'dtb', '-o', '/dev/null', '-f', '-'], {
    input: blob,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const found = new Map<string, number>();
  for (const line of stderr.split('\n')) {
    const match = /(?:Warning|ERROR) \((\w+)\): ([^ ]+?):(?:([^ :]+):)? /.exec(line);
    if (match === null) continue;
    const [, check = '', path = '', property] = match;
    const key = `${check} ${path}${property === undefined ? '' : `:${property}`}`;
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  return found;
}

function fromUs(blob: Uint8Array): Map<string, number> {
  const found = new Map<string, number>();
  for (const { check, problem } of lint(decodeDtb(blob, 'blob'))) {
    const key = `${check} ${problem.node.path}${problem.property === undefined ? '' : `:${problem.property.name}`}`;
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  return found;
}

const compared = (all: ReadonlyMap<string, number>): readonly string[] =>
  [...all]
    .map(([key, count]) => `${key} ${count}`)
    .filter((key) => !OTHER_RULES.some((name) => key.startsWith(`${name} `)))
    .sort();

const blobs = ['fixtures/boards', 'fixtures/oracle/boards'].flatMap((folder) =>
  readdirSync(projectPath(folder))
    .filter((name) => name.endsWith('.dtb'))
    .map((name) => projectPath(`${folder}/${name}`)),
);

describe('as dtc says it', () => {
  if (!DTC_INSTALLED) {
    it('has no dtc to compare with', missingDtc);
    return;
  }
  it.each(blobs)('%s', (file) => {
    const blob = new Uint8Array(readFileSync(file));
    expect(compared(fromUs(blob))).toEqual(compared(fromDtc(blob)));
  });

  const printable = Object.entries(BAD).filter(
    ([name]) => !['duplicate_property_names', 'duplicate_node_names'].includes(name),
  );
  /** dtc goes on with cells of 0 where it could not read them, in checks that do not say that they need them. */
  const dtcSaysMore = ['address_cells_is_cell', 'size_cells_is_cell'];
  it.each(printable)('the tree that %s is not content with', (name, [root]) => {
    const blob = encodeDtb(tree(root));
    const [ours, theirs] = [compared(fromUs(blob)), compared(fromDtc(blob))];
    const isError = LINT_CHECKS.find((check) => check.name === name)?.level === 'error';
    // It stops at the first error.
    if (isError) expect(ours).toEqual(expect.arrayContaining([...theirs]));
    else if (dtcSaysMore.includes(name)) expect(theirs).toEqual(expect.arrayContaining([...ours]));
    else expect(ours).toEqual(theirs);
  });
});
