/**
 * Answers as JSON: one object with `schema` first. Addresses are "0x…" strings, sizes numbers, and keys have
 * the kernel's spelling. docs/cli.md describes each schema; a changed meaning gets a new number.
 */

import type { DtNode, DtProperty } from '../devicetree/tree.ts';
import type { BufferView, HeapView, RegionView } from '../kernel/views.ts';
import type { LogLine } from '../printk.ts';
import type { PfnRange } from '../units.ts';
import { formatHex, PAGE_SIZE, pfnDown, pfnPhys } from '../units.ts';
import { adviceFor, whyNoHeap } from './explain-region.ts';

type Json = Readonly<Record<string, unknown>>;

const address = (value: bigint | undefined): string | null => (value === undefined ? null : formatHex(value));
const size = (value: bigint | undefined): number | null => (value === undefined ? null : Number(value));

export const heapJson = (heap: HeapView): Json => ({
  name: heap.name,
  backend: heap.backend,
  minor: heap.minor,
  mode: heap.mode,
  region: heap.region ?? null,
  base: address(heap.base),
  base_pfn: heap.base === undefined ? null : pfnDown(heap.base),
  size: size(heap.size),
  free: size(heap.free),
  largest: size(heap.largest),
  buffers: heap.buffers,
});

export const regionJson = (region: RegionView): Json => ({
  name: region.name,
  origin: region.origin,
  base: address(region.base),
  size: size(region.size),
  'no-map': region.noMap,
  reusable: region.reusable,
  'linux,cma-default': region.isDefault,
  kind: region.kind,
  heaps: region.heaps,
  why: region.why ?? null,
  reason: region.why === undefined ? null : whyNoHeap(region.why),
  advice: region.why === undefined ? null : (adviceFor(region.why) ?? null),
});

export const extentJson = (run: PfnRange): Json => ({
  base: formatHex(pfnPhys(run.pfn)),
  pfn: run.pfn,
  length: run.pages * PAGE_SIZE,
});

export const bufferJson = (buffer: BufferView): Json => ({
  ino: buffer.ino,
  heap: buffer.heap,
  exp_name: buffer.expName,
  name: buffer.name ?? null,
  size: size(buffer.size),
  flags: buffer.flags,
  count: buffer.count,
  fds: buffer.fds.map(({ task, fd, cloexec }) => ({ task, fd, cloexec })),
  sg_table: buffer.sgTable.map(extentJson),
});

export const logJson = (line: LogLine): Json => ({
  seq: line.seq,
  level: line.level,
  time: line.time,
  text: line.text,
  suppressed: line.suppressed === true,
});

const propertyJson = ({ name, value, position, origin }: DtProperty): Json => ({
  name,
  hex: Buffer.from(value).toString('hex'),
  position: position ?? null,
  made: origin?.made ?? null,
  earlier: (origin?.earlier ?? []).map((setting) => ({
    kind: setting.kind,
    hex: Buffer.from(setting.value).toString('hex'),
    position: setting.position ?? null,
  })),
});

/** @param deep with the children's insides, or only their names */
export const nodeJson = (node: DtNode, deep: boolean): Json => ({
  name: node.name,
  labels: node.origin?.labels ?? [],
  position: node.position ?? null,
  places: node.origin?.places ?? [],
  properties: node.properties.map(propertyJson),
  children: node.children.map((child) => (deep ? nodeJson(child, true) : child.name)),
});
