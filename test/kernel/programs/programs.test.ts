/** The recorded programs, played on the model: each line as on the kernel and the heap of the recording. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { boardFromTree } from '../../../src/board/from-tree.ts';
import { decodeDtb } from '../../../src/devicetree/dtb.ts';
import { bootBoard, projectPath } from '../../small-board.ts';
import { dupNumbers } from './dup-numbers.ts';
import { fdIo } from './fd-io.ts';
import { forkShare } from './fork-share.ts';
import { heapNode } from './heap-node.ts';
import { ioctlEdge } from './ioctl-edge.ts';
import { Program } from './libc.ts';
import { MAPPING_PROGRAMS } from './mappings.ts';
import { poll } from './poll.ts';
import { scmPass } from './scm-pass.ts';
import { vgem } from './vgem.ts';

const PROGRAMS: Readonly<Record<string, (the: Program) => void>> = {
  ...MAPPING_PROGRAMS,
  'fd-io': fdIo,
  poll,
  'fork-share': forkShare,
  'scm-pass': scmPass,
  'dup-numbers': dupNumbers,
  'ioctl-edge': ioctlEdge,
  'heap-node': heapNode,
  vgem,
};

const fixture = (name: string): string => readFileSync(projectPath(`fixtures/programs/${name}`), 'utf8');
const INDEX: Record<string, Record<string, string>> = JSON.parse(fixture('index.json'));

/** Lines that ask what the model has not: running code, anonymous memory, smaps, other descriptors, other file systems. */
const NOT_ASKED: Readonly<Record<string, readonly string[]>> = {
  'map-hole': ['bytes not zero in the next buffer'],
  'mremap-size': ['alive after closing and unmapping the room'],
  mprotect: ['rw: call', 'read exec: call', 'read write exec: call', 'exec alone: call'],
  'mmap-args': [
    'VmFlags of a read-write mapping',
    'shared, anonymous (descriptor ignored)',
    "anonymous over the buffer's mapping",
  ],
  poll: ['epoll add itself', 'epoll descriptor: poll IN gives 0'],
  'fork-share': ["child's exit status", 'third child'],
  'ioctl-edge': ['ALLOC on /dev/null', 'SYNC on /dev/null'],
  'heap-node': ['symlink', 'open the symlink', 'alloc through it', 'open the symlink O_NOFOLLOW'],
  vgem: ['import /dev/null'],
};

const nameOf = (line: string): string => line.slice(0, line.lastIndexOf(': '));

const MIXED = 'fixtures/oracle/boards/mixed.dtb';
const mixed = boardFromTree(decodeDtb(readFileSync(projectPath(MIXED)), MIXED), MIXED);
const HEAPS: Readonly<Record<string, string>> = { system: 'system', cma: 'linux,cma' };

/** Lines compared, by program. */
const COMPARED: Readonly<Record<string, number>> = {
  'map-hole': 480,
  'mremap-size': 312,
  mprotect: 615,
  'mmap-args': 648,
  'fd-io': 1632,
  poll: 812,
  'fork-share': 408,
  'scm-pass': 156,
  'dup-numbers': 792,
  'ioctl-edge': 1578,
  'heap-node': 912,
  vgem: 136,
};

describe('the recorded programs', () => {
  const compared = new Map<string, number>();
  // Two more ask what only a real process has: test/native runs all of them.
  for (const [program, play] of Object.entries(PROGRAMS)) {
    const outputs = INDEX[program] ?? {};
    it.each(Object.entries(outputs))(`${program} on %s`, (where, file) => {
      const [kernel = '', backend = ''] = where.split(' ');
      const config = { CONFIG_DRM_VGEM: program === 'vgem' };
      const booted = bootBoard(mixed, { kernel, coherent: 'off', cmdline: 'console=ttyAMA0 quiet', config });
      const the = new Program(booted.kernel, HEAPS[backend] ?? '');
      play(the);
      const skipped = NOT_ASKED[program] ?? [];
      const recorded = fixture(file)
        .split('\n')
        .slice(0, -1)
        .filter((line) => !skipped.includes(nameOf(line)));
      expect(the.lines).toEqual(recorded);
      compared.set(program, (compared.get(program) ?? 0) + recorded.length);
    });
  }

  it('are compared whole', () => {
    expect(Object.fromEntries(compared)).toEqual(COMPARED);
  });
});
