import { mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeDtb, encodeDtb } from '../../src/devicetree/dtb.ts';
import { cells, node, tree } from '../devicetree/build-tree.ts';
import { firstDifference } from '../devicetree/dts/compare.ts';
import { DTC_INSTALLED, dtc, dtcIsSince, missingDtc } from '../devicetree/with-dtc.ts';
import { freshPlace, type Place } from './built-command.ts';

if (!DTC_INSTALLED) missingDtc();

/** A fresh place with files in it. */
function placeWith(files: Readonly<Record<string, string | Uint8Array>>): Place {
  const place = freshPlace();
  for (const [name, content] of Object.entries(files)) {
    const path = join(place.dir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return place;
}

const bytesOf = (place: Place, name: string): Uint8Array => readFileSync(join(place.dir, name));
const json = async (place: Place, line: string) => JSON.parse((await place.sh(`${line} --json`)).stdout);

/** A board whose pool is there only with -D POOL, from a header that -I finds. */
const BOARD = {
  'board.dts': `/dts-v1/;
#include "soc.dtsi"
&video {
	status = "okay";
};
#ifdef POOL
#include <pool.h>
&pool { reg = <POOL_AT POOL>; };
#endif
`,
  'soc.dtsi': `#define MHZ(x) ((x) * 1000000)
/ {
	#address-cells = <1>;
	#size-cells = <1>;
	memory@40000000 { device_type = "memory"; reg = <0x40000000 0x10000000>; };
	reserved-memory {
		#address-cells = <1>;
		#size-cells = <1>;
		ranges;
		pool: pool@48000000 { compatible = "shared-dma-pool"; reg = <0x48000000 0x100000>; no-map; };
	};
	video: video@1000 { status = "disabled"; clock = <MHZ(100)>; memory-region = <&pool>; };
};
`,
  'include/pool.h': '#define POOL_AT 0x49000000\n',
  'larger.dtso': '/dts-v1/;\n/plugin/;\n&pool { reg = <0x48000000 0x400000>; };\n',
  'off.dtso': '/dts-v1/;\n/plugin/;\n&video { status = "disabled"; };\n&{/} { model = "laid over"; };\n',
};

describe('dmaheap dt', () => {
  test('gives what dtc gives, from every form of a board, and back', async () => {
    const place = placeWith({});
    const dts = readFileSync(join(place.dir, 'boards/camera-soc.dts'), 'utf8');
    const steps = await place.sh(`set -e
      dmaheap dt boards/camera-soc.dts -O dtb -o a.dtb
      dmaheap dt boards/camera-soc.dts -O dtb > b.dtb
      dmaheap dt boards/camera-soc.dts | dmaheap dt - --output dtb --out c.dtb
      dmaheap dt - < a.dtb > d.dts
      dmaheap dt d.dts -O dtb -o d.dtb
      cp a.dtb misnamed.dts && dmaheap dt misnamed.dts -O dtb -o e.dtb
      dmaheap dt -@ boards/camera-soc.dts -O dtb -o symbols.dtb
      dmaheap dt boards/camera-soc.yaml -o yaml.dts && dmaheap dt yaml.dts -O dtb -o yaml.dtb
      dmaheap dt boards/camera-soc.yaml -O dtb -o yaml2.dtb`);
    expect(steps).toEqual({ stdout: '', stderr: '', code: 0 });
    const first = bytesOf(place, 'a.dtb');
    for (const name of ['b.dtb', 'c.dtb', 'd.dtb', 'e.dtb'])
      expect([name, Buffer.compare(first, bytesOf(place, name))]).toEqual([name, 0]);
    expect(Buffer.compare(bytesOf(place, 'yaml.dtb'), bytesOf(place, 'yaml2.dtb'))).toBe(0);
    const symbols = bytesOf(place, 'symbols.dtb');
    expect(decodeDtb(symbols, 's').root.children.map(({ name }) => name)).toContain('__symbols__');
    if (!DTC_INSTALLED) return;
    const input = ['-I', 'dts', '-O', 'dtb'];
    expect(Buffer.compare(first, dtc(input, dts))).toBe(0);
    expect(Buffer.compare(first, dtc(input, readFileSync(join(place.dir, 'd.dts'), 'utf8')))).toBe(0);
    expect(Buffer.compare(symbols, dtc([...input, '-@'], dts))).toBe(0);
  });

  test('prints overlays too, and takes them from dtc', async () => {
    const place = placeWith(BOARD);
    await place.sh('dmaheap dt off.dtso -O dtb -o off.dtbo && dmaheap dt off.dtbo > again.dts');
    expect((await place.sh('dmaheap dt again.dts -O dtb | cmp - off.dtbo')).code).toBe(0);
    if (DTC_INSTALLED) {
      const theirs = dtc(['-I', 'dts', '-O', 'dtb'], BOARD['off.dtso']);
      expect(Buffer.compare(theirs, bytesOf(place, 'off.dtbo'))).toBe(0);
    }
    const laid = async (overlay: string) =>
      (await place.sh(`dmaheap dt board.dts --overlay ${overlay}`)).stdout;
    expect(await laid('off.dtbo')).toContain('model = "laid over"');
    expect(await laid('off.dtbo')).toBe(await laid('off.dtso'));
  });

  test('reads a directory as Linux shows it', async () => {
    const property = (text: string) => `${text}\0`;
    const place = placeWith({
      'base/compatible': property('a,b'),
      'base/name': property(''),
      'base/#address-cells': Uint8Array.of(0, 0, 0, 1),
      'base/chosen/bootargs': property('quiet'),
      'base/chosen/name': property('chosen'),
      'empty/file': '',
    });
    symlinkSync('base', join(place.dir, 'device-tree'));
    expect(await place.transcript('dmaheap dt device-tree', 'dmaheap dt empty')).toMatchSnapshot();
  });

  test('a name that source cannot hold can still be a blob', async () => {
    const odd = encodeDtb(tree(node('', {}, [node('it is\x1b[31m', { 'a b': cells(1) })])));
    const place = placeWith({ 'odd.dtb': odd });
    expect(
      await place.transcript('dmaheap dt odd.dtb', 'dmaheap dt odd.dtb -O dtb | cmp - odd.dtb'),
    ).toMatchSnapshot();
  });

  test('says where everything came from; a file’s name cannot leave its comment', async () => {
    const place = placeWith({
      ...BOARD,
      'evil.dts': '# 1 "\x1b[31m */ evil; /*"\n/dts-v1/;\n/ { a; };\n',
    });
    const transcript = await place.transcript(
      'dmaheap dt board.dts --origin -I include -D POOL=0x200000',
      'dmaheap dt evil.dts --origin',
    );
    expect(transcript).toMatchSnapshot();
    expect((await place.sh('dmaheap dt evil.dts --origin | dmaheap dt -')).stdout).toBe(
      '/dts-v1/;\n\n/ {\n\ta;\n};\n',
    );
  });

  test('refuses what cannot be', async () => {
    const place = placeWith({ ...BOARD, 'narrow.dts': '/dts-v1/; / { #size-cells = <0>; };' });
    expect(
      await place.transcript(
        'dmaheap dt board.dts -o no/such/file',
        'dmaheap dt board.dts -O dtb --json',
        'dmaheap dt board.dts -O dtb -o x.dtb --json',
        'dmaheap dt board.dts -O yaml',
        'dmaheap dt board.dts -D 1X',
        'dmaheap dt board.dts -I board.dts --memory 0x100000000:1G',
        'dmaheap dt narrow.dts --memory 0x100000:1G',
        'dmaheap dt - --overlay - < board.dts',
        'dmaheap dt nothing.dts',
        'dmaheap list -D X=1',
      ),
    ).toMatchSnapshot();
  });

  test('writes no blob to a terminal', async () => {
    const { createProgram } = await import('../../src/cli/program.ts');
    const run = async (...words: string[]) => {
      const written: (string | Uint8Array)[] = [];
      const streams = {
        out: (data: string | Uint8Array) => void written.push(data),
        err: () => {},
        outIsTerminal: true,
        errIsTerminal: false,
      };
      const program = await createProgram({ streams, env: {}, cwd: '/' });
      await program.parseAsync(['dt', 'fixtures/boards/two-bank.dtb', ...words], { from: 'user' });
      return written;
    };
    await expect(run('-O', 'dtb')).rejects.toThrow('a blob is not for a terminal');
    const [forced] = await run('-O', 'dtb', '--force');
    const blob = readFileSync('fixtures/boards/two-bank.dtb');
    expect(
      firstDifference(decodeDtb(forced as Uint8Array, 'forced'), decodeDtb(blob, 'blob')),
    ).toBeUndefined();
  });
});

describe('dmaheap dt takes the options of dtc', () => {
  const SOURCE = `/dts-v1/;
/memreserve/ 0x2000 0x10;
/memreserve/ 0x1000 0x20;
/include/ "part one.dtsi"
/ {
	z; a = "x", [01 02];
	b@2 { y; x = <&l>; }; b@10 { }; b { };
	l: l { phandle = <0x20>; m: n: m { }; };
	aliases { first = &l; };
	cpus { cpu@3 { reg = <3>; }; };
};
`;
  const FILES = {
    'a board.dts': SOURCE,
    'd/part one.dtsi': '/ { f = /incbin/("data"); };\n',
    'd/data': 'data',
    'plugin.dts': '/dts-v1/;\n/plugin/;\n&base { x = <&base &own 1>; own: own { y = <&own>; }; };\n',
    'fs/#address-cells': Uint8Array.of(0, 0, 0, 1),
    'fs/cpus/cpu@5/reg': Uint8Array.of(0, 0, 0, 5),
    'fs/z/y': 'text\0',
  };
  const OPTIONS = [
    '-O dtb',
    '-O dtb -p 100',
    '-O dtb -p 0x10',
    '-O dtb -S 1000',
    '-O dtb -S 10',
    '-O dtb -a 64',
    '-O dtb -a 64 -p 3',
    '-O dtb -S 700 -a 128',
    '-O dtb -R 5',
    '-O dtb -b 0x10',
    '-O dtb -s',
    '-O dtb -A',
    '-O dtb -@ -A -s',
    '-O dtb -I dts -H epapr -Wno-unit_address_vs_reg -W no-reg_format -E duplicate_label',
  ];
  const INPUTS = ['-i d "a board.dts"', 'plugin.dts'];

  test.skipIf(!DTC_INSTALLED)('to the byte as dtc does', async () => {
    const place = placeWith(FILES);
    const cases = INPUTS.flatMap((input) => OPTIONS.map((options) => `${options} ${input}`));
    const newer = dtcIsSince(1, 7) ? ['-L', '-L -@'].map((more) => `-O dtb ${more} -i d "a board.dts"`) : [];
    const printed = dtcIsSince(1, 8)
      ? [...INPUTS.map((input) => `-O dts -s -@ ${input}`), '-O dts -A plugin.dts']
      : [];
    for (const line of [...cases, ...newer, ...printed, '-O dtb -s -I fs fs']) {
      const [ours, theirs] = ['dmaheap dt', 'dtc'].map((command) =>
        place.inShell(`${command} -q ${line} | od -A d -t x1`),
      );
      expect(ours).toEqual({ ...theirs, stderr: ours?.stderr });
      expect(ours?.stdout.length).toBeGreaterThan(100);
    }
    // Older ones do not escape spaces.
    if (!dtcIsSince(1, 7)) return;
    for (const line of ['-O dtb -o "out file" -i d "a board.dts"', '-O dts -i d -o - "a board.dts"']) {
      const [ours, theirs] = ['dmaheap dt', 'dtc'].map((command) =>
        place.inShell(`${command} -q ${line} -d dep >/dev/null && cat dep`),
      );
      expect(ours).toEqual(theirs);
    }
  });

  test('the name of the output says its format, where -O does not', async () => {
    const place = placeWith(FILES);
    await place.sh(
      'dmaheap dt -i d "a board.dts" -o a.dtb && dmaheap dt plugin.dts -o a.dtbo && dmaheap dt a.dtb -o a',
    );
    await place.sh('dmaheap dt -O dts -i d "a board.dts" -o b.dtb && dmaheap dt -i d "a board.dts" > c');
    const starts = ['a.dtb', 'a.dtbo', 'a', 'b.dtb', 'c'].map((name) => bytesOf(place, name)[0]);
    expect(starts).toEqual([0xd0, 0xd0, 0x2f, 0x2f, 0x2f]);
  });

  test('-I dts, dtb and fs are its input formats, and other words directories', async () => {
    const place = placeWith({ ...FILES, 'dts/part one.dtsi': '/ { };\n' });
    await place.sh('dmaheap dt -O dtb -I d "a board.dts" -o board.dtb');
    expect(
      await place.transcript(
        'dmaheap dt -I dts "a board.dts" | head -1',
        'dmaheap dt -I dts -I ./dts "a board.dts" | head -1',
        'dmaheap dt -I dtb "a board.dts" -I d',
        'dmaheap dt -I dts board.dtb',
        'dmaheap dt -I fs board.dtb',
        'dmaheap dt -I dtb fs',
        'dmaheap dt -I dtb -A board.dtb',
        'dmaheap dt -I fs -L fs',
      ),
    ).toMatchSnapshot();
  });

  test('and refuses by name what it has not', async () => {
    const place = placeWith(FILES);
    expect(
      await place.transcript(
        ...[
          '-O yaml',
          '-O asm',
          '-p 4',
          '-O dtb -p 4K',
          '-O dtb -a 3',
          '-O dtb -p 1 -S 1',
          '-f',
          '-T',
          '-H legacy',
          '-W reg_format',
          '-E no-duplicate_label',
          '-W no-reg_formt',
        ].map((options) => `dmaheap dt ${options} plugin.dts`),
        'dmaheap dt show / --board plugin.dts -s',
      ),
    ).toMatchSnapshot();
  });

  test('__TIMESTAMP__ is the date of the file that says it', async () => {
    const place = placeWith({
      'a.dts': '/dts-v1/;\n#include "b.dtsi"\n/ { a = __TIMESTAMP__; };\n',
      'b.dtsi': '/ { b = __TIMESTAMP__; };\n',
    });
    utimesSync(join(place.dir, 'a.dts'), 0, new Date(2026, 10, 29, 8, 0, 0).getTime() / 1000);
    utimesSync(join(place.dir, 'b.dtsi'), 0, new Date(2024, 1, 3, 14, 5, 6).getTime() / 1000);
    const { stdout } = await place.sh('dmaheap dt a.dts');
    expect(stdout).toContain('a = "Sun Nov 29 08:00:00 2026"');
    expect(stdout).toContain('b = "Sat Feb  3 14:05:06 2024"');
    const theirs = place.inShell('cpp -P -nostdinc -undef -x assembler-with-cpp a.dts 2>/dev/null');
    if (theirs.code === 0) {
      for (const line of ['a = "Sun Nov 29 08:00:00 2026"', 'b = "Sat Feb  3 14:05:06 2024"'])
        expect(theirs.stdout).toContain(line);
    }
    expect((await place.sh('dmaheap dt - < a.dts')).stderr).toContain('__TIMESTAMP__ has no value');
  });
});

describe('dmaheap dt show', () => {
  test('by path and label, from source and from a session', async () => {
    const place = placeWith(BOARD);
    const transcript = await place.transcript(
      'dmaheap dt show /reserved-memory --board board.dts',
      'dmaheap dt show "&video" --board board.dts --origin',
      'dmaheap dt show pool --board board.dts --overlay larger.dtso --origin',
      'dmaheap dt show /memory --board board.dts --memory 0x80000000:1G --origin',
      'dmaheap dt show / --board board.dts',
      'dmaheap dt show vidoe --board board.dts',
      'dmaheap dt show /reserved-memry --board board.dts',
      'dmaheap dt show /x --board board.dts',
      'dmaheap dt show pool',
      'dmaheap boot board.dts --overlay larger.dtso >/dev/null 2>&1 && dmaheap dt show "&pool" --origin',
      'dmaheap boot boards/camera-soc.yaml >/dev/null 2>&1 && dmaheap dt show /memory --origin',
    );
    expect(transcript).toMatchSnapshot();
  });

  test('as JSON', async () => {
    const place = placeWith(BOARD);
    expect(await json(place, 'dmaheap dt show "&video" --board board.dts')).toMatchSnapshot();
    const whole = await json(place, 'dmaheap dt board.dts');
    expect(whole).toMatchObject({ schema: 'dmaheap.dt/1', source: 'board.dts', root: { name: '' } });
    const video = whole.root.children.find(({ name }: { name: string }) => name === 'video@1000');
    expect(video).toMatchObject({
      labels: ['video'],
      position: { file: 'soc.dtsi', line: 12 },
      children: [],
    });
    expect((await json(place, 'dmaheap dt show vidoe --board board.dts')).error).toMatchObject({
      code: 'usage',
    });
  });
});

describe('a board from source', () => {
  test('boots and lists with -I and -D', async () => {
    const place = placeWith(BOARD);
    const options = '-I include -D POOL=0x200000';
    expect(
      await place.transcript(
        `dmaheap list --board board.dts ${options} | grep pool`,
        `dmaheap regions --board board.dts ${options}`,
        `dmaheap alloc pool@48000000 2M --board board.dts ${options}`,
        `dmaheap dmesg --board board.dts ${options} | head -2`,
        'dmaheap list --board board.dts -D POOL=1',
        `dmaheap boot board.dts ${options} | grep pool`,
        'dmaheap session info',
      ),
    ).toMatchSnapshot();
  });

  test('boots with overlays, and again when the files are gone', async () => {
    const place = placeWith(
      Object.fromEntries(Object.entries(BOARD).map(([name, text]) => [`src/${name}`, text])),
    );
    await place.sh('dmaheap dt src/off.dtso -O dtb -o src/off.dtbo');
    const boot = await place.sh(
      'dmaheap boot src/board.dts -I src/include -D POOL=0x200000 --overlay src/larger.dtso --overlay src/off.dtbo',
    );
    expect(boot).toMatchObject({ code: 0 });
    rmSync(join(place.dir, 'src'), { recursive: true });
    expect((await place.sh('dmaheap reboot')).stdout).toBe(boot.stdout);
    expect(
      await place.transcript('dmaheap session info', 'dmaheap dt show / | grep model', 'dmaheap regions'),
    ).toMatchSnapshot();
  });

  test('overlays apply in the order given', async () => {
    const place = placeWith({
      ...BOARD,
      'small.dtso': '/dts-v1/;\n/plugin/;\n&pool { reg = <0x48000000 0x10000>; };\n',
      'adds.dtso': '/dts-v1/;\n/plugin/;\n&video { added: part { }; };\n',
      'uses.dtso': '/dts-v1/;\n/plugin/;\n&added { used; };\n',
    });
    const reg = async (...overlays: string[]) =>
      (
        await place.sh(
          `dmaheap dt show pool --board board.dts ${overlays.map((name) => `--overlay ${name}`).join(' ')}`,
        )
      ).stdout;
    expect(await reg('small.dtso', 'larger.dtso')).toContain('reg = <0x48000000 0x400000>');
    expect(await reg('larger.dtso', 'small.dtso')).toContain('reg = <0x48000000 0x10000>');
    expect((await place.sh('dmaheap dt board.dts --overlay adds.dtso --overlay uses.dtso')).stdout).toContain(
      'used;',
    );
    expect(
      await place.transcript('dmaheap dt board.dts --overlay uses.dtso --overlay adds.dtso | cat'),
    ).toMatchSnapshot();
  });

  test('says why an overlay does not fit', async () => {
    const place = placeWith({
      ...BOARD,
      'typo.dtso': '/dts-v1/;\n/plugin/;\n&vidoe { x; };\n',
      'path.dtso': '/dts-v1/;\n/plugin/;\n&{/soc} { x; };\n',
    });
    await place.sh('dmaheap dt board.dts -O dtb -o plain.dtb && dmaheap dt off.dtso -O dtb -o off.dtbo');
    expect(
      await place.transcript(
        'dmaheap dt board.dts --overlay typo.dtso',
        'dmaheap boot board.dts --overlay path.dtso',
        'dmaheap dt plain.dtb --overlay larger.dtso',
        'dmaheap boot larger.dtso',
        'dmaheap boot off.dtbo',
        'dmaheap dt boards/camera-soc.yaml --overlay off.dtbo',
        'dmaheap dt board.dts --overlay soc.dtsi',
        'dmaheap dt board.dts --overlay nothing.dtbo',
      ),
    ).toMatchSnapshot();
  });

  test('an overlay over a YAML board finds its labels', async () => {
    const place = placeWith({
      'vpu.dtso': '/dts-v1/;\n/plugin/;\n&vpu_pool { status = "disabled"; };\n&{/} { model = "yaml"; };\n',
    });
    const { heaps } = await json(place, 'dmaheap list --board boards/camera-soc.yaml --overlay vpu.dtso');
    const names = heaps.map(({ name }: { name: string }) => name);
    expect(names).toContain('npu-pool@52000000');
    expect(names).not.toContain('vpu-pool@50000000');
  });

  test('what the boot loader fills in is the same shown and booted', async () => {
    const place = placeWith({
      'odd.dts': `/dts-v1/; / { #address-cells = <2>; #size-cells = <2>;
        memory@0 { device_type = "memory"; reg = <0 0 0 0x1000>; linux,usable-memory = <0 0 0 0x2000>; status = "disabled"; };
        memory@8 { device_type = "memory"; reg = <0 0x8000000 0 0x1000>; }; };`,
      'none.dts': '/dts-v1/; / { #address-cells = <2>; #size-cells = <1>; memory@0 { }; };',
    });
    const options = '--memory 0x40000000:1G --memory 0x100000000:512M --bootargs "cma=48M quiet"';
    for (const board of ['boards/camera-soc.dts', 'odd.dts', 'none.dts']) {
      expect(await place.sh(`dmaheap dt ${board} ${options} -O dtb -o fixed.dtb`)).toMatchObject({ code: 0 });
      for (const command of ['list', 'regions', 'dmesg']) {
        const given = await place.sh(`dmaheap ${command} --board ${board} ${options}`);
        const shown = await place.sh(`dmaheap ${command} --board fixed.dtb`);
        expect(given.code).toBe(0);
        expect({ board, command, out: shown.stdout }).toEqual({ board, command, out: given.stdout });
      }
    }
    expect((await place.sh(`dmaheap dt odd.dts ${options}`)).stdout).toMatchSnapshot();
  });
});

describe('a source with errors', () => {
  test('is told with lines, carets, includes, macros and hints, all at once', async () => {
    const place = placeWith({
      'board.dts': `/dts-v1/;
#include "soc.dtsi"
/ {
	a = <1 2;
		b =	bad;
	c = <(1 / 0)>;
	d = "ünïcödé", ;
};
&missing { };
`,
      'soc.dtsi': '#define BAD(x) prop = <x x)>;\n/ {\n\tn {\tBAD(3)\t};\n};\n',
      'crlf.dts': '/dts-v1/;\r\n/ {\r\n\tok = <1>;\r\n\tb = ;\r\n};\r\n',
      'long.dts': `/dts-v1/; / { ${'a = <1>; '.repeat(3000)}b = ; };`,
      'cpp.dts':
        '/dts-v1/;\n#if 1 +\n#endif\n#include "none.dtsi"\n#include <none.h>\n#error give up\n/ { };\n',
      'self.dts': '/dts-v1/;\n#include "self.dts"\n',
    });
    const transcript = await place.transcript(
      'dmaheap dt board.dts',
      'dmaheap boot board.dts --json',
      'dmaheap list --board crlf.dts',
      'dmaheap dt long.dts',
      'dmaheap dt cpp.dts',
      'dmaheap dt self.dts',
    );
    expect(transcript).toMatchSnapshot();
  });

  test('files outside, links, pipes and directories', async () => {
    const place = placeWith({
      'secret.dtsi': '/ { secret; };\n',
      'src/ok.dtsi': '/ { ok; };\n',
      'src/board.dts': '/dts-v1/;\nINCLUDE\n/ { };\n',
      'src/directory/file': '',
    });
    symlinkSync('../secret.dtsi', join(place.dir, 'src/link.dtsi'));
    await place.sh('mkfifo src/pipe');
    const includes = [
      '#include "../secret.dtsi"',
      `#include "${place.dir}/secret.dtsi"`,
      '#include "link.dtsi"',
      '#include "pipe"',
      '#include "directory"',
      '/include/ "../secret.dtsi"',
      '/include/ "pipe"',
      '/ { x = /incbin/("../secret.dtsi"); y = /incbin/("pipe"); };',
    ];
    for (const [i, include] of includes.entries())
      writeFileSync(join(place.dir, `src/${i}.dts`), `/dts-v1/;\n${include}\n/ { };\n`);
    expect(await place.transcript(...includes.map((_, i) => `dmaheap dt src/${i}.dts`))).toMatchSnapshot();
    expect((await place.sh('dmaheap dt src/0.dts --allow-outside')).stdout).toContain('secret;');
    expect((await place.sh('dmaheap dt src/2.dts -I .')).stdout).toContain('secret;');
  });

  test('odd texts', async () => {
    const place = placeWith({
      'empty.dts': '',
      'blank.dts': '\n',
      'garbage.dts': Uint8Array.of(0, 1, 2, 0xff, 0xfe, 0x1b),
      'bom.dts': '\ufeff/dts-v1/;\n#include "bom.dtsi"\n/include/ "bom2.dtsi"\n',
      'bom.dtsi': '\ufeff/ { a; };\n',
      'bom2.dtsi': '\ufeff/ { b; };\n',
      'include.txt': '#include "whole.dtsi"\n',
      'whole.dtsi': '/dts-v1/;\n/ { whole; };\n',
      'marked.txt': '# 1 "x.dts"\n# 1 "y.dtsi" 1\n/dts-v1/;\n/ { b = ; };\n',
      'plugin.txt': '/plugin/;\n/dts-v1/;\n',
      'notes.yaml': '# /dts-v1/; is not in here\nmodel: "/dts-v1/; x"\nmemory: { reg: [0x40000000, 1G] }\n',
    });
    expect(
      await place.transcript(
        ...[
          'empty.dts',
          'blank.dts',
          'garbage.dts',
          'bom.dts',
          'include.txt',
          'marked.txt',
          'plugin.txt',
        ].map((name) => `dmaheap dt ${name}`),
        'dmaheap dt notes.yaml | grep model',
        'dmaheap dt - < include.txt | grep whole',
      ),
    ).toMatchSnapshot();
  });
});

test('help', async () => {
  expect(
    await freshPlace().transcript('dmaheap dt --help', 'dmaheap dt show --help | tail -4'),
  ).toMatchSnapshot();
});
