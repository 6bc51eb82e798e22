/**
 * The recorder's lab driver over our kernel: the calls of the DMA API that it made for the nodes `lab,dma-dev`, and
 * what it saw of each answer.
 */
import { findBoardNode } from '../../src/board/devices.ts';
import type { DtNode } from '../../src/devicetree/tree.ts';
import { stringsOf } from '../../src/devicetree/value.ts';
import { asSeenBy, dmaBitMask } from '../../src/kernel/device-table.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { DeviceMemoryView } from '../../src/kernel/views/device-memory-view.ts';
import { makeDevice } from '../../src/program/described-device.ts';
import { U64_MASK } from '../../src/units.ts';
import type { Json } from './oracle-case.ts';

const LAB = 'lab,dma-dev';
const DRIVER = 'lab-dma-dev';
const TASK = 'shell';
/** What the recorder filled buffers with. */
const FILL = 0xa5;
const CHUNK = 1 << 20;

/** The flags by the recorder's words. */
const GFP: Readonly<Record<string, string>> = {
  kernel: 'GFP_KERNEL',
  atomic: 'GFP_ATOMIC',
  nowait: 'GFP_NOWAIT',
  noio: 'GFP_NOIO',
  dma: 'GFP_KERNEL|GFP_DMA',
  dma32: 'GFP_KERNEL|GFP_DMA32',
  nowarn: 'GFP_KERNEL|__GFP_NOWARN',
  noretry: 'GFP_KERNEL|__GFP_NORETRY',
  zero: 'GFP_KERNEL|__GFP_ZERO',
  comp: 'GFP_KERNEL|__GFP_COMP',
};

/** The flags of a recorded word. @throws Error of one that the README does not name */
export function gfpOfWord(word: string): string {
  const gfp = GFP[word];
  if (gfp === undefined) throw new Error(`gfp ${word}`);
  return gfp;
}

