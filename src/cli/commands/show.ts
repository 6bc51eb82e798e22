import type { Kernel } from '../../kernel/kernel.ts';
import type { DeviceMemoryView } from '../../kernel/views/device-memory-view.ts';
import type { BufferView, HeapView, RegionView } from '../../kernel/views/views.ts';
import { findHeap } from '../../program/find-heap.ts';
import { heapName } from '../../uapi/dma-heap.ts';
import type { PfnRange } from '../../units.ts';
import { bufferOf } from '../bytes/buffer-of.ts';
import { mustBeTask } from '../caller.ts';
import { completes } from '../completion/argument-kinds.ts';
import { CallFailed } from '../failures.ts';
import { bufferJson, extentJson, heapJson, regionJson } from '../json/json.ts';
import { deviceMemoryJson } from '../json/machine-json.ts';
import { examples, type Registry } from '../registry.ts';
import { renderBuffer } from '../render/buffers.ts';
import { renderHeap } from '../render/heaps.ts';
import { readDescriptor } from '../words/arguments.ts';

interface ShownHeap {
  readonly heap: HeapView;
  readonly region: RegionView | undefined;
  /** Those that lie in its region, under whichever name they were allocated. */
  readonly buffers: readonly BufferView[];
  readonly freeRuns: readonly PfnRange[];
  readonly memory: readonly DeviceMemoryView[];
}

function shownHeap(kernel: Kernel, name: string): ShownHeap {
  const found = findHeap(kernel, name);
  if (found.heap === undefined) {
    const { errno = 'ENOENT', why } = found;
    throw new CallFailed([{ what: `show: heap:${name}`, errno, ...(why && { why }) }]);
  }
  const { heap } = found;
  const region =
    heap.region === undefined ? undefined : kernel.regions().find(({ name }) => name === heap.region);
  const names = new Set([heap.name, ...(region?.heaps ?? [])]);
  const buffers = kernel.buffers().filter((buffer) => names.has(buffer.heap));
  const memory = kernel
    .deviceBuffers()
    .filter(
      ({ from, area, pool }) =>
        heap.region !== undefined &&
        ((from === 'cma' && heap.backend === 'cma' && area === heap.region) ||
          (from === 'pool' && heap.backend === 'coherent' && pool === heap.region)),
    );
  return { heap, region, buffers, freeRuns: kernel.freeRuns(name), memory };
}

function shownBuffer(kernel: Kernel, task: string, fd: number): BufferView {
  mustBeTask(kernel, task, 'show');
  return bufferOf({ kernel, task }, fd, 'show:');
}

/** `dmaheap show FD|heap:NAME`: one buffer or one heap. */
export function showCommand({ program, shell }: Registry): void {
  const command = completes(program.command('show'), 'fd-or-heap')
    .summary('one buffer, or one heap')
    .description(
      'Shows a buffer (who refers to it, its sg table, what devices have of it), or with heap:NAME a heap, where its buffers lie and what is free between them.',
    )
    .argument('<fd|heap:name>', 'a descriptor, or heap: and the name of a heap')
    .addHelpText(
      'after',
      examples(
        'dmaheap show 4',
        'dmaheap --task camera show 4',
        'dmaheap show heap:default_cma_region',
        'dmaheap show 4 --json',
      ),
    )
    .action(async (target: string) => {
      const sh = shell(command);
      const name = heapName(target) === target ? undefined : heapName(target);
      const fd = name === undefined ? readDescriptor(target, 'or heap:NAME for a heap') : undefined;
      const session = await sh.session('show');
      if (fd !== undefined) {
        const { buffer, profile } = session.view((kernel) => ({
          buffer: shownBuffer(kernel, sh.task, fd),
          profile: kernel.info().banner,
        }));
        return sh.answer(
          () => ({ schema: 'dmaheap.buffer/1', profile, fd, buffer: bufferJson(buffer) }),
          (ink) => renderBuffer(buffer, ink),
        );
      }
      const { shown, profile } = session.view((kernel) => ({
        shown: shownHeap(kernel, name ?? ''),
        profile: kernel.info().banner,
      }));
      const { heap, region, buffers, freeRuns, memory } = shown;
      return sh.answer(
        () => ({
          schema: 'dmaheap.heap/1',
          profile,
          heap: heapJson(heap),
          region: region === undefined ? null : regionJson(region),
          buffers: buffers.map(bufferJson),
          memory: memory.map((one) => ({ device: one.device, ...deviceMemoryJson(one) })),
          free_runs: freeRuns.map((run) => extentJson(run, heap.pageSize)),
        }),
        (ink) => renderHeap(heap, region, buffers, freeRuns, ink, sh.task, memory),
      );
    });
}
