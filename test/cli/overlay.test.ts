/** Overlays on the running kernel: the live tree, devices that come and go, and memory that is not reserved. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dmaheap } from './in-process.ts';

const BOARD = `/dts-v1/;
/ { #address-cells = <2>; #size-cells = <2>; compatible = "example,board";
 memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x40000000>; };
 rmem: reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
  pool: pool@90000000 { compatible = "shared-dma-pool"; no-map; reg = <0 0x90000000 0 0x100000>; };
 };
 soc: soc { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0x80000000 0x10000000>;
  csi: camera@1000 { compatible = "x,csi"; reg = <0x1000 0x100>; memory-region = <&pool>; };
  isp: isp@2000 { compatible = "x,isp"; reg = <0x2000 0x100>; status = "disabled"; };
 };
};`;
const plugin = (body: string) => `/dts-v1/; /plugin/; ${body}`;
const LATE = plugin(`
&rmem {
 late: late@98000000 { compatible = "shared-dma-pool"; no-map; reg = <0 0x98000000 0 0x100000>; };
 off: off@99000000 { reg = <0 0x99000000 0 0x1000>; status = "disabled"; };
};
&soc {
 vpu@3000 { compatible = "x,vpu"; reg = <0x3000 0x100>; memory-region = <&late>; };
 npu@4000 { compatible = "x,npu"; reg = <0x4000 0x100>; memory-region = <&off>, <&pool>; };
};
&csi { status = "disabled"; };
&isp { status = "okay"; };`);

/** A session on the board, its symbols as `dtc -@` makes them or none. */
async function session(symbols = true) {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-overlay-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const source = file('board.dts', BOARD);
  const blob = join(dir, 'board.dtb');
  const made = await dmaheap(['dt', source, ...(symbols ? ['-@'] : []), '-O', 'dtb', '-o', blob]);
  expect(made.code, made.stderr).toBe(0);
  const run = (...words: string[]) => dmaheap(['--session', join(dir, 'session'), ...words]);
  const booted = await run('boot', blob);
  expect(booted.code, booted.stderr).toBe(0);
  const apply = (text: string, ...words: string[]) =>
    run('overlay', 'apply', file('overlay.dtso', text), ...words);
  return { run, apply, file, dir };
}

const devices = (text: string): string[] =>
  JSON.parse(text).devices.map(({ name }: { name: string }) => name);