/** The paths of the nodes that the lab driver takes, in tree order. */
function labNodes(root: DtNode): string[] {
  const paths: string[] = [];
  const visit = (node: DtNode, path: string): void => {
    const compatible = node.properties.find(({ name }) => name === 'compatible');
    if (compatible !== undefined && stringsOf(compatible.value).includes(LAB)) paths.push(path);
    for (const child of node.children) visit(child, `${path}/${child.name}`);
  };
  visit(root, '');
  return paths;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

export class RecordedDevices {
  readonly #kernel: Kernel;
  /** dev_name() by the node's name. */
  readonly #names = new Map<string, string>();
  /** The recorder's names of allocations, and our numbers. */
  readonly #buffers = new Map<string, number>();

  /** Lets the lab driver take its nodes, as it does at boot. */
  constructor(kernel: Kernel, root: DtNode) {
    this.#kernel = kernel;
    const { linux, config } = kernel.profile;
    for (const path of labNodes(root)) {
      const found = findBoardNode(root, path);
      if (found === undefined || found.disabled === true) continue;
      const node = asSeenBy(found, linux.dma.readsNonCoherent, config.CONFIG_IOMMU_SUPPORT);
      if (kernel.device(node.name) === undefined) {
        this.#call({ call: 'device_add', device: makeDevice(node.name, node, {}) });
      }
      this.#names.set(path.slice(path.lastIndexOf('/') + 1), node.name);
      this.#call({ call: 'driver_bind', device: node.name, driver: DRIVER });
    }
  }

  #call(call: Parameters<Kernel['syscall']>[1]): number {
    return this.#kernel.syscall(TASK, call).ret;
  }

  #device(node: string): string {
    const name = this.#names.get(node);
    if (name === undefined) throw new Error(`no lab device ${node}`);
    return name;
  }

  probe(node: string, which: { readonly index: number } | { readonly name: string }): number {
    return this.#call({ call: 'of_reserved_mem_device_init', device: this.#device(node), ...which });
  }

  release(node: string): number {
    return this.#call({ call: 'of_reserved_mem_device_release', device: this.#device(node) });
  }

  mask(node: string, bits: number): number {
    return this.#call({ call: 'dma_set_mask', device: this.#device(node), mask: dmaBitMask(bits) });
  }

  rawMask(node: string, mask: bigint): number {
    return this.#call({ call: 'dma_set_mask', device: this.#device(node), mask, unchecked: true });
  }

  info(node: string): Record<string, Json> {
    const name = this.#device(node);
    const device = this.#kernel.device(name);
    const memory = this.#kernel.deviceMemory(name);
    if (device === undefined || memory === undefined) throw new Error(`no device ${name}`);
    return {
      ret: 0,
      coherent: device.dmaCoherent,
      coherent_dma_mask: hex(memory.coherentMask),
      dma_mask: hex(device.dmaMask),
      bus_dma_limit: hex(device.busDmaLimit),
      pool: memory.pool !== undefined,
      cma_area: memory.area ?? null,
    };
  }

  alloc(node: string, id: string, size: bigint, gfp: string, attrs?: number): Record<string, Json> {
    const device = this.#device(node);
    const common = { device, size, gfp: gfpOfWord(gfp) };
    const ret =
      attrs === undefined
        ? this.#call({ call: 'dma_alloc_pages', ...common })
        : this.#call({ call: 'dma_alloc_attrs', ...common, attrs });
    if (ret < 0) return { ret };
    this.#buffers.set(id, ret);
    return { ret: 0, ...this.#seen(this.#buffer(ret)) };
  }

  free(id: string): Json {
    const buffer = this.#buffers.get(id);
    if (buffer === undefined) return 'nobuf';
    this.#buffers.delete(id);
    return this.#call({ call: 'dma_free', buffer });
  }

  reqbufs(
    node: string,
    queue: {
      readonly count: number;
      readonly sizes: readonly bigint[];
      readonly attrs: number;
      readonly flags: number;
      readonly min: number;
    },
  ): Record<string, Json> {
    const device = this.#device(node);
    const { flags, ...asked } = queue;
    const ret = this.#call({ call: 'vb2_reqbufs', device, ...asked, nonCoherent: (flags & 1) !== 0 });
    if (ret < 0) return { ret };
    const held = this.#kernel.vb2Buffers(device);
    return {
      ret: 0,
      granted: ret,
      planes: held.map((planes) => planes.map(({ dma }) => hex(dma))),
      from: held.map((planes) => planes.map(({ from }) => from)),
    };
  }

  registerDrm(node: string): number {
    const device = this.#device(node);
    const driver = { name: 'lab', version: '1.0.0', date: '20200101' };
    return this.#call({ call: 'drm_dev_register', device, ...driver });
  }

  dumb(node: string, id: string, width: number, height: number, bpp: number): Record<string, Json> {
    const device = this.#device(node);
    const ret = this.#call({ call: 'drm_create_dumb', device, width, height, bpp });
    if (ret < 0) return { ret };
    this.#buffers.set(id, ret);
    const buffer = this.#buffer(ret);
    if (buffer.dumb === undefined) throw new Error(`buffer ${ret} is no dumb buffer`);
    const { pitch, told } = buffer.dumb;
    return { ret: 0, pitch, told: Number(told), dma: hex(buffer.dma), from: buffer.from };
  }

  #buffer(id: number): DeviceMemoryView {
    const buffer = this.#kernel.deviceBuffer(id);
    if (buffer === undefined) throw new Error(`no device buffer ${id}`);
    return buffer;
  }

  /** What the driver saw of its memory; then it wrote all over it. */
  #seen(buffer: DeviceMemoryView): Record<string, Json> {
    const { dma, phys, kaddr, from, area, zone } = buffer;
    const nonzero = kaddr === 'cookie' ? undefined : this.#nonzero(buffer);
    this.#fill(buffer);
    return {
      dma: hex(dma),
      ...(dma !== U64_MASK && phys !== undefined && { phys: hex(phys) }),
      kaddr,
      from,
      ...(area !== undefined && { area }),
      ...(zone !== undefined && { zone }),
      ...(nonzero !== undefined && { nonzero }),
    };
  }

  #eachChunk({ phys, size }: DeviceMemoryView, visit: (at: bigint, length: number) => void): void {
    if (phys === undefined) return;
    for (let done = 0n; done < size; done += BigInt(CHUNK)) {
      const left = size - done;
      visit(phys + done, left < BigInt(CHUNK) ? Number(left) : CHUNK);
    }
  }

  #nonzero(buffer: DeviceMemoryView): number {
    const memory = this.#kernel.physMemory(TASK);
    let nonzero = 0;
    this.#eachChunk(buffer, (at, length) => {
      const bytes = new Uint8Array(length);
      memory.read(at, bytes);
      if (bytes.every((byte) => byte === 0)) return;
      for (const byte of bytes) if (byte !== 0) nonzero++;
    });
    return nonzero;
  }

  #fill(buffer: DeviceMemoryView): void {
    if (buffer.kaddr === 'cookie') return;
    const memory = this.#kernel.physMemory(TASK);
    const filled = new Uint8Array(CHUNK).fill(FILL);
    this.#eachChunk(buffer, (at, length) => memory.write(at, filled.subarray(0, length)));
  }
}
