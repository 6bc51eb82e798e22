/** Calls about tasks, devices and the machine as steps. */
import { type BoardDevice, findBoardNode } from '../../board/devices.ts';
import { dmaBitMask } from '../../kernel/device-table.ts';
import { formatFaultRule } from '../../kernel/fault-rule.ts';
import { DEFAULT_NOFILE } from '../../kernel/task.ts';
import type { Device } from '../../mm/device.ts';
import { changeDevice, type DeviceFacts, isDeviceName, makeDevice } from '../../program/described-device.ts';
import type { JournalCall } from '../../session/journal.ts';
import { formatHex } from '../../units.ts';
import type { DeviceWords, Step } from '../form.ts';
import type { Said } from './call-steps.ts';
import type { History } from './history.ts';
import { type Names, nameWord } from './names.ts';
import { isPlainText, sizeWord, spanWord } from './words.ts';

const DIRECTIONS = {
  DMA_BIDIRECTIONAL: undefined,
  DMA_TO_DEVICE: 'to-device',
  DMA_FROM_DEVICE: 'from-device',
} as const;

/** What a step sleeps at most. */
const MAX_SLEEP = 1e15;

/** Seconds without an exponent. */
function secondsWord(nanoseconds: number): number | string {
  const seconds = nanoseconds / 1e9;
  return /e/.test(String(seconds)) ? seconds.toFixed(9) : seconds;
}

/** The devices as the journal left them so far. */
export type Devices = Map<string, Device>;

export function machineStep(
  { task, call, result, dma }: JournalCall,
  names: Names,
  devices: Devices,
  { tree }: History,
): Said | undefined {
  const { ret } = result;
  const worked = ret >= 0;
  switch (call.call) {
    case 'munmap':
      return { action: { munmap: names.mapping(task, call.mapping) } };
    case 'setrlimit':
      return { action: { setrlimit: call.soft } };
    case 'fork':
      if (worked) names.fork(task, call.child);
      return { action: { fork: call.child }, ...(worked && { expect: { ret } }) };
    case 'execve':
      return { action: { exec: true } };
    case 'exit':
      names.endTask(task);
      return { action: { exit: true } };
    case 'task_add':
      return taskStep(call, ret, names);
    case 'device_add':
      return deviceStep(call.device, worked, devices, tree && ((path) => findBoardNode(tree.root, path)));
    case 'device_del':
      if (!isDeviceName(call.device) || !isPlainText(call.device)) return undefined;
      if (worked) devices.delete(call.device);
      return { action: { 'device-rm': call.device } };
    case 'dma_buf_attach': {
      if (call.fd < 0 || !isPlainText(call.device)) return undefined;
      const action: Step = { attach: { fd: names.descriptor(task, call.fd), device: call.device } };
      if (!worked) return { action };
      const as = names.fresh(nameWord(call.device.replace(/^[0-9a-f]+\./, '')) ?? 'a', true);
      names.bindAttachment(ret, as);
      return { action, as, expect: { ret } };
    }
    case 'dma_buf_map_attachment': {
      const direction = DIRECTIONS[call.direction as keyof typeof DIRECTIONS];
      if (direction === undefined && call.direction !== 'DMA_BIDIRECTIONAL') return undefined;
      const attachment = names.attachment(call.attachment);
      return {
        action: { map: direction === undefined ? attachment : { attachment, direction } },
        ...(dma !== undefined && { expect: { dma } }),
      };
    }
    case 'dma_buf_unmap_attachment':
      return { action: { unmap: names.attachment(call.attachment) } };
    case 'dma_buf_detach':
      return { action: { detach: names.attachment(call.attachment) } };
    case 'sleep':
      return call.nanoseconds > MAX_SLEEP ? undefined : { action: { sleep: secondsWord(call.nanoseconds) } };
    case 'fault_add': {
      const action: Step = { fault: formatFaultRule(call.rule) };
      if (!worked) return { action };
      const as = names.fresh('rule', true);
      names.bindRule(ret, as);
      return { action, as, expect: { ret } };
    }
    case 'fault_del':
      return { action: { 'fault-rm': names.rule(call.id) } };
    case 'pin':
    case 'unpin':
      return { action: { [call.call]: `@${spanWord(call.range)}` } as unknown as Step };
    case 'modprobe':
      return isPlainText(call.module) ? { action: { modprobe: call.module } } : undefined;
    default:
      return undefined;
  }
}

