/** What real programs did is exported and replays: every call that only they make, with the numbers that they got. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { MemoryRecords, type Records } from '../../src/records.ts';
import { exportScenario, historyOf } from '../../src/scenario/export/index.ts';
import { compileScenario, type RunReport, readScenario, ScenarioRun } from '../../src/scenario/index.ts';
import { readJournal } from '../../src/session/journal.ts';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { record } from '../../src/session/recorder.ts';
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
import { projectPath } from '../small-board.ts';

const FILE = projectPath('fixtures/oracle/boards/mixed.dtb');
const tree = decodeDtb(readFileSync(FILE), FILE);
const board = boardFromTree(tree, FILE);
const params: BootParams = { coherent: 'off', config: { CONFIG_DRM_VGEM: true } };

function exported(kernel: Kernel, records: Records): ReturnType<typeof exportScenario> {
  const booted = new MemoryRecords();
  boot(board, params, booted);
  const devices = new Kernel(booted, new InMemoryPhysMemory(layoutOf(booted))).devices();
  const history = historyOf(kernel, [...readJournal(records)], { params, devices, tree });
  return exportScenario(history, { title: 'a program', board: { file: 'board.dtb' }, parsed: board });
}

function played(work: (the: Program) => void): ReturnType<typeof exportScenario> {
  const records = new MemoryRecords();
  boot(board, params, records);
  const kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
  record(kernel, records);
  work(new Program(kernel, 'system'));
  return exported(kernel, records);
}

/** Runs an export, and exports what it did. */
function replayed(yaml: string): { readonly report: RunReport; readonly again: string } {
  const prepared = compileScenario(readScenario(yaml, 'program.yaml'), board, {
    readFile: () => new Uint8Array(),
    sha256,
  });
  let machine: { kernel: Kernel; records: Records } | undefined;
  const run = new ScenarioRun(prepared, {
    keepGoing: true,
    onBoot: (kernel, records) => {
      record(kernel, records);
      machine = { kernel, records };
    },
  });
  while (!run.advance(1000)) {
    // On.
  }
  if (machine === undefined) throw new Error('it did not boot');
  return { report: run.report(), again: exported(machine.kernel, machine.records).yaml };
}

const failures = ({ reports, end }: RunReport) => [
  ...reports()
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ text, task, mismatches }) => ({ text, task, mismatches })),
  ...(end?.mismatches ?? []),
];

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
      const { report, again } = replayed(yaml);
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
