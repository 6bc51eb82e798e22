/** What would have told more, where it was not among the inputs. */
import type { Kernel } from '../kernel/kernel.ts';
import type { Facts } from './facts.ts';
import type { Tell } from './finding.ts';

/** @param kernel absent when the boot dies */
export function tellMissing(facts: Facts, kernel: Kernel | undefined, tell: Tell): void {
  const missing = (code: string, message: string) => tell({ kind: 'missing', code, message });
  if (facts.iomem.length === 0)
    missing('no-iomem', '/proc/iomem: where RAM lies, and what of it Linux does not map');
  if (facts.cmdlines.length === 0)
    missing('no-cmdline', '"Kernel command line: …" or /proc/cmdline: cma=, mem= and coherent_pool=');
  if (facts.pools.length + facts.ranges.length === 0) {
    missing(
      'no-region-lines',
      'the log\'s lines "Reserved memory: …" and "OF: reserved mem: …": the regions',
    );
  }
  const areas = (kernel?.regions() ?? []).filter(({ kind }) => kind === 'cma');
  if (areas.length > 0 && [...facts.folders.values()].every(({ bitmap }) => bitmap === undefined)) {
    missing('no-bitmaps', '/sys/kernel/debug/cma/*/bitmap: which pages of the CMA areas are taken');
  }
  if (!facts.counts.has('bufinfo'))
    missing('no-bufinfo', '/sys/kernel/debug/dma_buf/bufinfo: the live buffers');
  if (facts.heapNodes.length === 0) missing('no-heap-nodes', 'ls -l /dev/dma_heap: which heaps there were');
}
