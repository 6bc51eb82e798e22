/** The options that say what a device is, and the device that they make. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { DmaRange } from '../../mm/dma/device.ts';
import { type DeviceFacts, isDeviceName } from '../../program/described-device.ts';
import { parseDmaRange, parseMask, parseSegmentSize } from '../../program/device-words.ts';
import { UsageError } from '../failures.ts';
import { readSize } from './arguments.ts';

export type DeviceOptions = DeviceFacts;

function readMask(text: string): number {
  const bits = parseMask(text);
  if (bits !== undefined) return bits;
  throw new InvalidArgumentError('Expected bits, 1 to 64: 32, 40, 64.');
}

function readDmaRange(text: string, before: readonly DmaRange[] = []): DmaRange[] {
  const range = parseDmaRange(text);
  if (range !== undefined) return [...before, range];
  throw new InvalidArgumentError('Expected CPU:DMA:SIZE, such as 0x40000000:0x0:1G.');
}

function readSegSize(text: string): bigint {
  const size = parseSegmentSize(text);
  if (size !== undefined) return size;
  throw new InvalidArgumentError('Expected 1 to 4294967295 bytes.');
}

/** Adds them to a command. */
export function addDeviceOptions(command: Command): Command {
  return command
    .option('--coherent', 'it sees what the caches hold (dma-coherent)')
    .option('--no-coherent', 'it sees memory, not the caches')
    .option('--mask <bits>', 'the DMA mask that its driver sets; 32 unless given', readMask)
    .option('--iommu', 'an IOMMU translates its addresses')
    .option('--no-iommu', 'none does')
    .addOption(
      new Option(
        '--dma-range <cpu:dma:size>',
        'a window through which it sees memory, as dma-ranges (repeatable)',
      ).argParser(readDmaRange),
    )
    .option('--bus-limit <address>', 'the highest address that its bus carries; 0 for no limit', readSize)
    .option('--max-seg-size <size>', 'the longest segment that it takes; 64K unless given', readSegSize)
    .option('--contiguous', 'its driver needs a buffer in one run of addresses')
    .option('--no-contiguous', 'its driver takes a buffer in pieces')
    .addOption(
      new Option('--importer <framework>', 'whose driver imports for it; vb2 unless given').choices([
        'vb2',
        'drm',
      ]),
    );
}

/** A name that dev_name() can have, and one word of a command line. @throws UsageError */
export function checkDeviceName(name: string): string {
  if (isDeviceName(name)) return name;
  throw new UsageError(
    `"${name}" is no name for a device`,
    'A name has 1 to 64 characters, none of them a blank or /: a200000.isp, camera',
  );
}

/** Whether any of the options was given. */
export const saysAnything = (options: DeviceOptions): boolean =>
  Object.values(options).some((value) => value !== undefined);
