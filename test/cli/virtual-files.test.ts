import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshPlace } from './built-command.ts';
import { writeHostileBoard } from './hostile-board.ts';

const BOOT = 'dmaheap boot boards/camera-soc.dtb >/dev/null 2>&1';
const AREA = '/sys/kernel/debug/cma/video-cma@60000000';

test('ls shows names, kinds, owners, device numbers and where links lead', async () => {
  expect(
    await freshPlace().transcript(
      `${BOOT}; dmaheap alloc system 4K --name frame`,
      'dmaheap ls',
      'dmaheap ls -l /dev/dma_heap',
      'dmaheap ls /proc/ /sys/kernel/debug/cma /dev/dma_heap/system',
      'dmaheap ls -l /proc/self /proc/self/fd',
      'dmaheap ls -l /proc/device-tree /proc/device-tree/',
      `dmaheap ls -l ${AREA}`,
      'dmaheap ls -l /dev/dma_heap/system /proc/self --json',
    ),
  ).toMatchSnapshot();
});

test('cat: what there is comes out, the rest is told; exit 1', async () => {
  expect(
    await freshPlace().transcript(
      BOOT,
      'dmaheap cat /nowhere /proc/cmdline /dev/dma_heap /dev/dma_heap/system relative',
      `dmaheap cat ${AREA}/alloc ${AREA}/base_pfn`,
      'dmaheap cat /proc/cmdline/x /nowhere --json',
      'dmaheap cat /proc/device-tree/compatible /proc/device-tree/#size-cells --json',
      'dmaheap cat /proc/devices --board boards/two-bank.dtb',
      'dmaheap ls /nowhere /dev',
      'dmaheap ls /nowhere --json',
      'dmaheap task add app --uid 1000',
      'dmaheap --task app cat /proc/iomem /proc/pagetypeinfo /sys/kernel/debug/dma_buf/bufinfo',
      'dmaheap --task app ls -l /sys/kernel/debug /proc/shell/fd',
    ),
  ).toMatchSnapshot();
});

test('echo takes and gives back pages of an area, or says why not', async () => {
  const { sh, transcript } = freshPlace();
  expect(
    await transcript(
      BOOT,
      `dmaheap echo 16 ${AREA}/alloc`,
      `dmaheap cat ${AREA}/used`,
      `dmaheap echo 6 ${AREA}/free --json`,
      `dmaheap cat ${AREA}/used`,
      `dmaheap echo 99999 ${AREA}/alloc`,
      `dmaheap echo many ${AREA}/alloc`,
      `dmaheap echo 1 ${AREA}/used`,
      'dmaheap echo 1 /sys/kernel/debug/cma/nowhere',
      'dmaheap echo 1 /proc',
      'dmaheap task add app --uid 1000',
      `dmaheap --task app echo 16 ${AREA}/alloc`,
      `dmaheap echo 16 ${AREA}/alloc --board boards/camera-soc.dtb`,
    ),
  ).toMatchSnapshot();
  // The descriptor is closed also when the write fails.
  expect((await sh('dmaheap open system')).stdout).toBe('3\n');
});

test('bytes of a device tree are raw in a pipe, and cannot paint a terminal', async () => {
  const place = freshPlace();
  writeHostileBoard(join(place.dir, 'evil.dtb'));
  const path = '/proc/device-tree/#address-cells';
  const { stdout } = spawnSync('sh', ['-c', `dmaheap cat '${path}' --board evil.dtb`], {
    cwd: place.dir,
    env: place.env,
  });
  expect([...stdout]).toEqual([0, 0, 0, 2]);
  const names = (await place.sh('dmaheap ls /proc/device-tree/reserved-memory --board evil.dtb')).stdout;
  expect(names).toContain('q\\x1b[31mred@51000000');
  const inTerminal = (line: string) =>
    spawnSync('script', ['-qec', line, '/dev/null'], { cwd: place.dir, env: place.env, encoding: 'utf8' });
  if (inTerminal('true').status !== 0) return;
  const cat = `dmaheap cat '${path}' /proc/cmdline --board evil.dtb`;
  expect(inTerminal(cat).stdout).toBe('\\x00\\x00\\x00\\x02\r\n');
  expect(inTerminal(`${cat} --raw`).stdout).toBe('\0\0\0\x02\r\n');
});
