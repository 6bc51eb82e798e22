/** `dmaheap device probe|release|alloc|free`: what a device's driver does for its own memory. */
import { type Command, InvalidArgumentError } from 'commander';
import { dmaBitMask } from '../../kernel/device-table.ts';
import type { DeviceMemoryView } from '../../kernel/views/device-memory-view.ts';
import { DMA_ATTRS } from '../../mm/dma/dma-taken.ts';
import { GFP_WORDS } from '../../mm/dma/gfp.ts';
import type { LogLine } from '../../printk.ts';
import {
  allocAssumptions,
  allocForDevice,
  dmaAttrNames,
  freeOfDevice,
  type ProbeWishes,
  parseDmaAttrs,
  parseDriverName,
  parseGfpWord,
  probeAssumptions,
  probeDevice,
  releaseDevice,
} from '../../program/device-memory.ts';
import { parseMask } from '../../program/device-words.ts';
import { formatHex } from '../../units.ts';
import { type Calls, makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { UsageError } from '../failures.ts';
import { logJson } from '../json/json.ts';
import { deviceMemoryJson } from '../json/machine-json.ts';
import { examples, type Registry } from '../registry.ts';
import { bindingFacts, memoryLine } from '../render/device-memory.ts';
import { renderLogLine, splitLog } from '../render/log.ts';
import type { Shell } from '../shell.ts';
import { renderFacts } from '../terminal/table.ts';
import { readCount, readSize } from '../words/arguments.ts';
import { findDeviceCalled } from '../words/find-device.ts';

const NAME = 'the device: its name, the path of its node, or the name of its node';

/** Flags of the page allocator as a command line has them. */
export function readGfp(text: string): string {
  const gfp = parseGfpWord(text);
  if (gfp !== undefined) return gfp;
  throw new InvalidArgumentError(`Expected ${GFP_WORDS}, joined by |.`);
}

/** Attributes of an allocation. */
export function readAttrs(text: string): number {
  const attrs = parseDmaAttrs(text);
  if (attrs !== undefined) return attrs;
  const names = Object.keys(DMA_ATTRS).map((name) => name.replace('DMA_ATTR_', ''));
  throw new InvalidArgumentError(`Expected ${names.join(', ')} joined by |, or a number.`);
}

function readMask(text: string): number {
  const bits = parseMask(text);
  if (bits !== undefined) return bits;
  throw new InvalidArgumentError('Expected bits, 1 to 64: 32, 40, 64.');
}

function readDriver(text: string): string {
  const name = parseDriverName(text);
  if (name !== undefined) return name;
  throw new InvalidArgumentError('Expected the name of a driver: hantro-vpu, imx-media.');
}

/** Number of what a device holds. */
export function readBuffer(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new UsageError(
    `"${text}" is no number of a device's memory`,
    'Give it as device alloc printed it: 1',
  );
}

/** The lines that a call caused. @param mark the number of the first */
export const linesSince = ({ kernel }: Calls, mark: number): readonly LogLine[] => [
  ...kernel.printk.since(mark),
];

/** Tells what is assumed and what the kernel logged, beside the answer. */
export async function tellBeside(
  sh: Shell,
  assumed: readonly string[],
  log: readonly LogLine[],
): Promise<void> {
  if (sh.options.json === true) return;
  const ink = await sh.ink('err');
  for (const text of assumed) sh.streams.err(`${ink.dim(`assumed: ${text}`)}\n`);
  for (const line of splitLog(log).shown) sh.streams.err(`${renderLogLine(line, false, ink)}\n`);
}

/** The same in the answer as JSON. */
export const besideJson = (assumed: readonly string[], log: readonly LogLine[]) => ({
  assumed,
  log: log.map(logJson),
});

interface ProbeOptions {
  readonly driver?: string;
  readonly mask?: number;
  readonly index?: number;
  readonly region?: string | false;
}

/** Which region is meant. @throws UsageError where two are */
function regionOf({ index, region }: ProbeOptions): ProbeWishes['region'] | undefined {
  if (index !== undefined && region !== undefined) {
    throw new UsageError(
      `--index and ${region === false ? '--no-region' : '--region'} each say which region is bound`,
      'Give one of them',
    );
  }
  if (region === false) return 'none';
  if (region !== undefined) return { name: region };
  return index === undefined ? undefined : { index };
}

/** `device probe NAME`. */
export function deviceProbe(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('probe'), 'device')
    .summary('its driver takes it and binds its memory-region')
    .description(
      'What the probe() of its driver does for memory: a restricted pool is bound by the core, then the driver sets its mask (--mask: dma_set_mask_and_coherent()), then it binds one region of memory-region (of_reserved_mem_device_init_by_idx(), ..._by_name()). Which mask and which region, a board cannot tell: what is not given is assumed, and said.',
    )
    .argument('<name>', NAME)
    .option(
      '--driver <name>',
      "the driver's name, with which its lines begin; platform unless given",
      readDriver,
    )
    .option('--mask <bits>', 'the mask that it sets first', readMask)
    .option('--index <n>', 'which entry of memory-region it binds; 0 unless given', readCount)
    .option('--region <name>', 'the same by its name in memory-region-names')
    .option('--no-region', 'it binds none: memory-region then means nothing')
    .addHelpText(
      'after',
      examples(
        'dmaheap device probe isp@a200000',
        'dmaheap device probe vpu --driver hantro-vpu --mask 40 --index 1',
      ),
    )
    .action(async (name: string, options: ProbeOptions) => {
      const sh = shell(command);
      const region = regionOf(options);
      const { driver, mask } = options;
      const wishes = { ...(driver !== undefined && { driver }), ...(mask !== undefined && { mask }) };
      const session = await sh.session('device probe');
      const probed = await makeCalls(sh, session, (calls) => {
        const device = findDeviceCalled(calls.kernel, name, 'device probe').name;
        const mark = calls.kernel.printk.nextSeq;
        calls.did(`device probe: ${device}`, (caller) =>
          probeDevice(caller, device, { ...wishes, region: region ?? { index: 0 } }),
        );
        const binding = calls.kernel.deviceMemory(device);
        if (binding === undefined) throw new Error(`device ${device} is gone`);
        const dmaMask = calls.kernel.device(device)?.dmaMask ?? dmaBitMask(32);
        return { device, binding, dmaMask, log: linesSince(calls, mark) };
      });
      const { device, binding, dmaMask, log } = probed;
      const assumed = probeAssumptions({ ...wishes, ...(region !== undefined && { region }) });
      await tellBeside(sh, assumed, log);
      await sh.answer(
        () => ({
          schema: 'dmaheap.device-probe/1',
          device,
          driver: binding.driver ?? null,
          dma_mask: formatHex(dmaMask),
          pool: binding.pool ?? null,
          area: binding.area ?? null,
          restricted: binding.restricted ?? null,
          ...besideJson(assumed, log),
        }),
        () => renderFacts([['device', device], ...bindingFacts(binding)]),
      );
    });
}

