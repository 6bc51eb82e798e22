import { expect, test } from 'vitest';
import { freshPlace } from './built-command.ts';

const BOOT = 'dmaheap boot boards/camera-soc.dtb >/dev/null 2>&1';

/** len, fd, fd_flags and heap_flags of struct dma_heap_allocation_data, as they lie in memory. */
const ALLOC = '0010000000000000 00000000 02000800 0000000000000000';

test('ioctl: the struct as it is, older and newer, and none at all', async () => {
  expect(
    await freshPlace().transcript(
      BOOT,
      'dmaheap open vpu-pool@50000000',
      `dmaheap ioctl 3 DMA_HEAP_IOCTL_ALLOC "${ALLOC}"`,
      // 16 bytes of an older header: what is missing is zero.
      'dmaheap ioctl 3 0xc0104800 "0010000000000000 00000000 00000000"',
      // 32 bytes of a newer one: what the kernel does not know comes back as it was.
      `dmaheap ioctl 3 0xc0204800 "${ALLOC} ffffffffffffffff"`,
      'dmaheap ioctl 3 0xc0104800 "0010000000000000 01000000 00000000"',
      'dmaheap ioctl 3 DMA_HEAP_IOCTL_ALLOC --null',
      'dmaheap ioctl 3 DMA_HEAP_IOCTL_ALLOC --json',
      'dmaheap ioctl 4 DMA_HEAP_IOCTL_ALLOC',
      'dmaheap ioctl 4 DMA_BUF_IOCTL_SYNC 07',
      'dmaheap ioctl 4 DMA_BUF_IOCTL_SYNC 00 --json',
      'dmaheap ioctl 4 DMA_BUF_SET_NAME 6672616d6500',
      'dmaheap ioctl 4 FIGETBSZ',
      'dmaheap ioctl 5 FIOCLEX && dmaheap fcntl 5 F_GETFD',
      'dmaheap buffers',
      'dmaheap ioctl 4 DMA_BUF_IOCTL_SNYC',
      'dmaheap ioctl 4 DMA_BUF_IOCTL_SYNC 123',
      'dmaheap ioctl 4 DMA_BUF_IOCTL_SYNC 07 --null',
    ),
  ).toMatchSnapshot();
});

test('open, dup, fcntl, lseek, poll, stat, name: what each returns', async () => {
  expect(
    await freshPlace().transcript(
      BOOT,
      'dmaheap alloc system 4K',
      'dmaheap open /dev/dma_heap/system --flags O_RDONLY',
      'dmaheap open sytsem',
      'dmaheap open /proc --flags O_RDWR',
      'dmaheap dup 4',
      'dmaheap fcntl 4 F_DUPFD_CLOEXEC 20',
      'dmaheap fcntl 20 F_GETFD',
      'dmaheap fcntl 20 F_SETFD 0 && dmaheap fcntl 20 F_GETFD',
      'dmaheap fcntl 4 F_SETFL O_NONBLOCK && dmaheap fcntl 5 F_GETFL',
      'dmaheap fcntl 4 F_GETFL --json',
      'dmaheap fcntl 4 12345',
      'dmaheap lseek 4 0 SEEK_END',
      'dmaheap lseek -- 4 -1 SEEK_END',
      'dmaheap lseek 3 0 SEEK_SET',
      'dmaheap poll 4 3 9',
      'dmaheap poll 4 --events POLLOUT --json',
      'dmaheap stat 4',
      'dmaheap stat 3',
      'dmaheap name 4 frame',
      'dmaheap name 4 a-name-that-is-longer-than-31-bytes',
      'dmaheap name 3 frame',
      'dmaheap free 4 5 20 3 && dmaheap dup 4',
    ),
  ).toMatchSnapshot();
});

test('what a recorded program does can be typed: transfers, limits, read-only nodes, offsets below 0', async () => {
  expect(
    await freshPlace().transcript(
      BOOT,
      'dmaheap alloc system 4K',
      'dmaheap alloc system 4K --fd 3',
      'dmaheap alloc system 4K --open-flags O_RDONLY',
      'dmaheap open /sys/kernel/debug/dma_buf/bufinfo',
      'dmaheap call read 3 16',
      'dmaheap call pread64 3 7 1 --json | jq -c .',
      'dmaheap call pread64 -- 3 7 -1',
      'dmaheap call read 4 16',
      'dmaheap call write 4 0011',
      'printf hello > file; dmaheap call write 4 @file; dmaheap call write 4 @nosuch; dmaheap call write 4 1',
      'dmaheap call pwrite64 4 00 0',
      'dmaheap call ftruncate 4 4096',
      'dmaheap call ftruncate -- 4 -1',
      'dmaheap mmap 4 --offset=-4096',
      'dmaheap mmap 4 --offset=-1K',
      'dmaheap call mmap 4 4096 PROT_READ MAP_SHARED_VALIDATE',
      'dmaheap call mmap 4 4096 0 0',
      'dmaheap call mmap -- 4 4096 3 1 -4096',
      'dmaheap call mmap 4 4096 PROT_RAED 1',
      'dmaheap call setrlimit 5 && dmaheap alloc system 4K --count 2',
      'dmaheap ioctl 4 DMA_BUF_IOCTL_SYNC --null',
      'dmaheap export --output history.yaml; dmaheap replay history.yaml',
      'grep -c call- history.yaml',
    ),
  ).toMatchSnapshot();
});

