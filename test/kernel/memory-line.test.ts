/** The line `Memory: …K/…K available (…)`: what of it follows from the board, on every kernel and architecture. */
import { describe, expect, test } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { imageSections } from '../../src/kernel/boot/memory-line.ts';
import { procMeminfo } from '../../src/kernel/virtual-files/meminfo.ts';
import { Printk } from '../../src/printk.ts';
import { KERNELS } from '../../src/profile/kernels.ts';
import { MemoryRecords } from '../../src/records.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { board, cma, coherent, node, range } from '../small-board.ts';

const LINE =
  /^Memory: (\d+)K\/(\d+)K available \((\d+)K kernel code, (\d+)K rwdata, (\d+)K rodata, (\d+)K init, (\d+)K bss, (\d+)K reserved, (\d+)K cma-reserved(?:, (\d+)K highmem)?\)$/;

function booted(given: Board, params: BootParams = {}) {
  const records = new MemoryRecords();
  boot(given, params, records);
  const log = [...new Printk(records).since()];
  const at = log.findIndex(({ text }) => text.startsWith('Memory: '));
  const line = log[at];
  const numbers = LINE.exec(line?.text ?? '')
    ?.slice(1)
    .map((word) => (word === undefined ? undefined : Number(word)));
  if (line === undefined || numbers === undefined) throw new Error(`no such line: ${line?.text}`);
  const [available = 0, total, code, rwdata, rodata, init, bss, reserved = 0, cmaReserved = 0, highmem] =
    numbers;
  return {
    records,
    log,
    at,
    line,
    available,
    total,
    code,
    rwdata,
    rodata,
    init,
    bss,
    reserved,
    cmaReserved,
    highmem,
  };
}

const AREAS = board([
  cma('c@44000000', 0x44000000n, 16n * MiB),
  coherent('p@46000000', 0x46000000n, MiB),
  node('fw@47000000', { compatible: [], reg: [range(0x47000000n, MiB)], noMap: true }),
]);

describe('numbers that are the board’s', () => {
  test.each(KERNELS.map(({ release }) => release))('Linux %s', (kernel) => {
    const { log, at, line, ...has } = booted(AREAS, { kernel, cmdline: 'cma=32M' });
    const ram = AREAS.memory.reduce((sum, { size }) => sum + size, 0n);
    // No-map memory is RAM that is present, and both areas are counted.
    expect(has.total).toBe(Number(ram / KiB));
    expect(has.cmaReserved).toBe(48 * 1024);
    expect(has.available + has.reserved + has.cmaReserved).toBe(has.total);
    expect(has.highmem).toBeUndefined();
    expect([line.level, line.estimated]).toEqual([6, true]);
    // After the zones, before what initcalls say.
    const texts = log.map(({ text }) => text);
    expect(texts.findIndex((text) => text.startsWith('  Normal'))).toBeLessThan(at);
    expect(texts.findIndex((text) => text.startsWith('DMA: preallocated'))).toBeGreaterThan(at);
    expect(texts.filter((text) => text.startsWith('Memory: '))).toHaveLength(1);
  });

  test('what is available becomes MemTotal with the areas', () => {
    const { records, available, cmaReserved } = booted(AREAS);
    expect(procMeminfo(records).get('MemTotal')).toBe(available + cmaReserved);
  });

  test('areas outside of RAM count, and what is reserved may wrap as an unsigned long does', () => {
    const given = board([cma('o@a0000000', 0xa0000000n, 512n * MiB)]);
    const records = new MemoryRecords();
    expect(boot(given, { cmdline: 'cma=0' }, records).panic).toBeDefined();
    const text = [...new Printk(records).since()].map((line) => line.text).join('\n');
    expect(text).toMatch(/ 18446744073709\d{6}K reserved, 524288K cma-reserved\)/);
  });

  test('an area that crosses zones counts, and its line comes later', () => {
    const given: Board = {
      ...board([cma('x@ff000000', 0xff000000n, 32n * MiB)]),
      memory: [range(0x40000000n, 4n * GiB)],
    };
    const { log, at, cmaReserved } = booted(given, { cmdline: 'cma=0' });
    expect(cmaReserved).toBe(32 * 1024);
    const refused = log.findIndex(({ text }) => text.includes('could not be activated'));
    expect(refused).toBeGreaterThan(at);
  });

  test('highmem of 32-bit arm, where there is some and where there is none', () => {
    const arm = { arch: 'arm', cmdline: 'cma=16M' };
    const low = booted({ ...board(), memory: [range(0x40000000n, 512n * MiB)] }, arm);
    expect(low.highmem).toBe(0);
    const high = booted({ ...board(), memory: [range(0x40000000n, 2n * GiB)] }, arm);
    expect(high.total).toBe(2 * 1024 * 1024);
    expect(high.highmem).toBeGreaterThan(1024 * 1024);
    expect(high.highmem).toBeLessThan(high.available);
  });

  test('RAM that is no whole number of pages', () => {
    const given = { ...board(), memory: [range(0x40000800n, 256n * MiB)] };
    expect(booted(given).total).toBe(256 * 1024 - 4);
  });
});

describe('the image’s sections are about as large as it', () => {
  test.each(['arm64', 'arm', 'riscv64', 'x86_64'])('%s', (arch) => {
    const kernel = range(0x41000000n, 24n * MiB);
    const given = arch === 'x86_64' ? { ...board(), tree: undefined } : board();
    const {
      code = 0,
      rwdata = 0,
      rodata = 0,
      init = 0,
      bss = 0,
    } = booted(given as Board, {
      arch,
      reserve: { kernel },
    });
    for (const section of [code, rwdata, rodata, bss]) expect(section).toBeGreaterThan(0);
    const sum = code + rwdata + rodata + init + bss;
    expect(sum).toBeGreaterThan(24 * 1024 - 8);
    expect(sum).toBeLessThanOrEqual(24 * 1024);
  });

  test('by the parts of the architecture, where it shows them', () => {
    const parts = [
      { name: 'Kernel code', from: 0, to: 0.25 },
      { name: 'Kernel rodata', from: 0.5, to: 0.625 },
      { name: 'Kernel data', from: 0.75, to: 0.875 },
      { name: 'Kernel bss', from: 0.875, to: 1 },
    ] as const;
    expect(imageSections(parts, 800n)).toEqual({ code: 200, rodata: 100, rwdata: 100, bss: 100, init: 300 });
  });
});
