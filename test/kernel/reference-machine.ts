/**
 * A second, plain model of what tasks and devices see, to compare the kernel with: descriptor tables as arrays,
 * memory as a map of bytes, the cache as a map of lines. Who maintains which lines when is kernel-facts 8; when lines
 * are modelled at all (`#cacheOn`, `#settle`) is docs/fidelity.md.
 */

export interface ModelBuffer {
  readonly ino: number;
  readonly pages: readonly number[];
  readonly cacheable: boolean;
}

interface ModelAttachment {
  readonly id: number;
  readonly buffer: ModelBuffer;
  readonly device: string;
  readonly snoops: boolean;
  /** Tasks that have the device's file open through which it was made. */
  readonly holders: Set<string>;
  direction?: string;
}

interface ModelTask {
  fds: Map<number, { buffer: ModelBuffer; cloexec: boolean }>;
  mappings: Map<number, { buffer: ModelBuffer; first: number; pages: number }>;
}

interface Line {
  readonly data: Uint8Array;
  dirty: boolean;
}

const LINE = 64;
const PAGE = 4096;

export class ReferenceMachine {
  readonly tasks = new Map<string, ModelTask>();
  readonly attachments: ModelAttachment[] = [];
  readonly #memory = new Map<number, Uint8Array>();
  readonly #lines = new Map<number, Line>();
  #nextAttachment = 1;

  constructor() {
    this.tasks.set('shell', { fds: new Map(), mappings: new Map() });
  }

  task(name: string): ModelTask {
    const task = this.tasks.get(name);
    if (task === undefined) throw new Error(`the model has no task ${name}`);
    return task;
  }

  lowestFree(name: string): number {
    let fd = 3;
    while (this.task(name).fds.has(fd)) fd++;
    return fd;
  }

  /** Pages handed out anew are zero, and nobody has a line of them. */
  created(name: string, fd: number, buffer: ModelBuffer, cloexec: boolean): void {
    for (const pfn of buffer.pages) {
      this.#memory.set(pfn, new Uint8Array(PAGE));
      for (let at = 0; at < PAGE; at += LINE) this.#lines.delete((pfn * PAGE + at) / LINE);
    }
    this.task(name).fds.set(fd, { buffer, cloexec });
  }

  fork(parent: string, child: string): void {
    const { fds, mappings } = this.task(parent);
    this.tasks.set(child, { fds: new Map(fds), mappings: new Map(mappings) });
    for (const { holders } of this.attachments) if (holders.has(parent)) holders.add(child);
  }

  exec(name: string): void {
    const task = this.task(name);
    for (const [fd, { cloexec }] of [...task.fds]) if (cloexec) task.fds.delete(fd);
    task.mappings.clear();
  }

  exit(name: string): void {
    for (const attachment of [...this.attachments]) {
      if (attachment.holders.delete(name) && attachment.holders.size === 0) this.detach(attachment);
    }
    this.tasks.delete(name);
  }

  attach(task: string, buffer: ModelBuffer, device: string, snoops: boolean): number {
    const id = this.#nextAttachment++;
    this.attachments.push({ id, buffer, device, snoops, holders: new Set([task]) });
    return id;
  }

  map(attachment: ModelAttachment, direction: string): void {
    attachment.direction = direction;
    if (!attachment.snoops) this.#clean(attachment.buffer);
  }

  unmap(attachment: ModelAttachment): void {
    if (attachment.direction !== 'DMA_TO_DEVICE' && !attachment.snoops) this.#invalidate(attachment.buffer);
    delete attachment.direction;
  }

