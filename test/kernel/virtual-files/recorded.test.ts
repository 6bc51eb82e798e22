/** Texts and listings as a running kernel gave them: the case `views`, step by step. */
import { describe, expect, it } from 'vitest';
import { bootRecorded, type Looking, type RecordedStep, recorded } from './looking.ts';

const CMA = '/sys/kernel/debug/cma/video-cma@60000000';
const SYSFS = '/sys/kernel/mm/cma/video-cma@60000000';
const HEAP = 'video-cma@60000000';

const { steps } = recorded('views');

/** The texts of all `cat`s of a path, in order. */
const texts = (path: string): readonly (string | undefined)[] =>
  steps.filter((step) => step.op === 'cat' && step.path === path).map((step) => step.text);

const cma = (): readonly RecordedStep[] => steps.filter((step) => step.op === 'cma');

const area = (machine: Looking): Record<string, string> =>
  Object.fromEntries(
    ['count', 'used', 'maxchunk', 'order_per_bit', 'base_pfn', 'bitmap'].map((file) => [
      file,
      machine.cat(`${CMA}/${file}`).trimEnd(),
    ]),
  );

/** Lines of meminfo by name. */
const meminfo = (text: string | undefined): Record<string, number> =>
  Object.fromEntries(
    (text ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => [line.split(':')[0], Number(/ (\d+) kB$/.exec(line)?.[1])]),
  );

