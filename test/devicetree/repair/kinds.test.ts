/**
 * Each kind of damage, on boards of all kinds: what is mended is the tree that the whole source has, byte for byte, and
 * what was assumed is said with its line.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileSource } from '../../../src/devicetree/compile-source.ts';
import { encodeDtb } from '../../../src/devicetree/dtb.ts';
import { printDts } from '../../../src/devicetree/dts/print.ts';
import { looksPasted } from '../../../src/devicetree/repair/clean-paste.ts';
import { type CompiledPaste, compilePasted } from '../../../src/devicetree/repair/compile-pasted.ts';
import { decodeSource } from '../../../src/devicetree/source-encoding.ts';
import type { DeviceTree } from '../../../src/devicetree/tree.ts';
import { InvalidInput } from '../../../src/diagnostic.ts';
import { fixtureSeeds } from '../../fuzz/fixture-seeds.ts';
import { projectPath } from '../../small-board.ts';

const nothing = { readFile: () => undefined };

const paste = (text: string, memory = false): CompiledPaste =>
  compilePasted({ path: 'paste', text }, { ...nothing, memory });

function strict(text: string): DeviceTree | undefined {
  try {
    return compileSource({ path: 'whole', text }, nothing).tree;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return undefined;
  }
}

const boards = fixtureSeeds('.dts')
  .filter(({ name }, index) => name.startsWith('oracle/boards/') && index % 4 === 0)
  .flatMap(({ name, bytes }) => {
    // As dtc prints it: a line a statement, without what only one source has.
    const tree = strict(decodeSource(bytes));
    const text = tree === undefined ? undefined : printDts(tree);
    return text === undefined ? [] : [{ name, text }];
  });

const prefixed = (front: (line: number) => string) => (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line, index) => `${front(index)}${line}`)
    .join('\n');

const two = (number: number): string => String(number).padStart(2, '0');

/** What people do to a source, and what is said of it. */
const KINDS: Readonly<Record<string, readonly [damage: (text: string) => string, codes: readonly string[]]>> =
  {
    'without /dts-v1/': [(text) => text.replace('/dts-v1/;', ''), ['assumed-version']],
    'without the root': [
      (text) =>
        text
          .replace(/\/dts-v1\/;/, '')
          .replace(/^\/ \{$/m, '')
          .replace(/\};\s*$/, ''),
      ['assumed-version', 'assumed-root'],
    ],
    'without the semicolons of one property in three': [
      (text) => {
        let count = 0;
        return text.replace(/(?<=^\t.*[>"\]a-z]);$/gm, (found) => (count++ % 3 === 0 ? '' : found));
      },
      ['assumed-semicolon'],
    ],
    'without the semicolons behind braces': [(text) => text.replace(/\};/g, '}'), ['assumed-semicolon']],
    'an #include of a file that nobody has': [
      (text) =>
        text.replace('/dts-v1/;', '/dts-v1/;\n#include <dt-bindings/clock/none.h>\n/include/ "none.dtsi"'),
      ['assumed-include'],
    ],
    'quoted in a mail': [prefixed(() => '> '), ['assumed-quote-marks']],
    'quoted in a reply to a reply': [prefixed(() => '>> > '), ['assumed-quote-marks']],
    'added by a patch': [prefixed(() => '+'), ['assumed-diff']],
    'a patch that is quoted': [prefixed(() => '> +'), ['assumed-quote-marks', 'assumed-diff']],
    'with times of printk': [
      prefixed((line) => `[${String(line).padStart(5)}.${two(line % 100)}0000] `),
      ['assumed-time-stamps'],
    ],
    'with times of a terminal program': [
      prefixed((line) => `[2026-11-29 10:${two(line % 60)}:${two(line % 59)}.123] `),
      ['assumed-time-stamps'],
    ],
    'with times of a serial logger': [
      prefixed((line) => `10:${two(line % 60)}:${two(line % 59)}.456 -> `),
      ['assumed-time-stamps'],
    ],
    'with times and hosts of a log': [
      prefixed((line) => `Nov 29 10:${two(line % 60)}:${two(line % 59)} board kernel: `),
      ['assumed-time-stamps'],
    ],
    'with line numbers': [prefixed((line) => `${String(line + 1).padStart(4)}: `), ['assumed-line-numbers']],
    'fdt print of a boot loader': [
      (text) => `=> fdt print /\n${text.replace('/dts-v1/;\n', '').trim()}\n=> `,
      ['assumed-noise', 'assumed-version'],
    ],
    'a whole console of a boot loader': [
      (text) =>
        `U-Boot 2026.01 (Jan 01 2026 - 00:00:00 +0000)\n\nDRAM:  1 GiB\nHit any key to stop autoboot:  0\nu-boot=> fdt addr \${fdt}\nWorking FDT set to 43000000\nu-boot=> fdt print /\n${text.replace('/dts-v1/;\n', '').trim()}\nu-boot=> \n`,
      ['assumed-noise', 'assumed-version'],
    ],
    'what dtc prints, with what it says': [
      (text) =>
        `root@board:~# dtc -I fs /proc/device-tree\n<stdout>: Warning (unit_address_vs_reg): /soc: node has a reg, but no unit name\n${text}root@board:~# \n`,
      ['assumed-noise'],
    ],
    'between fences, after a sentence': [
      (text) => `This is the tree of my board:\n\n\`\`\`\n${text}\`\`\`\nAny ideas?\n`,
      ['assumed-noise'],
    ],
    'with the quotes of a text program': [
      (text) => text.replace(/"([^"\n]*)"/g, '“$1”'),
      ['assumed-characters'],
    ],
    'from a web page': [
      (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;'),
      ['assumed-characters'],
    ],
  };

const blobOf = (tree: DeviceTree): string => Buffer.from(encodeDtb(tree)).toString('hex');

describe('a whole source', () => {
  it('is there in many forms', () => {
    expect(boards.length).toBeGreaterThan(40);
  });
});

describe.each(Object.entries(KINDS))('%s', (_, [damage, codes]) => {
  it('is mended to the tree that it was', () => {
    let damages = 0;
    for (const { name, text } of boards) {
      const whole = strict(text);
      const broken = damage(text);
      // A board may not have what the damage is about.
      if (whole === undefined || broken === text || strict(broken) !== undefined) continue;
      damages++;
      const { tree, assumed } = paste(broken);
      expect({ name, blob: blobOf(tree) }).toEqual({ name, blob: blobOf(whole) });
      expect([...new Set(assumed.map(({ code }) => code))], name).toEqual(expect.arrayContaining([...codes]));
      for (const { assumes, message, position } of assumed) {
        expect([assumes, position?.file, message.includes('\n')]).toEqual(['form', 'paste', false]);
        expect(position?.line).toBeGreaterThan(0);
      }
    }
    expect(damages).toBeGreaterThan(10);
  });
});

it('takes most pastes for source that have no name of one', () => {
  const [board] = boards;
  for (const [kind, [damage]] of Object.entries(KINDS)) {
    expect([kind, looksPasted(damage(board?.text ?? ''))]).toEqual([kind, true]);
  }
});

it.each([
  'fixtures/boards/camera-soc.yaml',
  'fixtures/scenarios/ci-gate.yaml',
  'README.md',
  'package.json',
  'src/index.ts',
  'docs/cli.md',
])('%s is no paste of source', (file) => {
  expect(looksPasted(readFileSync(projectPath(file), 'utf8'))).toBe(false);
});

/** What a text is refused with: lines and messages; and what it is assumed to mean with --repair. */
function refusal(text: string): readonly string[] {
  try {
    paste(text);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.diagnostics.map(({ position, message }) => `${position?.line}: ${message}`);
  }
}

const textOf = ({ tree }: CompiledPaste): string => printDts(tree);

const RESERVED = '#address-cells = <2>; #size-cells = <2>; ranges;';
const POOL = 'compatible = "shared-dma-pool"; reusable; reg = <0 0x50000000 0 0x400000>;';

describe('what memory depends on is assumed only for who asks', () => {
  it.each([
    [
      'a label in memory-region',
      `/dts-v1/; / { ${RESERVED.replace('ranges;', '')} cam { memory-region = <&gone>; }; };`,
      /label "gone".*memory-region of \/cam/,
    ],
    [
      'a label in iommus',
      `/dts-v1/; / { ${RESERVED.replace('ranges;', '')} cam { iommus = <&smmu 3>; }; };`,
      /label "smmu".*iommus of \/cam/,
    ],
    [
      'a macro in the reg of a region',
      `/dts-v1/;\n#include "none.h"\n/ { ${RESERVED.replace('ranges;', '')} reserved-memory { ${RESERVED} p@1 { compatible = "shared-dma-pool"; reg = <0 BASE 0 SIZE(1, (2))>; }; }; };`,
      /BASE.*"reg" of \/reserved-memory\/p@1/,
    ],
    [
      'a macro in the reg of memory',
      `/dts-v1/; / { ${RESERVED.replace('ranges;', '')} memory@0 { device_type = "memory"; reg = <0 DDR_BASE 0 1>; }; };`,
      /DDR_BASE.*"reg" of \/memory@0/,
    ],
    ['a macro in /memreserve/', '/dts-v1/; /memreserve/ FW_BASE 0x1000; / { };', /FW_BASE.*\/memreserve\//],
    [
      'cells that a fragment does not show',
      `reserved-memory { ranges; p@50000000 { ${POOL} }; };`,
      /how many cells/,
    ],
    ['a region without the node around it', `p@50000000 { ${POOL} };`, /node around p@50000000/],
    [
      'a region that another file defines',
      `/dts-v1/; / { ${RESERVED} }; &linux_cma { size = <0 0x4000000>; };`,
      /&linux_cma/,
    ],
    [
      '/reserved-memory by its label alone',
      `&reserved_memory { p@50000000 { ${POOL} }; };`,
      /&reserved_memory/,
    ],
    ['memory by its label alone', '&memory { reg = <0 0 0 0x80000000>; };', /&memory/],
    ['the command line by its label alone', '&chosen { bootargs = "cma=64M"; };', /&chosen/],
    [
      'a value that was not printed',
      `/ { ${RESERVED.replace('ranges;', '')} reserved-memory { ${RESERVED} p@1 { no-map; reg = * 0x9df5 [0x80]; }; }; };`,
      /print the value of "reg"/,
    ],
    [
      'a list of a boot loader',
      `=> fdt list /\n/ {\n\t${RESERVED.replace('ranges;', '')}\n\tmemory@0 {\n\t};\n};`,
      /memory@0 was listed/,
    ],
    [
      'an end in the middle',
      `/dts-v1/; / { ${RESERVED.replace('ranges;', '')} reserved-memory { ${RESERVED} p@1 { no-map;`,
      /ends within/,
    ],
    [
      'something left out of it',
      `/dts-v1/\n/ { ${RESERVED.replace('ranges;', '')}\nreserved-memory { ${RESERVED}\n...\n}; };`,
      /left something of reserved-memory out/,
    ],
    [
      'a property of no node',
      `no-map;\nreg = <0 0x50000000 0 0x400000>;\n};\nleds { };`,
      /"reg" stands in no node/,
    ],
  ] as const)('%s', (_, text, message) => {
    const found = refusal(text);
    expect(
      found.some((line) => message.test(line)),
      found.join('\n'),
    ).toBe(true);
    expect(found.every((line) => line.endsWith('and memory depends on it'))).toBe(true);
    const { assumed } = paste(text, true);
    const memory = assumed.filter(({ assumes }) => assumes === 'memory');
    expect(memory.map(({ message: said }) => said).some((said) => message.test(said))).toBe(true);
    expect(memory.length).toBe(found.length);
  });

  it('each refusal names the option, and what else helps', () => {
    try {
      paste('/dts-v1/; / { cam { memory-region = <&pool1>; }; pool: pool1x { }; };');
      expect.unreachable();
    } catch (error) {
      const [first] = (error as InvalidInput).diagnostics;
      expect(first?.hint).toMatch(/^.+; or --repair assumes it: .+/);
    }
  });
});

describe('what memory does not depend on', () => {
  it('a label is stubbed, once', () => {
    const { tree, assumed } = paste(
      '/dts-v1/;\n/ { a { clocks = <&clk 1>, <&clk 2>; }; aliases { serial0 = &uart0; }; };',
    );
    expect(assumed.map(({ code, message }) => [code, message.slice(0, 14)])).toEqual([
      ['assumed-label', '&clk stubbed: '],
      ['assumed-label', '&uart0 stubbed'],
    ]);
    expect(tree.root.children.map(({ name }) => name)).toEqual(['a', 'aliases', 'clk', 'uart0']);
  });

  it('a stub gets no name that means something', () => {
    const { tree } = paste('/dts-v1/; / { a { x = <&memory &chosen &a>; y = <&{/soc/b}>; }; };');
    expect(tree.root.children.map(({ name }) => name)).toEqual([
      'a',
      'memory-stub',
      'chosen-stub',
      'a-stub',
      'soc',
    ]);
  });

  it('a macro is 0, with all its arguments', () => {
    const text =
      '/dts-v1/;\n/ { i { interrupts = <GIC_SPI 5 (MASK(4) | HIGH)>, <PIN(1, (2), "x") 7>; f = NAME; g; }; };';
    expect(textOf(paste(text))).toContain('interrupts = <0x00 0x05 0x00>, <0x00 0x07>;');
    expect(textOf(paste(text))).not.toContain('f =');
  });

  it('a label of the next line belongs to it where a semicolon is missing', () => {
    const { tree } = paste('/dts-v1/; / {\n a = <1>\n n: n { };\n b = "x"\n};'.replace(' b = "x"\n', ''));
    expect(printDts(tree)).toContain('n: n {');
  });

  it('a semicolon that is missing within a line is an error', () => {
    expect(refusal('/dts-v1/; / { a = <1> b = <2>; };')).toEqual([
      '1: expected ";" or "," after the value of "a"',
    ]);
  });

  it('a label that is nearly one of a whole source is a mistake, in a part it is not', () => {
    const whole = '/dts-v1/; / { #address-cells = <1>; video: v { }; uart1: u { }; };';
    expect(refusal(`${whole} &vidoe { a; };`)).toEqual(['1: no file that is given defines &vidoe']);
    expect(refusal(`${whole} / { w { x = <&vidoe>; }; };`)).toEqual([
      '1: no file that is given defines the label "vidoe"',
    ]);
    expect(refusal(`${whole} &uart2 { a; };`)).toEqual([]);
    expect(refusal(`${whole}\n#include "soc.dtsi"\n&vidoe { a; };`)).toEqual([]);
    const { assumed } = paste(`${whole} &vidoe { a; };`, true);
    expect(assumed.map(({ assumes }) => assumes)).toEqual(['form']);
  });

  it('an override before the definition counts as after it', () => {
    const { tree, assumed } = paste('/dts-v1/; &n { a = <2>; }; / { n: n { a = <1>; }; };');
    expect(assumed.map(({ code }) => code)).toEqual(['assumed-order']);
    expect(printDts(tree)).toContain('a = <0x02>');
  });

  it('what is deleted and not there is left out', () => {
    const { assumed } = paste('/dts-v1/; / { }; /delete-node/ &gone; /omit-if-no-ref/ &{/not/there};');
    expect(assumed.map(({ message }) => message.split(':')[0])).toEqual([
      '/delete-node/ left out',
      '/omit-if-no-ref/ left out',
    ]);
  });

  it('an overlay without a head is one', () => {
    const { tree, isPlugin, assumed } = compilePasted(
      { path: 'o', text: '&i2c1 { sensor@10 { reg = <0x10>; }; };\nleds { };' },
      { ...nothing, isOverlay: true },
    );
    expect(isPlugin).toBe(true);
    expect(assumed.map(({ code }) => code)).toEqual(['assumed-version', 'assumed-plugin']);
    expect(tree.root.children.map(({ name }) => name)).toEqual(['fragment@0', 'fragment@1', '__fixups__']);
  });
});

describe('a patch', () => {
  const PATCH = `From: somebody
Subject: [PATCH] dts: a pool

---
 a.dts | 5 ++
 drivers/x.c | 1 +

diff --git a/a.dts b/a.dts
--- a/a.dts
+++ b/a.dts
@@ -10,7 +10,13 @@ chosen {
 		stdout-path = "serial0";
 	};
 
+	reserved-memory {
+		${RESERVED}
+		p@50000000 { ${POOL} };
+	};
+
 	leds {
 		compatible = "gpio-leds";
@@ -40,3 +46,3 @@ leds {
 &isp {
-	status = "disabled";
+	status = "okay";
 };
diff --git a/drivers/x.c b/drivers/x.c
--- a/drivers/x.c
+++ b/drivers/x.c
@@ -1,1 +1,2 @@
 int x;
+int y;
-- 
2.39.0
`;

  it('is what it leaves: hunks that begin and end within nodes, of sources alone', () => {
    const { tree, assumed } = paste(PATCH);
    expect(assumed.every(({ assumes }) => assumes === 'form')).toBe(true);
    const text = printDts(tree);
    expect(text).toContain('p@50000000 {');
    expect(text).toContain('status = "okay"');
    expect(text).not.toMatch(/disabled|int x/);
    expect(tree.root.children.map(({ name }) => name)).toEqual(['chosen', 'reserved-memory', 'leds', 'isp']);
  });

  it('a hunk that begins or ends within a region is no whole region', () => {
    const inside = `@@ -10,3 +10,4 @@ vpu: vpu-pool@50000000 {\n \t\treg = <0 0x50000000 0 0x400000>;\n+\t\tno-map;\n \t};\n`;
    expect(refusal(inside).join('\n')).toMatch(/beginning of vpu: vpu-pool@50000000 is not in the hunk/);
  });
});

describe('the root’s cells', () => {
  it('are those of /reserved-memory, and said to be', () => {
    const { tree, assumed } = paste('reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges; };');
    expect(printDts(tree)).toMatch(/\/ \{\n\s+#address-cells = <0x01>;\n\s+#size-cells = <0x01>;/);
    expect(assumed.find(({ code }) => code === 'assumed-cells')?.message).toContain('#size-cells = <1>');
  });

  it('are not where the memory of the same paste has others', () => {
    const found = refusal(
      `memory@0 { device_type = "memory"; reg = <0 0x1000000>; };\nreserved-memory { ${RESERVED} p@5 { ${POOL} }; };`,
    );
    expect(found.join('\n')).toMatch(/do not fit the reg of memory@0/);
  });

  it('of a whole source are never touched, though something else of it is mended', () => {
    const text = `/dts-v1/;\n/ {\nmodel = "x"\nreserved-memory { ${RESERVED} p@5 { ${POOL} }; };\n};`;
    const { tree, assumed } = paste(text);
    expect(assumed.map(({ code }) => code)).toEqual(['assumed-semicolon']);
    expect(tree.root.properties.map(({ name }) => name)).toEqual(['model']);
  });
});

it('errors that are none of form stay, with the lines of the paste', () => {
  try {
    paste('> / {\n>   a = <1 zwei->;\n>   b = <2>\n> };');
    expect.unreachable();
  } catch (error) {
    const [first] = (error as InvalidInput).diagnostics;
    expect(first).toMatchObject({ position: { file: 'paste', line: 2 }, excerpt: '>   a = <1 zwei->;' });
  }
});

it('a text of thousands of assumptions is no source', () => {
  expect(refusal(`/dts-v1/; / { ${'a\n'.repeat(3000)} };`).join()).toMatch(/more than 1000 things/);
});
