import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeDtb, encodeDtb } from '../../src/devicetree/dtb.ts';
import { printDts } from '../../src/devicetree/dts/print.ts';
import { type AppliedOverlay, applyOverlay } from '../../src/devicetree/overlay.ts';
import { type DeviceTree, getChild, getProperty } from '../../src/devicetree/tree.ts';
import { overlayCase } from './dts/arbitrary-tree.ts';
import { firstDifference } from './dts/compare.ts';
import { compileText } from './dts/compile-file.ts';

const FDTOVERLAY = process.env.FDTOVERLAY ?? 'fdtoverlay';
const version = spawnSync(FDTOVERLAY, ['--version']).stdout?.toString();
const hasFdtoverlay = version !== undefined && version !== '';
if (!hasFdtoverlay) {
  if (process.env.CI !== undefined) throw new Error('fdtoverlay is not installed; CI must compare with it');
  console.warn('fdtoverlay is not installed: NOT comparing with it');
}
/** libfdt keeps the phandles of the base tree since 1.7.1. */
const keepsPhandles =
  / (1\.7\.[1-9]|1\.[89]|[2-9])/.test(version ?? '') || process.env.FDTOVERLAY !== undefined;

const folder = mkdtempSync(join(tmpdir(), 'overlay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function treeOf(text: string, symbols = true): DeviceTree {
  const { tree, diagnostics } = compileText(text, symbols);
  if (tree === undefined) throw new Error(`${JSON.stringify(diagnostics)} in ${text}`);
  return tree;
}

/** What fdtoverlay makes of two trees, or what it says. */
function fdtoverlay(base: DeviceTree, overlay: DeviceTree): DeviceTree | string {
  const [basePath, overlayPath, out] = ['base.dtb', 'overlay.dtbo', 'out.dtb'].map((name) =>
    join(folder, name),
  );
  writeFileSync(basePath!, encodeDtb(base));
  writeFileSync(overlayPath!, encodeDtb(overlay));
  const run = spawnSync(FDTOVERLAY, ['-i', basePath!, '-o', out!, overlayPath!], { timeout: 5000 });
  return run.status === 0
    ? decodeDtb(readFileSync(out!), 'fdtoverlay')
    : (run.stderr?.toString() ?? 'killed');
}

describe.skipIf(!hasFdtoverlay)('an overlay gives the tree that fdtoverlay gives', () => {
  it.each([false, true].filter((relabels) => keepsPhandles || !relabels))(
    'random ones, relabelling: %s',
    (relabels) => {
      fc.assert(
        fc.property(overlayCase(relabels), ({ base, overlay }) => {
          const baseTree = treeOf(base);
          const overlayTree = treeOf(overlay);
          const theirs = fdtoverlay(baseTree, overlayTree);
          const ours = applyOverlay(baseTree, overlayTree);
          if (typeof theirs === 'string') {
            expect(ours.tree).toBeUndefined();
          } else {
            expect(ours.diagnostics).toEqual([]);
            expect(ours.tree && firstDifference(ours.tree, theirs)).toBeUndefined();
          }
        }),
        { numRuns: 80 },
      );
    },
  );
});

const BASE = `/dts-v1/;
/ {
	aliases { serial = "/soc/uart@1"; };
	soc: soc { one; uart: uart@1 { status = "disabled"; }; i2c: i2c@2 { }; };
};`;
const PLUGIN = '/dts-v1/;\n/plugin/;\n';

const apply = (overlay: string, base = BASE, symbols = true): AppliedOverlay =>
  applyOverlay(treeOf(base, symbols), treeOf(overlay));

const textOf = ({ tree, diagnostics }: AppliedOverlay): string => {
  if (tree === undefined) throw new Error(JSON.stringify(diagnostics));
  return printDts(tree, { labels: false }).replaceAll(/\s+/g, ' ');
};

describe('an overlay', () => {
  it('puts new properties and nodes before the others, and replaces in place', () => {
    const text = textOf(
      apply(`${PLUGIN}&soc { two; one = <1>; three; dev@3 { }; dev@4 { }; uart@1 { status = "okay"; }; };`),
    );
    expect(text).toContain(
      'soc { three; two; one = <0x01>; phandle = <0x01>; dev@4 { }; dev@3 { }; uart@1 {',
    );
    expect(text).toContain('status = "okay"');
  });

  it('leaves both trees as they were and shares what it does not touch', () => {
    const base = treeOf(BASE);
    const before = printDts(base);
    const { tree } = applyOverlay(base, treeOf(`${PLUGIN}&uart { status = "okay"; };`));
    expect(printDts(base)).toBe(before);
    expect(tree && getChild(tree.root, 'aliases')).toBe(getChild(base.root, 'aliases'));
  });

  it('raises its phandles above the base’s, and its labels become the base’s', () => {
    const text = textOf(apply(`${PLUGIN}&soc { d: dev { r = <&d &uart>; }; };`));
    expect(text).toContain('dev { phandle = <0x04>; r = <0x04 0x02>;');
    expect(text).toContain('d = "/soc/dev"');
  });

  it('raises phandles by either name, up to the highest that there is', () => {
    const raised = (body: string) =>
      textOf(apply(`/dts-v1/; / { f { target-path = "/soc"; __overlay__ { n { ${body} }; }; }; };`));
    expect(raised('phandle = <7>; linux,phandle = <7>;')).toContain(
      'n { linux,phandle = <0x0a>; phandle = <0x0a>;',
    );
    expect(raised('phandle = <0xfffffffb>;')).toContain('phandle = <0xfffffffe>;');
  });

  it('keeps the phandle of a node that has one, by either name', () => {
    // The node has phandle 2 in the base; the overlay calls it 9, and refers to it.
    const kept = (name: string) =>
      textOf(
        apply(
          `/dts-v1/; / { f { target-path = "/soc"; __overlay__ { r = <9>; uart@1 { ${name} = <9>; }; }; };
            __local_fixups__ { f { __overlay__ { r = <0>; }; }; }; };`,
        ),
      );
    expect(kept('phandle')).toContain('r = <0x02>;');
    expect(kept('linux,phandle')).toMatch(
      / linux,phandle = <0x02>;.* r = <0x02>;| r = <0x02>;.* linux,phandle = <0x02>;/,
    );
  });

  it('knows what a property was before', () => {
    const { tree } = apply(`${PLUGIN}&uart { status = "okay"; };`);
    const soc = tree && getChild(tree.root, 'soc');
    const uart = soc && getChild(soc, 'uart@1');
    const origin = uart && getProperty(uart, 'status')?.origin;
    expect(origin?.position).toMatchObject({ line: 3, column: 9 });
    expect(origin?.earlier).toMatchObject([{ kind: 'set', position: { line: 4 } }]);
  });

  it('names a node without its unit address, or an alias', () => {
    const overlay = `${PLUGIN}/ { f { target-path = "serial"; __overlay__ { x; }; }; g { target-path = "/soc/i2c"; __overlay__ { y; }; }; };`;
    const text = textOf(apply(overlay));
    expect(text).toContain('uart@1 { x;');
    expect(text).toContain('i2c@2 { y;');
  });

  it('builds on an overlay before it', () => {
    const first = apply(`${PLUGIN}&soc { d: dev { }; };`);
    if (first.tree === undefined) throw new Error('not applied');
    expect(textOf(applyOverlay(first.tree, treeOf(`${PLUGIN}&d { second; };`)))).toContain('dev { second;');
  });

  it('warns when it has no fragment', () => {
    expect(apply('/dts-v1/; / { a; };').diagnostics).toMatchObject([
      { code: 'overlay-empty', severity: 'warning' },
    ]);
  });
});

describe('an overlay that does not fit', () => {
  const raw = (body: string): string => `/dts-v1/; / { ${body} };`;
  it.each([
    ['overlay-no-such-label', apply(`${PLUGIN}&urat { };`), 'did you mean &uart?'],
    [
      'overlay-no-symbols',
      apply(`${PLUGIN}&uart { };`, BASE, false),
      'compile the base tree with its symbols',
    ],
    ['overlay-target-not-found', apply(`${PLUGIN}&{/none} { };`), 'another board'],
    ['overlay-target-not-found', apply(raw('f { target = <77>; __overlay__ { }; };')), 'another board'],
    ['overlay-no-target', apply(raw('f { __overlay__ { }; };')), undefined],
    [
      'overlay-bad-target',
      apply(raw('f { target = <0xffffffff>; __overlay__ { }; };')),
      'compile the overlay again',
    ],
    ['overlay-bad-target', apply(raw('f { target = [01]; __overlay__ { }; };')), 'compile the overlay again'],
    ['overlay-bad-fixup', apply(raw('__fixups__ { uart = "/f:p:0"; };')), 'compile the overlay again'],
    [
      'overlay-bad-fixup',
      apply(raw('f { p = <1>; }; __fixups__ { uart = "/f:p:1"; };')),
      'compile the overlay again',
    ],
    [
      'overlay-bad-fixup',
      apply(raw('f { p = <1>; }; __fixups__ { uart = "/f:p"; };')),
      'compile the overlay again',
    ],
    ['overlay-bad-fixup', apply(raw('f { p = <1>; }; __fixups__ { uart; };')), undefined],
    ['overlay-bad-fixup', apply(raw('__local_fixups__ { p = <0>; };')), 'compile the overlay again'],
    ['overlay-bad-fixup', apply(raw('p = <0>; __local_fixups__ { p = <4>; };')), 'compile the overlay again'],
    [
      'overlay-bad-fixup',
      apply(raw('p = <0>; __local_fixups__ { p = [00]; };')),
      'compile the overlay again',
    ],
    ['overlay-bad-fixup', apply(raw('__local_fixups__ { n { }; };')), 'compile the overlay again'],
    ['overlay-bad-symbol', apply(raw('__symbols__ { l = "/f/__overlay__/x"; };')), undefined],
    ['overlay-bad-symbol', apply(raw('__symbols__ { l = "x"; };')), undefined],
    ['overlay-no-phandles', apply(raw('n { phandle = <0xfffffffe>; };')), 'lower explicit phandles'],
    [
      'overlay-bad-symbol',
      apply(`${PLUGIN}&l { };`, '/dts-v1/; / { __symbols__ { l = "/gone"; }; };'),
      undefined,
    ],
    [
      'overlay-no-phandle',
      apply(`${PLUGIN}&l { };`, '/dts-v1/; / { n { }; __symbols__ { l = "/n"; }; };'),
      'symbols',
    ],
  ])('%s', (code, { tree, diagnostics }, hint) => {
    expect(tree).toBeUndefined();
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    expect(errors).toMatchObject([{ code }]);
    expect(errors[0]?.hint ?? '').toContain(hint ?? '');
  });
});