test('mappings lose parts, change and move, and a history of it replays', async () => {
  expect(
    await freshPlace().transcript(
      'dmaheap boot boards/camera-soc.dtb --kernel 6.6 >/dev/null 2>&1; dmaheap alloc linux,cma 32K; dmaheap mmap 4',
      'dmaheap call munmap 1 12K 8K; dmaheap call mprotect map:1 0 4K PROT_READ',
      'dmaheap show 4 | grep references; dmaheap show 4 --json | jq -c .buffer.mappings',
      'dmaheap fill map:1 1',
      'dmaheap call mremap 1 20K 12K 16K 0',
      'dmaheap call mremap 1 20K 12K 16K MREMAP_MAYMOVE',
      "dmaheap call mmap 4 4K PROT_READ 'MAP_SHARED|MAP_FIXED' 0 map:1+12K --json | jq -c '[.flag_names, .ret]'",
      'dmaheap call mremap 1 0 4K 4K 3 map:9+1M',
      'dmaheap call mremap 1 0 4K 4K 3 map:1+5',
      'dmaheap read map:2:16K:1',
      'dmaheap cat /proc/self/maps',
      'dmaheap munmap 1; dmaheap munmap 2; dmaheap munmap 3; dmaheap cat /proc/self/maps',
      'dmaheap export --output history.yaml; dmaheap replay history.yaml',
      'grep -c call- history.yaml',
    ),
  ).toMatchSnapshot();
});

test('scenarios have the same calls', async () => {
  const steps = [
    '- { alloc: { heap: system, size: 4K, open-flags: O_RDONLY }, as: b }',
    '- { open: /sys/kernel/debug/dma_buf/bufinfo, as: f }',
    '- { call-read: { fd: f, buf: 8 }, expect: { ret: 8, bytes: "0a446d612d627566" } }',
    '- { call-pread64: { fd: f, buf: 8, offset: -1 }, expect: { errno: EINVAL } }',
    '- { call-write: { fd: b, buf: "00 11" }, expect: { errno: EINVAL } }',
    '- { call-pwrite64: { fd: b, buf: "00", offset: 0 }, expect: { errno: ESPIPE } }',
    '- { call-ftruncate: { fd: b, length: -1 }, expect: { errno: EINVAL } }',
    '- { call-mmap: { fd: b, length: 4K, prot: PROT_READ, flags: 3 }, as: m }',
    '- { read: { from: "map:m", length: 4 } }',
    '- { call-mremap: { mapping: m, offset: 0, old_len: 4K, new_len: 4K, flags: 3, new_addr: "map:m+1M" }, as: n }',
    '- { call-mprotect: { mapping: n, offset: 0, length: 1, prot: PROT_EXEC }, expect: { errno: EACCES } }',
    '- { call-munmap: { mapping: n, offset: 0, length: 4K } }',
    '- { read: { from: "map:n", length: 4 }, expect: { errno: EFAULT } }',
    '- { mmap: { fd: b, offset: -4096 }, expect: { errno: EOVERFLOW } }',
  ];
  const place = freshPlace();
  await place.sh(
    `printf '%s\\n' 'board: boards/camera-soc.dtb' steps: ${steps.map((one) => `'${one}'`).join(' ')} > s.yaml`,
  );
  expect(await place.sh('dmaheap run s.yaml')).toMatchObject({ code: 0, stderr: '' });
});

test('what is said of an offset is what the call and the file take', async () => {
  const { sh } = freshPlace();
  await sh('dmaheap boot boards/camera-soc.dtb; dmaheap alloc system 4K; dmaheap open /proc/iomem');
  const told = async (line: string) => (await sh(`dmaheap ${line}`)).stderr.split('\n')[1]?.trim();
  expect(await told('lseek -- 4 -1 SEEK_END')).toContain('a buffer takes only 0');
  expect(await told('lseek 4 0 SEEK_CUR')).toContain('SEEK_SET (0) and SEEK_END (2)');
  expect(await told('lseek -- 3 -1 SEEK_SET')).toBe('offset -1 leads to before the begin of the file');
  expect(await told('lseek 3 0 SEEK_END')).toContain('SEEK_SET (0) and SEEK_CUR (1)');
  // Only lseek has such rules.
  const others = ['call pread64 -- 4 16 -1', 'call pwrite64 -- 4 00 -1', 'call pread -- 3 16 -1'];
  for (const line of others) expect(await told(line), line).toBe('offset -1 is below 0');
});