/** `device release NAME`. */
export function deviceRelease(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('release'), 'device')
    .summary('its driver lets its regions go')
    .description(
      'of_reserved_mem_device_release(): pool and area of the device are unbound. What of them is not freed stays taken.',
    )
    .argument('<name>', NAME)
    .addHelpText('after', examples('dmaheap device release isp@a200000'))
    .action(async (name: string) => {
      const sh = shell(command);
      const session = await sh.session('device release');
      const device = await makeCalls(sh, session, (calls) => {
        const found = findDeviceCalled(calls.kernel, name, 'device release').name;
        calls.did(`device release: ${found}`, (caller) => releaseDevice(caller, found));
        return found;
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.device-release/1', device }),
        () => '',
      );
    });
}

interface AllocOptions {
  readonly gfp?: string;
  readonly attrs?: number;
  readonly pages?: boolean;
}

/** What a call gave, with what is said beside it. */
export interface GivenMemory {
  readonly device: string;
  readonly memory: DeviceMemoryView;
  readonly log: readonly LogLine[];
  readonly assumed: readonly string[];
}

/** `device alloc NAME SIZE`: prints the number of what the device now has. */
export function deviceAlloc(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('alloc'), 'device')
    .summary('its driver allocates: dma_alloc_coherent()')
    .description(
      "What dma_alloc_attrs() gives a device: its own pool alone where it has one, else its CMA area or the default one, else the page allocator. Prints a line that begins with the allocation's number, and the lines that the kernel logs; device free gives it back.",
    )
    .argument('<name>', NAME)
    .argument('<size>', 'bytes: 4096, 8M', readSize)
    .option('--gfp <flags>', 'flags joined by |: GFP_ATOMIC, GFP_KERNEL|__GFP_NOWARN', readGfp)
    .option('--attrs <attrs>', 'DMA_ATTR_ words joined by |, or a number: NO_KERNEL_MAPPING', readAttrs)
    .option('--pages', 'dma_alloc_pages() instead, which never takes the own pool')
    .addHelpText(
      'after',
      examples(
        'dmaheap device alloc isp@a200000 8M',
        'dmaheap device alloc vpu 1M --attrs "WRITE_COMBINE|NO_WARN"',
        'dmaheap device alloc wifi 4K --gfp GFP_ATOMIC',
      ),
    )
    .action(async (name: string, size: bigint, options: AllocOptions) => {
      const sh = shell(command);
      const { gfp = 'GFP_KERNEL', attrs, pages = false } = options;
      if (pages && attrs !== undefined) {
        throw new UsageError('dma_alloc_pages() has no attributes: --attrs would be ignored');
      }
      const session = await sh.session('device alloc');
      const got = await makeCalls(sh, session, (calls): GivenMemory => {
        const device = findDeviceCalled(calls.kernel, name, 'device alloc').name;
        const mark = calls.kernel.printk.nextSeq;
        const { memory } = calls.did(`device alloc: ${device} ${size}`, (caller) =>
          allocForDevice(caller, device, { size, gfp, attrs: attrs ?? 0, pages }),
        );
        if (memory === undefined) throw new Error('an allocation that left nothing');
        const assumed = allocAssumptions(calls.kernel, device);
        return { device, memory, log: linesSince(calls, mark), assumed };
      });
      await tellBeside(sh, got.assumed, got.log);
      await sh.answer(
        () => ({
          schema: 'dmaheap.device-alloc/1',
          device: got.device,
          gfp,
          attrs: dmaAttrNames(attrs ?? 0),
          ...deviceMemoryJson(got.memory),
          ...besideJson(got.assumed, got.log),
        }),
        () => `${memoryLine(got.memory)}\n`,
      );
    });
}

