/** A history that is exported and run again does the same, and is exported to the same file. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { treeFromYaml, treeFromYamlSource } from '../../src/board/from-yaml.ts';
import { encodeDtb } from '../../src/devicetree/dtb.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { ROOT } from '../../src/kernel/task.ts';
import { profileOf } from '../../src/profile/profile.ts';
import { exportScenario } from '../../src/scenario/export/index.ts';
import { readScenario } from '../../src/scenario/index.ts';
import { Random } from '../fuzz/random.ts';
import { Task } from '../kernel/machine.ts';
import { alloc } from '../session/random-calls.ts';
import { projectPath } from '../small-board.ts';
import { failures, Histories } from './exported-history.ts';
import { RandomWork } from './random-history.ts';

const camera = new Histories('fixtures/boards/camera-soc.dtb');
const history = (work: (kernel: Kernel) => void, params: BootParams = {}): string =>
  camera.exported(work, params).yaml;
const replayed = (yaml: string) => camera.replayed(yaml);

/** Calls that no action says are comments: nothing that could come back. */
const withoutComments = (yaml: string): string => yaml.replace(/^ *#.*\n/gm, '');

describe('a history', () => {
  it('comes back as it was: random work of tasks and devices', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom<BootParams>(
          {},
          { cmdline: 'cma=16M', nofile: 24 },
          { evict: 7 },
          { heapMode: 0o660, heapGid: 44, coherent: 'off' },
        ),
        (seed, steps, params) => {
          const yaml = history((kernel) => {
            const work = new RandomWork(kernel, new Random(seed));
            for (let i = 0; i < steps; i++) work.step();
          }, params);
          const { report, again } = replayed(yaml);
          expect(failures(report)).toEqual([]);
          expect(report.verdict).toBe('passed');
          expect(withoutComments(again)).toBe(withoutComments(yaml));
        },
      ),
      { numRuns: 120 },
    );
  });

  const shellWork = (work: (shell: Task, kernel: Kernel) => void) => (kernel: Kernel) =>
    work(new Task(kernel), kernel);

  it('is what a person would write', () => {
    const yaml = history(
      shellWork((shell, kernel) => {
        const fd = alloc(kernel, 'shell', 'video-cma@60000000', Number(8n << 20n));
        expect(alloc(kernel, 'shell', 'video-cma@60000000', Number(65n << 20n))).toBe(-12);
        const attachment = shell.attach(fd, 'a200000.camera');
        shell.mapFor(attachment, 'DMA_FROM_DEVICE');
        const mapping = shell.map(fd, 4096n, { offset: 4096n });
        shell.store(mapping, 16, [1, 2, 3, 4, 5]);
        shell.dmaRead(attachment, 4096, 32);
        kernel.syscall('camera', { call: 'task_add', name: 'camera', credentials: ROOT, nofile: 1024 });
        shell.must({ call: 'sendmsg', fd, to: 'camera' });
        new Task(kernel, 'camera').must({ call: 'fork', child: 'helper' });
        new Task(kernel, 'camera').must({ call: 'close', fd: 3 });
        shell.sync(fd, 5);
        shell.call({ call: 'dup', fd: 99 });
      }),
      { cmdline: 'cma=16M', memory: [{ base: 0x40000000n, size: 1n << 30n }], faults: [] },
    );
    expect(yaml).toMatchSnapshot();
    expect(failures(replayed(yaml).report)).toEqual([]);
  });

  it('joins the pieces of a fill, unless somebody counts calls', () => {
    const pieces = shellWork((shell, kernel) => {
      const fd = alloc(kernel, 'shell', 'system', Number(8n << 20n));
      for (let i = 0; i < 3; i++) {
        const mapping = shell.map(fd, 1n << 20n, { offset: BigInt(i) << 20n });
        kernel.mapping(mapping).write(0n, new Uint8Array(1 << 20).fill(7));
        shell.must({ call: 'munmap', mapping });
      }
    });
    const joined = history(pieces);
    expect(joined.match(/- fill/g)).toHaveLength(1);
    expect(joined).toContain('- fill: { to: buf1, length: 3M, byte: 0x7 }');
    expect(replayed(joined).again).toBe(joined);
    expect(history(pieces, { evict: 1 }).match(/- fill/g)).toHaveLength(3);
  });

  it('puts other bytes in the place of those that nobody kept, and compares nothing that came of them', () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) & 0xff);
    const yaml = history(
      shellWork((shell, kernel) => {
        const mapping = shell.map(alloc(kernel, 'shell', 'system', Number(1n << 20n)), 1n << 20n);
        shell.store(mapping, 0, bytes);
        shell.load(mapping, 10, 20);
        shell.load(mapping, 200_000, 70);
      }),
    );
    expect(yaml).toContain('# 100000 B of other bytes were written here');
    expect(yaml).toContain('it is not compared');
    expect(yaml).toContain('value: { nonzero: 0 }');
    expect(failures(replayed(yaml).report)).toEqual([]);
  });

  it('keeps a board in YAML with its comments, and boots from it', () => {
    const text = readFileSync(projectPath('fixtures/boards/camera-soc.yaml'), 'utf8');
    const yaml = exportScenario(
      {
        profile: profileOf().profile,
        params: {},
        entries: [],
        devices: [],
        log: new Map(),
        hazards: new Map(),
        end: {},
      },
      { title: 'x', board: { yaml: text } },
    ).yaml;
    const source = readScenario(yaml, 'x.yaml');
    if (source.inlineBoard === undefined) throw new Error('the board is gone');
    const inline = treeFromYamlSource(source.inlineBoard).tree;
    expect(encodeDtb(inline)).toEqual(encodeDtb(treeFromYaml(text, 'camera-soc.yaml').tree));
  });

  it('says of a call that no action says what it was', () => {
    const yaml = history(
      shellWork((shell, kernel) => {
        shell.call({ call: 'delete_module', module: 'nope' });
        alloc(kernel, 'shell', 'system', Number(1n));
      }),
    );
    expect(yaml).toContain('# shell called delete_module(module=nope) = ENOENT: no action says it');
    expect(failures(replayed(yaml).report)).toEqual([]);
  });

  it('can begin in the middle: what was before is done, and nothing of it is expected', () => {
    const work = (kernel: Kernel) => {
      alloc(kernel, 'shell', 'system', Number(4096n));
      expect(alloc(kernel, 'shell', 'video-cma@60000000', Number(1n << 40n))).toBe(-12);
      alloc(kernel, 'shell', 'system', Number(8192n));
    };
    const of = (range: { from?: number; to?: number }) => camera.exported(work, {}, range).yaml;
    // open, ioctl, close, three times.
    const late = of({ from: 6 });
    expect(late.match(/expect: \{ fd/g)).toHaveLength(1);
    expect(late).toContain('expect: { errno: ENOMEM }');
    expect(failures(replayed(late).report)).toEqual([]);
    const early = of({ to: 2 });
    expect(early.match(/- alloc/g)).toHaveLength(1);
    expect(early).not.toContain('buffers:');
    expect(failures(replayed(early).report)).toEqual([]);
  });
});