describe('after a boot', () => {
  const machine = bootRecorded('mixed', 'views');

  it('lists and shows what was listed and shown', () => {
    const before = steps.slice(
      0,
      steps.findIndex((step) => step.op === 'alloc'),
    );
    for (const { op, path = '', names, text } of before) {
      if (op === 'ls') expect([path, [...machine.ls(path)].sort()]).toEqual([path, names]);
      if (op === 'cat' && path.startsWith('/sys')) expect([path, machine.cat(path)]).toEqual([path, text]);
    }
  });

  it('has the heaps in /proc/devices as recorded', () => {
    const lines = machine.cat('/proc/devices').split('\n');
    const of = texts('/proc/devices')[0]?.split('\n') ?? [];
    expect(lines.filter((line) => !of.includes(line))).toEqual([]);
    expect(lines.at(-2)).toBe('254 dma_heap');
  });

  it('has every line of meminfo in its place', () => {
    const [text] = texts('/proc/meminfo');
    const [ours, theirs] = [machine.cat('/proc/meminfo'), text ?? ''];
    const shape = (of: string) => of.replace(/ +\d+ kB/g, '');
    expect(shape(ours)).toBe(shape(theirs));
    expect(ours).toMatch(/^MemTotal: {8}\d{7} kB\nMemFree: {9}\d{7} kB\n/);
    for (const line of ['VmallocTotal', 'CmaTotal', 'CmaFree']) {
      expect([line, meminfo(ours)[line]]).toEqual([line, meminfo(theirs)[line]]);
    }
    // What early boot takes besides is not modelled: MemTotal is near.
    expect(Math.abs((meminfo(ours).MemTotal ?? 0) - 1014876)).toBeLessThan(4096);
  });

  it('reserves what the watermarks reserve', () => {
    for (const of of [machine.cat('/proc/meminfo'), ...texts('/proc/meminfo')]) {
      const { MemFree = 0, MemAvailable = 0, MemTotal = 0, CommitLimit = 0 } = meminfo(of);
      expect(MemFree - MemAvailable).toBe(33_792);
      expect(CommitLimit).toBe(Math.floor(MemTotal / 8) * 4);
    }
  });

  it('shows pagetypeinfo in its form, and of CMA the very numbers', () => {
    const [ours, theirs] = [machine.cat('/proc/pagetypeinfo'), texts('/proc/pagetypeinfo')[0] ?? ''];
    const shape = (of: string) => of.replace(/(?<= )\d+ /g, '# ').replace(/ +#/g, ' #');
    expect(shape(ours)).toBe(shape(theirs));
    const line = (of: string) => of.split('\n').filter((l) => /CMA {6}|type {2}.*CMA|Isolate/.test(l));
    expect(line(ours)).toEqual(line(theirs));
    expect(ours).toMatch(/\nNode 0, zone {6}DMA {12}0 {10}464 {12}0 {12}0 {11}48 {12}0 \n$/);
  });
});

describe('buffers, debugfs and counters', () => {
  it('go through the recorded steps', () => {
    const machine = bootRecorded('mixed', 'views');
    const states = cma().map(({ op: _, ...rest }) => rest);
    const at = (index: number) => expect({ area: HEAP, ...area(machine) }).toEqual(states[index]);
    // The recorded process holds 0 to 4, and opens the heap under 5 for the call.
    const { files, table } = machine;
    for (let fd = 3; fd <= 5; fd++) table.install(files.add({ kind: 'stream', flags: 2, count: 1 }), false);

    const frame = machine.alloc(HEAP, 1048576n);
    machine.setName(frame, 'frame');
    const system = machine.alloc('system', 1150976n);
    expect([frame, system]).toEqual([6, 7]);
    expect(machine.ls('/proc/1/fdinfo')).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(machine.cat('/proc/1/fdinfo/6')).toBe(texts('/proc/1/fdinfo/6')[0]);
    expect(machine.cat('/proc/shell/fdinfo/7')).toBe(texts('/proc/1/fdinfo/7')[0]);

    expect(machine.alloc(HEAP, 1n << 40n)).toBe(0);
    const counters = () =>
      ['alloc_pages_success', 'alloc_pages_fail', 'release_pages_success', 'available_pages'].map((file) =>
        machine.cat(`${SYSFS}/${file}`),
      );
    expect(counters()).toEqual(['256\n', '268435456\n', '0\n', '16128\n']);
    at(0);
    expect(machine.echo('16', `${CMA}/alloc`)).toBeUndefined();
    at(1);
    expect(machine.echo('100000', `${CMA}/alloc`)).toBe('ENOMEM');
    expect(machine.echo('4', `${CMA}/free`)).toBeUndefined();
    at(2);
    expect(machine.cat('/sys/kernel/debug/dma_buf/bufinfo')).toBe(
      texts('/sys/kernel/debug/dma_buf/bufinfo')[0],
    );
    const [, second] = texts('/proc/meminfo');
    // The 4 pages that `free` gave back lie on a list of the CPU.
    expect(meminfo(machine.cat('/proc/meminfo')).CmaFree).toBe(meminfo(second).CmaFree);

    machine.close(frame);
    expect(machine.cat(`${SYSFS}/release_pages_success`)).toBe('260\n');
    at(3);
    machine.close(system);
    // That recording kept no lines of the kind `=> N free of M total pages`.
    const lines = [...machine.context.printk.since()]
      .map((line) => `<${line.level}>${line.text}`)
      .filter((line) => !line.startsWith('<4>=> '));
    expect(lines.slice(-8)).toEqual((recorded('views') as unknown as { log_after: string[] }).log_after);
  });
});

describe('bufinfo', () => {
  it('is as recorded in the abi case: access modes, an empty name, a second reference', () => {
    const machine = bootRecorded('mixed', 'views');
    for (let i = 1; i <= 27; i++) {
      const fd = machine.alloc(HEAP, i === 27 ? 12288n : 8192n, { flags: i === 27 ? 2 : 0 });
      if (![22, 25, 26, 27].includes(i)) machine.close(fd);
      if (i === 27) machine.setName(fd, '');
    }
    const all = recorded('abi-cma').steps.filter((step) => step.op === 'cat');
    expect(machine.cat('/sys/kernel/debug/dma_buf/bufinfo')).toBe(all[0]?.text);
    const last = [...machine.table.entries()].at(-1)?.[1].file ?? 0;
    machine.files.ref(last);
    expect(machine.cat('/sys/kernel/debug/dma_buf/bufinfo')).toBe(all[1]?.text);
  });

  it('shows f_mode of every access mode', () => {
    const machine = bootRecorded('mixed', 'views');
    for (const flags of [0, 1, 2, 3]) machine.alloc('system', 4096n, { flags });
    const modes = [...machine.cat('/sys/kernel/debug/dma_buf/bufinfo').matchAll(/\t(02080\w+)\t/g)];
    expect(modes.map((match) => match[1])).toEqual(['02080004', '02080007', '02080006', '02080005']);
  });
});