/** `device free NUMBER`. */
export function deviceFree(parent: Command, { shell }: Registry): void {
  const command = parent
    .command('free')
    .summary('its driver gives memory back')
    .description(
      'dma_free_attrs() or dma_free_pages(). Where another area was bound in between, the pages of the old one stay taken: the answer says so.',
    )
    .argument('<number>', 'what device alloc printed')
    .addHelpText('after', examples('dmaheap device free 1'))
    .action(async (word: string) => {
      const sh = shell(command);
      const buffer = readBuffer(word);
      const session = await sh.session('device free');
      const freed = await makeCalls(sh, session, (calls) => {
        const memory = calls.kernel.deviceBuffer(buffer);
        const mark = calls.kernel.printk.nextSeq;
        calls.did(`device free: ${buffer}`, (caller) => freeOfDevice(caller, buffer));
        const bound = memory && calls.kernel.deviceMemory(memory.device);
        const own = bound?.area ?? calls.kernel.defaultArea();
        return {
          device: memory?.device ?? '',
          leaked: memory?.from === 'cma' && memory.area !== own,
          log: linesSince(calls, mark),
        };
      });
      const { device, leaked, log } = freed;
      await tellBeside(sh, [], log);
      if (leaked && sh.options.json !== true) {
        sh.streams.err(`its pages stay taken: ${device} had another CMA area when it got them\n`);
      }
      await sh.answer(
        () => ({ schema: 'dmaheap.device-free/1', device, buffer, leaked, log: log.map(logJson) }),
        () => '',
      );
    });
}
