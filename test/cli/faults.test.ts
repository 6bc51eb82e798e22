import { expect, test } from 'vitest';
import { freshPlace } from './built-command.ts';

const BOARD = 'boards/camera-soc.dtb';
const BOOT = `dmaheap boot ${BOARD} >/dev/null 2>&1`;

test('calls fail by rules, which tell what they did', async () => {
  expect(
    await freshPlace().transcript(
      `dmaheap boot ${BOARD} --fault errno=ENOMEM,heap=video-cma@60000000,nth=2 >/dev/null 2>&1`,
      'dmaheap alloc video-cma@60000000 4M --count 3',
      'dmaheap alloc video-cma@60000000 4M',
      'dmaheap fault add errno=EMFILE,task=shell,every=2,times=1',
      'dmaheap fault add exit=camera,nth=4,later',
      'dmaheap fault add leak=shell,times=1',
      'dmaheap --task camera alloc system 4K --count 3',
      'dmaheap alloc system 4K --count 2 --json | jq .error.why',
      'dmaheap free 4',
      'dmaheap show 4',
      'dmaheap leaks',
      'dmaheap leaks --task camera && dmaheap leaks --task shell >/dev/null',
      'dmaheap leaks --json | jq "[.buffers[] | {ino, call, maker}]"',
      'dmaheap fault list',
      'dmaheap fault rm 1 && dmaheap fault rm --all --json | jq .removed',
      'dmaheap free --all && dmaheap leaks && dmaheap fault list',
    ),
  ).toMatchSnapshot();
});

test('pages are pinned, and CMA searches on', async () => {
  expect(
    await freshPlace().transcript(
      `dmaheap boot ${BOARD} --fault busy=0x60400000:64K >/dev/null 2>&1`,
      'dmaheap alloc video-cma@60000000 5M',
      'dmaheap pin @0x60000000:4K && dmaheap pin',
      'dmaheap alloc video-cma@60000000 1M && dmaheap buffers',
      'dmaheap alloc video-cma@60000000 59M',
      'dmaheap unpin @0x60400000:64K && dmaheap unpin --all --json',
      'dmaheap pin && dmaheap fault list',
      'dmaheap pin @0x50000000:4K',
      'dmaheap unpin @0x60000000:4K',
    ),
  ).toMatchSnapshot();
});

test('a module comes later, and stays', async () => {
  expect(
    await freshPlace().transcript(
      `dmaheap boot ${BOARD} --group video --fault module=coherent_heap --fault module=cma_heap`,
      'dmaheap alloc vpu-pool@50000000 4K',
      'dmaheap fault list',
      'dmaheap modprobe cma_heap',
      'dmaheap modprobe coherent-heap --json | jq "[.heaps[] | {name, minor}]"',
      'dmaheap dmesg | tail -n 2',
      'dmaheap modprobe cma_heap && dmaheap fault list',
      'dmaheap modprobe -r cma_heap',
      'dmaheap modprobe cma_hep',
      'dmaheap reboot 2>/dev/null',
    ),
  ).toMatchSnapshot();
});

test('rules that cannot be are refused with what was meant', async () => {
  expect(
    await freshPlace().transcript(
      `dmaheap list --board ${BOARD} --fault errno=ENOMEM,nht=3`,
      `dmaheap boot ${BOARD} --fault busy=0x1000:4K`,
      'test ! -e .dmaheap',
      BOOT,
      'dmaheap alloc system 4K --fault errno=ENOMEM',
      'dmaheap fault add errno=ENOMEN',
      'dmaheap fault add errno=EIO,call=slep --json | jq .error.code',
      'dmaheap fault add module=cma_heap',
      'dmaheap fault add busy=0x1000:4K',
      'dmaheap fault rm 7',
      'dmaheap fault rm',
      'dmaheap unpin',
      'dmaheap pin 4',
      'dmaheap leaks --task 4you',
      'dmaheap age nowhere',
      'dmaheap age system --sizes 4K:x',
    ),
  ).toMatchSnapshot();
});

test('ageing tells what still fits, and leaves what lives, the same by its seed', async () => {
  const { sh } = freshPlace();
  await sh(BOOT);
  const words = 'age video-cma@60000000 --sizes 64K,1M:3,3M --lifetime 30 --steps 600 --seed 7';
  const once = await sh(`dmaheap ${words} --board ${BOARD}`);
  expect(once.stdout).toMatchSnapshot();
  expect(await sh(`dmaheap ${words}`)).toEqual(once);
  const { alive, requests } = JSON.parse((await sh(`dmaheap ${words} --board ${BOARD} --json`)).stdout) as {
    readonly alive: number;
    readonly requests: readonly { readonly size: number; readonly ok: boolean }[];
  };
  const { buffers } = JSON.parse((await sh('dmaheap leaks --task age --json')).stdout) as {
    readonly buffers: readonly unknown[];
  };
  expect([alive, buffers.length]).toEqual([buffers.length, alive]);
  const [last, first] = [requests.findLast(({ ok }) => ok), requests.find(({ ok }) => !ok)];
  for (const { size, ok } of [last, first].flatMap((request) => request ?? [])) {
    expect((await sh(`dmaheap alloc video-cma@60000000 ${size} && dmaheap free 4`)).code).toBe(ok ? 0 : 1);
  }
  await sh('dmaheap --task age free --all');
  expect((await sh('dmaheap leaks')).stdout).toBe('none\n');
});

test('a rule about what is not there is told with what there is, unless it may come', async () => {
  const place = freshPlace();
  const scenario = (fault: string, step = 'alloc: { heap: system, size: 4K }, task: camera') =>
    `printf '%s\\n' 'board: ${BOARD}' 'boot: { fault: "${fault}" }' 'steps: [{ ${step} }]' > s.yaml`;
  expect(
    await place.transcript(
      `dmaheap boot ${BOARD} --fault errno=ENOMEM,heap=video-cma`,
      `dmaheap list --board ${BOARD} --fault exit=camera --json | jq .error.code`,
      'test ! -e .dmaheap',
      `dmaheap boot ${BOARD} --fault errno=ENOMEM,heap=video-cma,later >/dev/null 2>&1`,
      'dmaheap fault add errno=ENOMEM,heap=systen',
      'dmaheap fault add errno=EIO,call=sync,task=camera',
      'dmaheap fault add leak=camera',
      'dmaheap fault add leak=camera,later',
      'dmaheap fault list',
      `${scenario('errno=EIO,heap=video-cma,nth=3')}; dmaheap run s.yaml`,
      `${scenario('exit=camara')}; dmaheap run s.yaml`,
      `${scenario('exit=camera,nth=9')}; dmaheap run s.yaml`,
      `${scenario('busy=0x60400000:64K', 'fault: { errno: EIO, heap: nowhere }')}; dmaheap run s.yaml`,
      `${scenario('exit=camera,nth=9', 'fault: { errno: EIO, heap: nowhere }')}; dmaheap run s.yaml`,
      `${scenario('exit=camera,nth=9', 'fault: { errno: EIO, heap: nowhere, later: true }, task: camera')}; dmaheap run s.yaml`,
      'dmaheap replay s.yaml --fault errno=ENOMEM,heap=video-cma',
    ),
  ).toMatchSnapshot();
});
