import { describe, expect, it } from 'vitest';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../src/uapi/dma-heap.ts';
import { F_DUPFD, MAP_SHARED, O_RDWR, PROT_READ } from '../../src/uapi/fcntl.ts';
import { dupNumbers } from '../kernel/programs/dup-numbers.ts';
import { fdIo } from '../kernel/programs/fd-io.ts';
import { forkShare } from '../kernel/programs/fork-share.ts';
import { heapNode } from '../kernel/programs/heap-node.ts';
import { ioctlEdge } from '../kernel/programs/ioctl-edge.ts';
import { PAGE, Program } from '../kernel/programs/libc.ts';
import { poll } from '../kernel/programs/poll.ts';
import { scmPass } from '../kernel/programs/scm-pass.ts';
import { vgem } from '../kernel/programs/vgem.ts';
import { failures, Histories } from './exported-history.ts';

const mixed = new Histories('fixtures/oracle/boards/mixed.dtb');
const params: BootParams = { coherent: 'off', config: { CONFIG_DRM_VGEM: true } };
const played = (work: (the: Program) => void) =>
  mixed.exported((kernel) => work(new Program(kernel, 'system')), params);

const NODE = '/dev/dma_heap/system';

/** A program that has more open than the model knows of. */
function busy(the: Program): void {
  const arg = () => encodeDmaHeapAllocationData({ len: PAGE, fd: 0, fd_flags: O_RDWR, heap_flags: 0n });
  const node = the.sys({ call: 'open', path: NODE, flags: O_RDWR, at: 11 }).ret;
  const got = arg();
  the.sys({ call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg: got, at: 12 });
  const { fd } = decodeDmaHeapAllocationData(got);
  the.sys({ call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg: arg(), at: -1 });
  the.sys({ call: 'dup', fd, at: 1 });
  the.sys({ call: 'dup', fd, at: 30, cloexec: true });
  the.sys({ call: 'fcntl', fd, cmd: F_DUPFD, arg: 13, at: 14 });
  const map = { call: 'mmap', fd, length: PAGE, prot: PROT_READ, flags: MAP_SHARED, offset: 0n } as const;
  const mapping = the.sys({ ...map, at: 0x7f00_0000_0000n }).ret;
  the.sys({ call: 'fork', child: 'other' });
  the.sys({ call: 'sendmsg', fd, to: 'other', at: 99 });
  the.as = 'other';
  the.sys({ call: 'munmap', mapping });
  the.sys({ call: 'close', fd: 99 });
}

describe('what a program did', () => {
  it.each(Object.entries({ busy, dupNumbers, fdIo, poll, scmPass, heapNode, ioctlEdge, vgem, forkShare }))(
    '%s is exported and replays to the same',
    (_, program) => {
      const { yaml, unsaid } = played(program);
      const { report, again } = mixed.replayed(yaml);
      expect(failures(report)).toEqual([]);
      expect(yaml.split('\n').filter((line) => line.includes('called'))).toEqual([]);
      expect(unsaid).toBe(0);
      expect(again).toBe(yaml);
    },
  );

  it('names the numbers that the caller got', () => {
    const { yaml } = played(busy);
    expect(yaml.split('\n').filter((line) => line.includes('at:'))).toMatchInlineSnapshot(`
      [
        "  - syscall: { call: open, path: /dev/dma_heap/system, flags: 0x2, at: 11 }",
        "      at: 12",
        "      at: "-1"",
        "  - syscall: { call: dup, fd: buf, at: 1 }",
        "  - syscall: { call: dup, fd: buf, at: 30, cloexec: true }",
        "  - syscall: { call: fcntl, fd: buf, cmd: 0, arg: 13, at: 14 }",
        "  - syscall: { call: mmap, fd: buf, length: 4K, prot: 1, flags: 0x1, offset: 0, at: 0x7f0000000000 }",
        "  - syscall: { call: sendmsg, fd: buf, to: other, at: 99 }",
      ]
    `);
  });
});