function taskStep(
  call: Extract<JournalCall['call'], { call: 'task_add' }>,
  ret: number,
  names: Names,
): Said | undefined {
  const { name, credentials, nofile } = call;
  const { uid, gid, groups } = credentials;
  if (!isPlainText(name)) return undefined;
  const words = {
    ...(uid !== 0 && { uid }),
    ...(gid !== uid && { gid }),
    ...(groups.length > 0 && { groups }),
    ...(nofile !== DEFAULT_NOFILE && { nofile }),
  };
  if (ret >= 0) names.startTask(name);
  const action: Step = { 'task-add': Object.keys(words).length === 0 ? name : { name, ...words } };
  return { action };
}

/** What must be said so that the same device comes of it; `undefined` where no words do. */
function deviceStep(
  device: Device,
  worked: boolean,
  devices: Devices,
  nodeAt: ((path: string) => BoardDevice | undefined) | undefined,
): Said | undefined {
  const { name, path } = device;
  if (!isDeviceName(name) || !isPlainText(name)) return undefined;
  const node = path === undefined ? undefined : nodeAt?.(path);
  const facts = factsOf(device, makeDevice(name, node, {}));
  if (facts === undefined || !sameDevice(makeDevice(name, node, facts), device)) return undefined;
  if (worked) devices.set(name, device);
  const words = { ...wordsOf(facts), ...(node !== undefined && path !== undefined && { node: path }) };
  return { action: { 'device-add': Object.keys(words).length === 0 ? name : { name, ...words } } };
}

/** A device that was taken away and came back changed: what its driver set. */
export function deviceSetStep(before: Device, after: Device): Step | undefined {
  const facts = factsOf(after, before);
  if (facts === undefined || !sameDevice(changeDevice(before, facts), after)) return undefined;
  const words = wordsOf(facts);
  return Object.keys(words).length === 0 ? undefined : { 'device-set': { name: before.name, ...words } };
}

/** In what a device differs from another, as somebody would say it. */
function factsOf(device: Device, from: Device): DeviceFacts | undefined {
  const sameRanges = JSON.stringify(device.dmaRanges, hexed) === JSON.stringify(from.dmaRanges, hexed);
  const bits = device.dmaMask.toString(2).length;
  if (device.dmaMask !== dmaBitMask(bits)) return undefined;
  return {
    ...(device.dmaCoherent !== from.dmaCoherent && { coherent: device.dmaCoherent }),
    ...(device.dmaMask !== from.dmaMask && { mask: bits }),
    ...(device.iommu !== from.iommu && { iommu: device.iommu }),
    ...(!sameRanges && { dmaRange: device.dmaRanges }),
    ...((device.busDmaLimit !== from.busDmaLimit || !sameRanges) && { busLimit: device.busDmaLimit }),
    ...(device.maxSegSize !== from.maxSegSize && { maxSegSize: BigInt(device.maxSegSize) }),
    ...(device.contiguous !== from.contiguous && { contiguous: device.contiguous }),
    ...(device.importer !== from.importer && { importer: device.importer }),
    // A limit changes the mask that Linux sets, so that the mask must be said again.
    ...((device.busDmaLimit !== from.busDmaLimit || !sameRanges) && { mask: bits }),
  };
}

const hexed = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? formatHex(value) : value);

const sameDevice = (a: Device, b: Device): boolean =>
  JSON.stringify(sorted(a), hexed) === JSON.stringify(sorted(b), hexed);

const sorted = (device: Device): readonly (readonly [string, unknown])[] =>
  Object.entries(device).sort(([a], [b]) => (a < b ? -1 : 1));

function wordsOf(facts: DeviceFacts): Omit<DeviceWords, 'name'> {
  const { coherent, mask, iommu, dmaRange, busLimit, maxSegSize, contiguous, importer } = facts;
  return {
    ...(coherent !== undefined && { coherent }),
    ...(mask !== undefined && { mask }),
    ...(iommu !== undefined && { iommu }),
    ...(dmaRange !== undefined && {
      'dma-ranges': dmaRange.map(
        ({ cpu, dma, size }) => `${formatHex(cpu)}:${formatHex(dma)}:${sizeWord(size)}`,
      ),
    }),
    ...(busLimit !== undefined && { 'bus-limit': busLimit }),
    ...(maxSegSize !== undefined && { 'max-seg-size': sizeWord(maxSegSize) }),
    ...(contiguous !== undefined && { contiguous }),
    ...(importer !== undefined && { importer }),
  };
}