  detach(attachment: ModelAttachment): void {
    if (attachment.direction !== undefined) this.unmap(attachment);
    this.attachments.splice(this.attachments.indexOf(attachment), 1);
    if (this.#snoopersOnly) this.#settle();
  }

  /** @param flags DMA_BUF_SYNC_*: READ 1, WRITE 2, END 4 */
  sync(buffer: ModelBuffer, flags: number): void {
    for (const attachment of this.attachments) {
      if (attachment.buffer !== buffer || attachment.direction === undefined || attachment.snoops) continue;
      if ((flags & 4) !== 0) this.#clean(buffer);
      else if ((flags & 1) !== 0) this.#invalidate(buffer);
    }
  }

  /** References to a buffer: one a descriptor, a mapping and an importer. */
  count(buffer: ModelBuffer): number {
    let count = this.attachments.filter((one) => one.buffer === buffer).length;
    for (const { fds, mappings } of this.tasks.values()) {
      for (const entry of fds.values()) if (entry.buffer === buffer) count++;
      for (const entry of mappings.values()) if (entry.buffer === buffer) count++;
    }
    return count;
  }

  load(buffer: ModelBuffer, offset: number): number {
    const [address, pfn, at] = this.#place(buffer, offset);
    if (!buffer.cacheable || !this.#cacheOn) return this.#memory.get(pfn)?.[at] ?? 0;
    return this.#line(address).data[address % LINE] ?? 0;
  }

  store(buffer: ModelBuffer, offset: number, byte: number): void {
    const [address, pfn, at] = this.#place(buffer, offset);
    if (!buffer.cacheable || !this.#cacheOn) {
      this.#bytes(pfn)[at] = byte;
      return;
    }
    const line = this.#line(address);
    line.data[address % LINE] = byte;
    line.dirty = true;
  }

  dmaRead(buffer: ModelBuffer, offset: number, snoops: boolean): number {
    const [address, pfn, at] = this.#place(buffer, offset);
    // A snoop finds what is dirty; of clean lines memory has it.
    const line = snoops ? this.#lines.get(Math.floor(address / LINE)) : undefined;
    return (line?.dirty === true ? line.data[address % LINE] : this.#memory.get(pfn)?.[at]) ?? 0;
  }

  dmaWrite(buffer: ModelBuffer, offset: number, byte: number, snoops: boolean): void {
    const [address, pfn, at] = this.#place(buffer, offset);
    this.#bytes(pfn)[at] = byte;
    const line = snoops ? this.#lines.get(Math.floor(address / LINE)) : undefined;
    if (line !== undefined) line.data[address % LINE] = byte;
  }

  get #snoopersOnly(): boolean {
    return this.attachments.every((one) => one.snoops);
  }

  /** Lines matter while a device might not see them, and as long as one is left that differs from memory. */
  get #cacheOn(): boolean {
    return !this.#snoopersOnly || this.#lines.size > 0;
  }

  #settle(): void {
    for (const [number, line] of [...this.#lines]) {
      const { data, dirty } = line;
      const memory = this.#bytes(Math.floor((number * LINE) / PAGE));
      const at = (number * LINE) % PAGE;
      if (dirty) memory.set(data, at);
      line.dirty = false;
      if (data.every((byte, i) => byte === memory[at + i])) this.#lines.delete(number);
    }
  }

  #clean(buffer: ModelBuffer): void {
    for (const number of this.#linesOf(buffer)) {
      const line = this.#lines.get(number);
      if (line?.dirty !== true) continue;
      this.#bytes(Math.floor((number * LINE) / PAGE)).set(line.data, (number * LINE) % PAGE);
      line.dirty = false;
    }
  }

  #invalidate(buffer: ModelBuffer): void {
    for (const number of this.#linesOf(buffer)) this.#lines.delete(number);
  }

  *#linesOf({ pages }: ModelBuffer): Iterable<number> {
    for (const pfn of pages) for (let i = 0; i < PAGE / LINE; i++) yield (pfn * PAGE) / LINE + i;
  }

  #line(address: number): Line {
    const number = Math.floor(address / LINE);
    const known = this.#lines.get(number);
    if (known !== undefined) return known;
    const at = (number * LINE) % PAGE;
    const data = this.#bytes(Math.floor(address / PAGE)).slice(at, at + LINE);
    const line = { data, dirty: false };
    this.#lines.set(number, line);
    return line;
  }

  #place({ pages }: ModelBuffer, offset: number): [address: number, pfn: number, at: number] {
    const pfn = pages[Math.floor(offset / PAGE)] ?? 0;
    return [pfn * PAGE + (offset % PAGE), pfn, offset % PAGE];
  }

  #bytes(pfn: number): Uint8Array {
    const known = this.#memory.get(pfn) ?? new Uint8Array(PAGE);
    this.#memory.set(pfn, known);
    return known;
  }
}
