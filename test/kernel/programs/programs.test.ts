/** The recorded programs about mappings, played on the model: each line as on the kernel and the heap of the recording. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GiB, MiB } from '../../../src/units.ts';
import { board, bootBoard, cma, projectPath } from '../../small-board.ts';
import { Process } from './process.ts';
import { PROGRAMS } from './programs.ts';

const fixture = (name: string): string => readFileSync(projectPath(`fixtures/programs/${name}`), 'utf8');
const INDEX: Record<string, Record<string, string>> = JSON.parse(fixture('index.json'));

/** Lines that ask what the model has not: running code, anonymous memory, smaps, other descriptors. */
const NOT_ASKED: Readonly<Record<string, readonly string[]>> = {
  'map-hole': ['bytes not zero in the next buffer'],
  'mremap-size': ['alive after closing and unmapping the room'],
  mprotect: ['rw: call', 'read exec: call', 'read write exec: call', 'exec alone: call'],
  'mmap-args': [
    'VmFlags of a read-write mapping',
    'shared, anonymous (descriptor ignored)',
    "anonymous over the buffer's mapping",
    'heap node, shared',
    'heap node, private',
    'O_PATH descriptor',
    'descriptor -1',
    'closed descriptor',
  ],
};

const nameOf = (line: string): string => line.slice(0, line.lastIndexOf(': '));

const boardWithDefault = board([cma('linux,cma', GiB + 64n * MiB, 64n * MiB, { linuxCmaDefault: true })]);

describe('the recorded programs about mappings', () => {
  // The others ask what only a real process has: test/native runs all of them.
  for (const [program, play] of Object.entries(PROGRAMS)) {
    const outputs = INDEX[program] ?? {};
    it.each(Object.entries(outputs))(`${program} on %s`, (where, file) => {
      const [kernel = '', backend = ''] = where.split(' ');
      const booted = bootBoard(boardWithDefault, { kernel, coherent: 'off' });
      const heaps = booted.kernel.heaps().filter((heap) => heap.backend === backend);
      const the = new Process(booted.kernel, heaps[0]?.name ?? '');
      play(the);
      const skipped = NOT_ASKED[program] ?? [];
      const recorded = fixture(file)
        .split('\n')
        .slice(0, -1)
        .filter((line) => !skipped.includes(nameOf(line)));
      expect(the.lines).toEqual(recorded);
    });
  }
});
