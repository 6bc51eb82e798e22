/**
 * Answers as JSON: one object with `schema` first. Addresses are "0x…" strings, sizes numbers, and keys have
 * the kernel's spelling. docs/cli.md describes each schema; a changed meaning gets a new number.
 */

import { explainRegion } from '../../check/explain-region.ts';
import type { DtNode, DtProperty } from '../../devicetree/tree.ts';
import type { Report } from '../../kernel/coherency/hazard-log.ts';
import type { BufferView, HeapView, RegionView } from '../../kernel/views/views.ts';
import type { LogLine } from '../../printk.ts';
import { flagNames } from '../../profile/open-flag-words.ts';
import type { PfnRange } from '../../units.ts';
import { bytesOf, formatHex } from '../../units.ts';
import { explainHazard, syncFlagNames } from '../explain/explain-hazard.ts';

type Json = Readonly<Record<string, unknown>>;

const address = (value: bigint | undefined): string | null => (value === undefined ? null : formatHex(value));
/** As a number where one holds it: `jsonText`. */
const size = (value: bigint | undefined): bigint | null => value ?? null;

/** Permission bits, as files have them: `0600`. */
export const modeText = (mode: string | number): string =>
  (typeof mode === 'number' ? (mode & 0o7777).toString(8) : mode).padStart(4, '0');

export const heapJson = (heap: HeapView): Json => ({
  name: heap.name,
  backend: heap.backend,
  minor: heap.minor,
  mode: modeText(heap.mode),
  gid: heap.gid,
  region: heap.region ?? null,
  base: address(heap.base),
  base_pfn: heap.base === undefined ? null : heap.base / BigInt(heap.pageSize),
  size: size(heap.size),
  free: size(heap.free),
  largest: size(heap.largest),
  buffers: heap.buffers,
  declared: heap.declared === undefined ? null : { zone: null, source: null, ...heap.declared },
  devices: heap.devices.map((share) => ({ ...share })),
  charges: heap.charges === undefined ? null : { region: null, ...heap.charges },
});

const ADDRESSES: readonly string[] = ['base', 'limit'];

/** Numbers of any depth: addresses as addresses, sizes as numbers, keys as the kernel would spell them. */
function detailJson(value: object): Json {
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      typeof member === 'bigint'
        ? ADDRESSES.includes(key)
          ? address(member)
          : size(member)
        : Array.isArray(member)
          ? member.map((entry: object) => detailJson(entry))
          : typeof member === 'object' && member !== null
            ? detailJson(member)
            : member,
    ]),
  );
}

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
  reason: explainRegion(region)?.reason ?? null,
  advice: explainRegion(region)?.advice ?? null,
  detail: region.detail === undefined ? null : detailJson(region.detail),
});

export function extentJson(run: PfnRange, pageSize: number): Json {
  const { base, size: length } = bytesOf(run, pageSize);
  return { base: formatHex(base), pfn: run.pfn, length };
}

export const bufferJson = (buffer: BufferView): Json => ({
  ino: buffer.ino,
  heap: buffer.heap,
  exp_name: buffer.expName,
  name: buffer.name ?? null,
  size: size(buffer.size),
  flags: buffer.flags,
  flag_names: flagNames(buffer.flags),
  count: buffer.count,
  fds: buffer.fds.map(({ task, fd, cloexec }) => ({ task, fd, cloexec })),
  mappings: buffer.mappings.map(({ task, id, offset, length, prot, shared, parts }) => ({
    task,
    mapping: id,
    offset: size(offset),
    length: size(length),
    prot,
    shared,
    ...(parts && {
      parts: parts.map((part) => ({
        offset: size(part.offset),
        length: size(part.length),
        prot: part.prot,
      })),
    }),
  })),
  attachments: buffer.attachments.map(({ id, device, task, references, direction, segments }) => ({
    attachment: id,
    device,
    task,
    references,
    direction: direction ?? null,
    segments: (segments ?? []).map((segment) => ({
      dma_address: address(segment.address),
      length: size(segment.length),
    })),
  })),
  sg_table: buffer.sgTable.map((run) => extentJson(run, buffer.pageSize)),
  call: buffer.call,
  maker: buffer.maker,
});

export const logJson = (line: LogLine): Json => ({
  seq: line.seq,
  level: line.level,
  time: line.time,
  text: line.text,
  suppressed: line.suppressed === true,
  ...(line.estimated === true && { estimated: true }),
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

/** A stale read, a lost write, or DMA that hit what the device has not mapped. */
export function hazardJson(report: Report): Json {
  const buffer = report.buffer && {
    ino: report.buffer.ino,
    heap: report.buffer.heap,
    name: report.buffer.name ?? null,
    task: report.buffer.holder?.task ?? null,
    fd: report.buffer.holder?.fd ?? null,
    offset: size(report.buffer.offset),
  };
  const common = {
    seq: report.seq,
    time: report.time,
    buffer: buffer ?? null,
    reason: explainHazard(report),
  };
  if (report.report === 'stray-dma') {
    const { device, access, dmaAddress, occupant } = report;
    return {
      kind: 'stray-dma',
      device,
      access,
      dma_address: address(dmaAddress),
      address: address(occupant.range.base),
      length: size(occupant.range.size),
      hit: occupant.owner.kind,
      region: occupant.owner.kind === 'region' ? occupant.owner.region : null,
      ...common,
    };
  }
  if (report.report === 'dma-fault') {
    const { device, fault } = report;
    const { kind, access, why } = fault;
    return {
      kind: 'dma-fault',
      fault: kind,
      device,
      access,
      dma_address: address(fault.address),
      why,
      ...common,
    };
  }
  if (report.report === 'unbracketed-write') {
    const { task, bracket, missing } = report;
    const calls = [missing.before, missing.after].filter((flags) => flags !== undefined);
    return {
      kind: 'unbracketed-write',
      task,
      address: address(report.address),
      length: size(report.length),
      span: size(report.span),
      bracket,
      missing: calls.map((flags) => ({
        ioctl: 'DMA_BUF_IOCTL_SYNC',
        flags,
        flag_names: syncFlagNames(flags),
      })),
      ...common,
    };
  }
  const { hazard, missing, noSyncHelps } = report;
  return {
    kind: hazard.kind,
    cause: hazard.cause,
    address: address(hazard.address),
    length: size(hazard.length),
    victim: { ...hazard.victim },
    culprit: { ...hazard.culprit },
    missing:
      missing === undefined
        ? null
        : {
            ioctl: 'DMA_BUF_IOCTL_SYNC',
            flags: missing.flags,
            flag_names: syncFlagNames(missing.flags),
            task: missing.task,
            after: { ...missing.after },
            before: { ...missing.before },
          },
    no_sync_helps: noSyncHelps ?? null,
    ...common,
  };
}
