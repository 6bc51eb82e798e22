import { expect, test } from 'vitest';
import { freshPlace } from './built-command.ts';

const BOOT = 'dmaheap boot boards/camera-soc.dtb >/dev/null 2>&1';

test('attach, map, unmap, detach; bufinfo and show say who has it', async () => {
  expect(
    await freshPlace().transcript(
      BOOT,
      'dmaheap devices',
      'dmaheap alloc video-cma@60000000 8M',
      'dmaheap device attach camera@a200000 4',
      'dmaheap device map a200000.camera 4 --direction from-device',
      'dmaheap device map a200000.camera 4',
      'dmaheap device map a200000.camera attachment:1 --json',
      'dmaheap cat /sys/kernel/debug/dma_buf/bufinfo',
      'dmaheap free 4',
      'dmaheap buffers',
      'dmaheap device show a200000.camera',
      'dmaheap device set a200000.camera --mask 36',
      'dmaheap device unmap /soc@0/camera@a200000 attachment:1',
      'dmaheap device unmap a200000.camera attachment:1',
      'dmaheap device detach a200000.camera attachment:1',
      'dmaheap device detach a200000.camera attachment:1',
      'dmaheap buffers',
      'dmaheap device set a200000.camera --mask 36 --json',
    ),
  ).toMatchSnapshot();
});

test('a device that needs one run of addresses refuses a scattered buffer', async () => {
  const place = freshPlace();
  const transcript = await place.transcript(
    BOOT,
    'dmaheap device add sensor --contiguous',
    'dmaheap device add panel --contiguous --importer drm',
    'dmaheap alloc system 12M',
    'dmaheap device attach sensor 4',
    'dmaheap device map sensor 4',
    'dmaheap device attach panel 4',
    'dmaheap device map panel 4',
    // DRM holds three references where V4L2 holds one.
    'dmaheap show 4 | grep references',
    'dmaheap device set sensor --no-contiguous',
    'dmaheap device rm panel',
    'dmaheap device detach sensor 4',
    'dmaheap device set sensor --no-contiguous --mask 64',
    'dmaheap device attach sensor 4',
  );
  expect(transcript).toMatchSnapshot();
  const { segments } = JSON.parse((await place.sh('dmaheap device map sensor 4 --json')).stdout) as {
    readonly segments: readonly { readonly length: number }[];
  };
  expect(segments.reduce((sum, { length }) => sum + length, 0)).toBe(12 << 20);
  expect(segments.length).toBeGreaterThan(1);
});

test('a device sees memory through its window, which options lay over the tree', async () => {
  const { sh } = freshPlace();
  await sh(BOOT);
  expect((await sh('dmaheap device add dsp --node camera@a200000 --dma-range 0x40000000:0x0:1G')).code).toBe(
    0,
  );
  const { device } = JSON.parse((await sh('dmaheap device show dsp --json')).stdout) as {
    readonly device: object;
  };
  expect(device).toMatchObject({
    path: '/soc@0/camera@a200000',
    origin: 'added',
    // As Linux cuts it to what the bus carries.
    dma_mask: '0x3fffffff',
    bus_dma_limit: '0x3fffffff',
    dma_range_map: [{ cpu_start: '0x40000000', dma_start: '0x0', size: 1 << 30 }],
    'memory-region': ['video-cma@60000000'],
  });
  await sh('dmaheap alloc video-cma@60000000 1M && dmaheap device attach dsp 4');
  expect((await sh('dmaheap device map dsp 4')).stdout).toContain('0x20000000..0x200fffff');
});

test('several attachments are told apart, a task’s go with it', async () => {
  const { sh } = freshPlace();
  await sh(`${BOOT}; dmaheap device add gpu; dmaheap --task app alloc system 4K`);
  await sh('dmaheap --task app device attach gpu 4; dmaheap --task app device attach gpu 4');
  const unclear = await sh('dmaheap --task app device map gpu 4');
  expect(unclear).toMatchObject({ code: 2, stderr: expect.stringContaining('attachment:1, attachment:2') });
  expect((await sh('dmaheap --task app device map gpu attachment:2')).code).toBe(0);
  // The only one that is left to map.
  expect((await sh('dmaheap --task app device map gpu 4')).code).toBe(0);
  expect((await sh('dmaheap device map gpu attachment:3')).stderr).toContain('there is no attachment 3');
  expect((await sh('dmaheap task exit app')).stderr).toContain('detached gpu, gpu; freed ino 1');
  expect((await sh('dmaheap buffers')).stdout).toBe('There are no buffers.\n');
});

test('what is no device, and what cannot be one', async () => {
  expect(
    await freshPlace().transcript(
      BOOT,
      'dmaheap device attach camra 4',
      'dmaheap device attach a200000.camera 4',
      'dmaheap device attach a200000.camera 1',
      'dmaheap device map a200000.camera 4',
      'dmaheap device add a200000.camera',
      "dmaheap device add 'a b'",
      'dmaheap device add x --node /soc/none',
      'dmaheap device add x --mask 65',
      'dmaheap device add x --dma-range 0:0',
      'dmaheap device set a200000.camera',
      'dmaheap device map a200000.camera four',
      'dmaheap device map a200000.camera 4 --direction sideways',
      'dmaheap devices --board boards/two-bank.dtb',
    ),
  ).toMatchSnapshot();
});

test('hazards: none is 0, one is 1, as text and as one JSON object', async () => {
  const { sh } = freshPlace();
  await sh(`${BOOT}; dmaheap alloc video-cma@60000000 4K; dmaheap device attach a200000.camera 4`);
  await sh('dmaheap device map a200000.camera 4');
  expect(await sh('dmaheap hazards')).toEqual({ stdout: 'none\n', stderr: '', code: 0 });
  // The CPU's bytes are in its cache alone, and no SYNC has cleaned it.
  await sh('printf hello | dmaheap write 4; dmaheap read 4:0:5 --as a200000.camera');
  const text = await sh('dmaheap hazards');
  expect(text).toMatchObject({ code: 1, stderr: '' });
  expect(text.stdout).toMatch(/^stale read: a200000\.camera read 5 bytes of memory that shell had written/);
  expect(text.stdout).toContain('dmaheap sync 4 --end --write');
  const json = await sh('dmaheap hazards --json');
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    schema: 'dmaheap.hazards/2',
    hazards: [{ kind: 'stale-read', cause: 'line-not-cleaned', length: 5 }],
  });
});