describe('an overlay that goes over the live tree', () => {
  test('its regions are nodes and no memory, and who names them gets an error', async () => {
    const { run, apply } = await session();
    const [iomem, regions, heaps] = [
      (await run('cat', '/proc/iomem')).stdout,
      (await run('regions', '--json')).stdout,
      (await run('list', '--json')).stdout,
    ];
    const answer = JSON.parse((await apply(LATE, '--json')).stdout);
    expect(answer).toMatchObject({
      id: 1,
      devices_added: [
        expect.stringMatching(/isp$/),
        expect.stringMatching(/vpu$/),
        expect.stringMatching(/npu$/),
      ],
      regions_ignored: expect.arrayContaining(['late@98000000', 'off@99000000']),
      users: expect.arrayContaining([
        { device: '/soc/vpu@3000', region: 'late@98000000', errno: 'EINVAL' },
        { device: '/soc/npu@4000', region: 'off@99000000', errno: null },
      ]),
    });
    expect(answer.users).toHaveLength(2);
    expect((await run('cat', '/proc/iomem')).stdout).toBe(iomem);
    expect((await run('regions', '--json')).stdout).toBe(regions);
    expect((await run('list', '--json')).stdout).toBe(heaps);
  });

  test('who names them is answered as the overlay says, and so is a device that stays', async () => {
    const { run, apply } = await session();
    const probe = async (name: string, ...words: string[]) => {
      const { code, stderr } = await run('device', 'probe', name, ...words);
      return { errno: /: (E[A-Z]+) \(/.exec(stderr)?.[1] ?? null, code, stderr };
    };
    const [camera = ''] = devices((await run('devices', '--json')).stdout);
    expect((await probe(camera)).errno).toBeNull();
    const more = `&csi { memory-region = <&late>, <&pool>, <&off>; };
      &soc { gpu@5000 { compatible = "x,gpu"; reg = <0x5000 0x100>; memory-region = <&soc>; }; };`;
    const overlay = LATE.replace('&csi { status = "disabled"; };', more);
    const { users } = JSON.parse((await apply(overlay, '--json')).stdout);
    expect(users).toHaveLength(4);
    for (const { device, region, errno } of users) {
      const index = { 'off@99000000': device.includes('camera') ? 2 : 0 }[region as string] ?? 0;
      const told = await probe(device, '--index', String(index));
      expect({ device, region, errno: told.errno }).toEqual({ device, region, errno });
      expect(told.stderr.includes('came with an overlay after boot')).toBe(errno !== null);
    }
    // The region of boot is bound as ever, another node is no region, and what was bound stays bound.
    expect((await probe('npu@4000', '--index', '1')).errno).toBeNull();
    const other = await probe('gpu@5000');
    expect(other).toMatchObject({ errno: 'EINVAL', stderr: expect.stringContaining('no region') });
    expect(JSON.parse((await run('device', 'show', camera, '--json')).stdout).device).toMatchObject({
      'memory-region': ['late@98000000', 'pool@90000000', 'off@99000000'],
      pool: 'pool@90000000',
    });
  });

  test('a device that comes is what the booted kernel makes of it', async () => {
    const { run, apply, dir } = await session();
    const coherent = plugin(
      `&soc { dma-coherent; vpu@3000 { compatible = "x"; reg = <0x3000 0x100>; dma-noncoherent; }; };`,
    );
    for (const [kernel, seen] of [
      ['5.10', true],
      ['7.3', false],
    ] as const) {
      expect((await run('boot', '--force', '--kernel', kernel, join(dir, 'board.dtb'))).code).toBe(0);
      expect((await apply(coherent)).code).toBe(0);
      const all = JSON.parse((await run('devices', '--json')).stdout).devices;
      const vpu = all.find(({ name }: { name: string }) => name.endsWith('vpu'));
      expect(vpu, kernel).toMatchObject({ 'dma-coherent': seen });
    }
  });

  test('devices come and go with nodes and status', async () => {
    const { run, apply } = await session();
    const [camera] = devices((await run('devices', '--json')).stdout);
    const { stdout } = await apply(LATE);
    expect(stdout).toContain(`devices that went: ${camera}\n`);
    const now = devices((await run('devices', '--json')).stdout);
    expect(now.map((name) => name.split('.')[1]).sort()).toEqual(['isp', 'npu', 'vpu']);
    const back = await apply(plugin('&csi { status = "okay"; };'));
    expect(back.stdout).toBe(`overlay 2\ndevices that came: ${camera}\n`);
  });

  test('a later overlay that names a region of an earlier one is told of', async () => {
    const { apply } = await session();
    await apply(LATE);
    const { stdout } = await apply(
      plugin('&soc { gpu@5000 { compatible = "x"; memory-region = <&late>; }; };'),
    );
    expect(stdout).toMatch(/gpu@5000: of_reserved_mem_device_init\(\) of late@98000000 answers EINVAL\n$/);
    expect(stdout).not.toContain('vpu');
    expect(stdout).not.toContain('no memory is reserved');
  });

  test('an attachment goes with its device', async () => {
    const { run, apply } = await session();
    const [camera = ''] = devices((await run('devices', '--json')).stdout);
    await run('alloc', 'default_cma_region', '64K');
    expect((await run('device', 'attach', camera, '4')).code).toBe(0);
    expect((await apply(LATE)).code).toBe(0);
    expect((await run('buffers', '--json')).stdout).not.toContain(camera);
  });

  test('the views of the tree show it, the booted blob does not', async () => {
    const { run, apply } = await session();
    await apply(LATE);
    expect((await run('ls', '/proc/device-tree/reserved-memory')).stdout).toContain('late@98000000');
    expect((await run('cat', '/sys/firmware/devicetree/base/soc/isp@2000/status')).stdout).toBe('okay\0');
    expect((await run('cat', '/sys/firmware/fdt')).stdout).not.toContain('late@98000000');
    expect((await run('dt', 'show', '/soc/vpu@3000')).stdout).toContain('x,vpu');
    const added = await run('device', 'add', 'mine', '--node', '/soc/vpu@3000');
    expect(added.code, added.stderr).toBe(0);
  });

  test('the log warns of each property that stays, in the overlay’s order, and of none in its own nodes', async () => {
    const { run, apply } = await session();
    await apply(LATE);
    const second = plugin('&vpu { more; }; &isp { x; };').replace('&vpu', '&{/soc/vpu@3000}');
    await apply(second);
    const lines = (await run('dmesg')).stdout
      .split('\n')
      .flatMap((line) => /removed, property: (.*)$/.exec(line)?.[1] ?? []);
    expect(lines).toEqual([
      '/soc/camera@1000/status',
      '/soc/isp@2000/status',
      '/__symbols__/late',
      '/__symbols__/off',
      '/soc/isp@2000/x',
    ]);
  });

  test('history is exported, runs again, and the session checks', async () => {
    const { run, apply, dir } = await session();
    await apply(LATE);
    await apply(plugin('&nothing { x; };'));
    await run('alloc', 'default_cma_region', '64K');
    const scenario = join(dir, 'history.yaml');
    expect((await run('export', '--output', scenario)).code).toBe(0);
    const ran = await dmaheap(['run', scenario]);
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    expect((await run('session', 'check')).code).toBe(0);
  });
});

describe('an overlay that does not', () => {
  test.each([
    [
      'a label that is not there',
      '&nothing { x; };',
      /label nothing, which the live tree does not have/,
      [
        "OF: resolver: node label 'nothing' not found in live devicetree symbols table",
        'OF: resolver: overlay phandle fixup failed: -22',
      ],
    ],
    [
      'a path that is not there',
      '&{/nowhere} { x; };',
      /no node \/nowhere/,
      [
        "OF: overlay: find target, node: /fragment@0, path '/nowhere' not found",
        'OF: overlay: init_overlay_changeset() failed, ret = -22',
      ],
    ],
    [
      'a fragment without a target',
      '/ { fragment@0 { __overlay__ { x; }; }; };',
      /neither "target" nor/,
      [
        'OF: overlay: find target, node: /fragment@0, no target property',
        'OF: overlay: init_overlay_changeset() failed, ret = -22',
      ],
    ],
    [
      'nothing in it',
      '/ { x; };',
      /nothing is applied/,
      [
        'OF: overlay: no fragments or symbols in overlay',
        'OF: overlay: init_overlay_changeset() failed, ret = -22',
      ],
    ],
    [
      'other cells',
      '&soc { #size-cells = <2>; };',
      /changes #size-cells of \/soc/,
      ['OF: overlay: ERROR: changing value of #size-cells is not allowed in /soc'],
    ],
    [
      'a second phandle for a node',
      '&soc { again: camera@1000 { x; }; other { y = <&again>; }; };',
      /has one: a running kernel refuses/,
      [],
    ],
  ])('%s', async (_, body, message, lines) => {
    const { run, apply } = await session();
    const before = (await run('dt', 'show', '/')).stdout;
    const { code, stderr } = await apply(plugin(body));
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/overlay apply: .*: EINVAL/);
    expect(stderr).toMatch(message);
    const told = (await run('dmesg')).stdout
      .split('\n')
      .flatMap((line) => /(OF: (?:overlay|resolver): .*)$/.exec(line)?.[1] ?? []);
    expect(told).toEqual(lines);
    expect((await run('dt', 'show', '/')).stdout).toBe(before);
  });

  test('where the booted tree has no symbols: labels, and labels of its own', async () => {
    const { apply, run, dir } = await session(false);
    const labels = await apply(plugin('&soc { x; };'));
    expect(labels.stderr).toContain('OF: resolver: no symbols in root of device tree.');
    const blob = join(dir, 'own.dtbo');
    const own = plugin('&{/soc} { new: new { compatible = "x"; }; };');
    writeFileSync(join(dir, 'own.dtso'), own);
    await dmaheap(['dt', join(dir, 'own.dtso'), '-@', '-O', 'dtb', '-o', blob]);
    const refused = await run('overlay', 'apply', blob);
    expect(refused.stderr).toContain('OF: overlay: symbols in overlay, but not in live tree');
    // Of a source none are made that would make it fail.
    expect((await apply(own)).code).toBe(0);
  });

  test('a whole tree is none, and what is no tree is no input', async () => {
    const { run, file } = await session();
    const whole = await run('overlay', 'apply', file('whole.dts', BOARD));
    expect(whole.code).not.toBe(0);
    expect((await run('overlay', 'apply', file('text.dtso', 'hello'))).code).toBe(3);
    expect((await run('overlay', 'apply', 'no-such.dtbo')).code).toBe(3);
  });
});

test('a scenario names a compiled one, and is told of one that is not', async () => {
  const { file, dir } = await session();
  const overlay = file('late.dtso', LATE);
  await dmaheap(['dt', overlay, '-@', '-O', 'dtb', '-o', join(dir, 'late.dtbo')]);
  const scenario = file(
    'run.yaml',
    'board: board.dtb\nsteps:\n  - overlay: late.dtbo\n  - overlay: { bytes: "00" }\n    expect: { errno: EINVAL }\n  - cat: /proc/device-tree/soc/isp@2000/status\n    expect: { text: "okay\\0" }\n',
  );
  const ran = await dmaheap(['run', scenario]);
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
});
