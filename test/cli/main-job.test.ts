import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshPlace } from './built-command.ts';

const MAIN_JOB =
  'dmaheap boot BOARD && a=$(dmaheap alloc vpu-pool@50000000 300K) && dmaheap show $a && dmaheap list && printf hello | dmaheap write $a && dmaheap dump $a | head -1 && dmaheap free $a && dmaheap list --json | jq .';

const YAML_BOARD = `model: a board of this test
"#address-cells": 2
"#size-cells": 2
memory: { reg: [0x40000000, 1G] }
reserved-memory:
  vpu-pool@50000000:
    compatible: shared-dma-pool
    reg: [0x50000000, 4M]
    no-map: true
  video-cma@60000000:
    compatible: shared-dma-pool
    reg: [0x60000000, 64M]
    reusable: true
`;

test('the main job on a shipped blob', async () => {
  expect(
    await freshPlace('built').transcript(MAIN_JOB.replace('BOARD', 'boards/camera-soc.dtb')),
  ).toMatchSnapshot();
});

test('the main job on a YAML board', async () => {
  const place = freshPlace('built');
  writeFileSync(join(place.dir, 'board.yaml'), YAML_BOARD);
  expect(await place.transcript(MAIN_JOB.replace('BOARD', 'board.yaml'))).toMatchSnapshot();
});

test('buffers: several, named, by count, all or none', async () => {
  const place = freshPlace('built');
  const transcript = await place.transcript(
    'dmaheap boot boards/camera-soc.dtb >/dev/null 2>&1',
    'dmaheap alloc video-cma@60000000 8M --count 2 --name frame',
    'dmaheap alloc npu-pool@52000000 512K --count 4 --atomic',
    'dmaheap alloc npu-pool@52000000 512K --count 4',
    'dmaheap buffers',
    'dmaheap show heap:video-cma@60000000',
    'dmaheap show 4 --json',
    'dmaheap free 5 99 4',
    'dmaheap boot boards/camera-soc.dtb',
    'dmaheap free --all --json',
    'dmaheap reboot | head -1',
    'dmaheap session info',
    'dmaheap session rm && dmaheap list',
  );
  expect(transcript).toMatchSnapshot();
});

test('failures say why in numbers, with the log; the log has its rate limit', async () => {
  const place = freshPlace('built');
  const transcript = await place.transcript(
    'dmaheap boot boards/camera-soc.dtb >/dev/null 2>&1',
    'dmaheap alloc video-cma@60000000 128M',
    'dmaheap alloc video-cma@60000000 128M --json',
    'for i in 1 2 3 4 5 6 7 8; do dmaheap alloc video-cma@60000000 65M; done 2>/dev/null; true',
    'dmaheap alloc video-cma@60000000 65M',
    'dmaheap sleep 6 && dmaheap alloc video-cma@60000000 65M',
    'dmaheap alloc vpu-pol 4K',
    'dmaheap alloc system 0',
    'dmaheap alloc system 4K --heap-flags 1',
    'dmaheap alloc system 4K --fd-flags 0x800',
    'dmaheap alloc system 2G',
    'dmaheap alloc system 4K --name 0123456789012345678901234567890123456789',
  );
  expect(transcript).toMatchSnapshot();
});

test('bytes: written, filled, dumped, read back', async () => {
  const place = freshPlace('built');
  const input = Uint8Array.from({ length: 70_000 }, (_, i) => i * 7);
  writeFileSync(join(place.dir, 'in.raw'), input);
  const transcript = await place.transcript(
    'dmaheap boot boards/camera-soc.dtb >/dev/null 2>&1',
    'dmaheap alloc system 128K',
    'dmaheap write 4:100 --input in.raw --json',
    'dmaheap fill 4:0:4 0xff',
    'dmaheap dump 4:0:0x80',
    'dmaheap dump 4:96:20 --format xxd',
    'dmaheap dump 4:0x11200',
    'dmaheap read 4:100:70000 > out.raw',
    'head -c 200000 in.raw | cat - in.raw | dmaheap write 4',
    'dmaheap read 4:120K:16K',
    'dmaheap read 4:0:5 --json',
    'dmaheap alloc system 4K --fd-flags O_RDONLY',
    'echo no | dmaheap write 5',
    'dmaheap write 5 --input nothing-here',
    'dmaheap dump 6',
  );
  expect(transcript).toMatchSnapshot();
  expect(Buffer.compare(readFileSync(join(place.dir, 'out.raw')), input)).toBe(0);
});
