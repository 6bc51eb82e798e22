/** What drivers hold, as text. */

import { escapeText } from '../../escape-text.ts';
import type { DeviceBindingView, DeviceMemoryView } from '../../kernel/views/device-memory-view.ts';
import { formatHex, formatSize, U64_MASK } from '../../units.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { renderTable } from '../terminal/table.ts';

/** Where memory came from, in words. */
export function sourceText({ from, area, pool, source, zone }: DeviceMemoryView): string {
  const inArea = area === undefined ? '' : `, in the CMA area ${escapeText(area)}`;
  switch (from) {
    case 'pool':
      return `coherent pool ${escapeText(pool ?? '')}`;
    case 'cma':
      return `CMA area ${escapeText(area ?? '')}`;
    case 'restricted':
      return `restricted pool ${escapeText(pool ?? '')}`;
    case 'atomic':
      return `atomic pool of zone ${String(source)}${inArea}`;
    case 'buddy':
      return `page allocator${zone === undefined ? '' : `, zone ${zone}`}${inArea}`;
  }
}

const dmaText = (dma: bigint): string =>
  dma === U64_MASK ? `${formatHex(dma)} (no address: the bus does not show it)` : formatHex(dma);

/** One allocation in a line that begins with its number. */
export function memoryLine(memory: DeviceMemoryView): string {
  const taken = memory.taken === memory.size ? '' : `, takes ${formatSize(memory.taken)}`;
  return `${memory.id}  ${dmaText(memory.dma)}  ${formatSize(memory.size)}${taken}  ${sourceText(memory)}`;
}

/** A table of what a driver holds. */
export function renderDeviceMemory(buffers: readonly DeviceMemoryView[], ink: Ink = NO_INK): string {
  const rows = buffers.map((memory) => [
    String(memory.id),
    formatSize(memory.size),
    formatSize(memory.taken),
    memory.phys === undefined ? '-' : formatHex(memory.phys),
    memory.dma === U64_MASK ? '-' : formatHex(memory.dma),
    memory.holder ?? 'driver',
    sourceText(memory),
  ]);
  const columns = [
    { title: 'NUMBER', right: true },
    { title: 'SIZE', right: true },
    { title: 'TAKEN', right: true },
    { title: 'PHYS', right: true },
    { title: 'DMA', right: true },
    { title: 'FOR' },
    { title: 'FROM' },
  ];
  return renderTable(columns, rows, ink.title);
}

/** What is bound, as facts of a device. */
export function bindingFacts(binding: DeviceBindingView): readonly (readonly [string, string])[] {
  const { bound, driver, pool, area, restricted, buffers } = binding;
  const taken = buffers.reduce((sum, memory) => sum + memory.taken, 0n);
  const names = [
    ...(pool === undefined ? [] : [`coherent pool ${escapeText(pool)}`]),
    ...(area === undefined ? [] : [`CMA area ${escapeText(area)}`]),
    ...(restricted === undefined ? [] : [`restricted pool ${escapeText(restricted)}`]),
  ];
  return [
    ['driver', bound ? (driver === undefined ? 'bound, name not told' : escapeText(driver)) : 'not bound'],
    ['bound memory', names.join(', ') || '-'],
    ['holds', buffers.length === 0 ? '-' : `${formatSize(taken)} in ${buffers.length}`],
  ];
}
