import { expect, test } from 'vitest';
import { freshPlace } from './built-command.ts';

interface Task {
  readonly name: string;
  readonly fds: readonly { readonly fd: number; readonly cloexec: boolean; readonly kind: string }[];
  readonly mappings: number;
}

const BOOT = 'dmaheap boot boards/camera-soc.dtb >/dev/null 2>&1';
const BUFINFO = 'dmaheap cat /sys/kernel/debug/dma_buf/bufinfo';

test('fork copies, exec closes what is close-on-exec, exit frees; send hands on', async () => {
  const place = freshPlace();
  expect(
    await place.transcript(
      BOOT,
      'dmaheap --task camera alloc video-cma@60000000 8M --name frame',
      'dmaheap --task camera alloc vpu-pool@50000000 64K --fd-flags O_RDWR',
      'dmaheap --task camera mmap 4',
      'dmaheap --task camera task fork encoder',
      'dmaheap tasks',
      'dmaheap buffers',
      'dmaheap --task encoder task send 4 shell',
      BUFINFO,
      'dmaheap task exec encoder',
      'dmaheap --task camera task exit',
      'dmaheap buffers',
      'dmaheap show 3',
      'dmaheap show 3 --json | jq "{fds: .buffer.fds, count: .buffer.count}"',
      'dmaheap free 3',
      'dmaheap task exit encoder --json',
      'dmaheap buffers',
    ),
  ).toMatchSnapshot();
});

test('a descriptor is a task’s own: the same number is another file elsewhere', async () => {
  const { sh } = freshPlace();
  await sh(BOOT);
  const started = await sh('dmaheap --task a alloc system 4K --name of-a');
  expect(started).toEqual({ stdout: '4\n', stderr: 'started task a (pid 2)\n', code: 0 });
  expect((await sh('dmaheap --task b alloc system 8K --name of-b')).stdout).toBe('4\n');
  expect((await sh('dmaheap --task a show 4')).stdout).toContain('of-a');
  expect((await sh('dmaheap --task b show 4')).stdout).toContain('of-b');
  expect((await sh('dmaheap free 4')).stderr).toContain('EBADF');
  expect((await sh('dmaheap --task a free --all --json')).stdout).toContain('"closed": [\n    4\n  ]');
  expect((await sh('dmaheap buffers')).stdout).toMatch(/^b:4 .* of-b /m);
});

test('the receiver says close-on-exec, and has a limit of its own', async () => {
  const { sh } = freshPlace();
  await sh(`${BOOT}; dmaheap alloc system 4K; dmaheap task add small --nofile 4`);
  expect((await sh('dmaheap task send 4 small --cloexec')).stdout).toBe('3\n');
  const full = await sh('dmaheap task send 4 small');
  expect([full.code, full.stderr.split('\n')[0]]).toEqual([
    1,
    'task send: 4 to small: EMFILE (Too many open files)',
  ]);
  const { tasks } = JSON.parse((await sh('dmaheap tasks --json')).stdout) as {
    readonly tasks: readonly Task[];
  };
  expect(tasks.find(({ name }) => name === 'small')?.fds.at(-1)).toEqual({
    fd: 3,
    cloexec: true,
    kind: 'dma_buf',
    ino: 1,
    path: null,
  });
});

test('what a task cannot be, or cannot do', async () => {
  expect(
    await freshPlace().transcript(
      BOOT,
      'dmaheap task add 4you',
      'dmaheap task add shell',
      'dmaheap task add app --group wheel',
      'dmaheap task add app --group render',
      'dmaheap task add app --uid -1',
      'dmaheap task fork shell',
      'dmaheap task exit nobody',
      'dmaheap task send 9 shell',
      'dmaheap task send 4 nobody',
      'dmaheap --task nobody show 4',
      'dmaheap --task a task exit b',
      'dmaheap task exit && dmaheap tasks',
    ),
  ).toMatchSnapshot();
});
