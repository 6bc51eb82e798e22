import { expect, test } from 'vitest';
import { freshPlace } from './built-command.ts';

test('a rule lets its group in, and nobody else', async () => {
  const { sh, transcript } = freshPlace();
  expect(
    await transcript(
      'dmaheap boot boards/camera-soc.dtb --group video 2>&1 | head -3',
      'dmaheap ls -l /dev/dma_heap/system',
      'dmaheap show heap:system | head -3',
      'dmaheap task add app --uid 1000',
      'dmaheap task add camera --uid 1000 --group video',
      'dmaheap task add owner --uid 1001 --gid video',
      'dmaheap --task app alloc system 4K',
      'dmaheap --task app alloc system 4K --json',
      'dmaheap --task camera alloc system 4K',
      'dmaheap --task owner alloc system 4K',
      'dmaheap alloc system 4K',
    ),
  ).toMatchSnapshot();
  // What one may not open, one may still be handed.
  expect((await sh('dmaheap --task camera task send 4 app')).stdout).toBe('3\n');
  expect((await sh('dmaheap --task app lseek 3 0 SEEK_END')).stdout).toBe('4096\n');
});

test('a mode is for all or for root, is kept for reboot, and goes with --board', async () => {
  const { sh } = freshPlace();
  const mode = async (line: string) => (await sh(line)).stdout.split(' ').slice(0, 3).join(' ');
  const list = 'dmaheap ls -l /dev/dma_heap/system';
  await sh('dmaheap boot boards/two-bank.dtb --mode 0640 --group 993');
  expect(await mode(list)).toBe('crw-r----- 0 993');
  await sh('dmaheap task add reader --uid 7 --group 993');
  expect((await sh('dmaheap --task reader open system')).stderr).toContain('EACCES');
  expect((await sh('dmaheap --task reader open system --flags O_RDONLY')).stdout).toBe('3\n');
  expect((await sh('dmaheap reboot')).code).toBe(0);
  expect(await mode(list)).toBe('crw-r----- 0 993');
  expect(await mode(`${list} --board boards/two-bank.dtb --mode 666`)).toBe('crw-rw-rw- 0 0');
  expect(await mode(`${list} --board boards/two-bank.dtb`)).toBe('crw------- 0 0');
  await sh('dmaheap boot boards/two-bank.dtb');
  expect((await sh('dmaheap list')).stdout).not.toContain('MODE');
});

test.each([
  ['--mode 0999', 'octal'],
  ['--mode 12345', 'octal'],
  ['--group vidoe', 'Did you mean video?'],
  ['--group input', 'give the number'],
  ['--evict chance', 'Expected a number'],
])('%s is wrong usage', async (words, said) => {
  const { code, stderr } = await freshPlace().sh(`dmaheap list --board boards/two-bank.dtb ${words}`);
  expect(code).toBe(2);
  expect(stderr).toContain(said);
});
