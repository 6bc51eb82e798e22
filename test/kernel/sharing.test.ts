/** Random sequences of all calls by three tasks and two devices, against a plain reference model. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cmaDebugfs } from '../../src/kernel/virtual-files/index.ts';
import { PageAllocator } from '../../src/mm/alloc/page-alloc.ts';
import { O_CLOEXEC, O_RDWR } from '../../src/uapi/fcntl.ts';
import { HEAPS, type Machine, machine, POOL, Task } from './machine.ts';
import { type ModelBuffer, ReferenceMachine } from './reference-machine.ts';

const TASKS = ['shell', 'camera', 'display'] as const;
const DEVICES = ['cam', 'gpu'] as const;
const DIRECTIONS = ['DMA_BIDIRECTIONAL', 'DMA_TO_DEVICE', 'DMA_FROM_DEVICE'] as const;
const snoops = (device: string): boolean => device === 'gpu';

interface Step {
  readonly op:
    | 'alloc'
    | 'close'
    | 'dup'
    | 'mmap'
    | 'munmap'
    | 'store'
    | 'load'
    | 'sync'
    | 'fork'
    | 'exec'
    | 'exit'
    | 'send'
    | 'attach'
    | 'map'
    | 'unmap'
    | 'detach'
    | 'dmaRead'
    | 'dmaWrite';
  /** Chosen among what there is. */
  readonly task: number;
  readonly pick: number;
  readonly other: number;
  readonly offset: number;
  readonly byte: number;
}

const OPS = {
  alloc: 5,
  close: 3,
  dup: 2,
  mmap: 5,
  munmap: 1,
  store: 12,
  load: 10,
  sync: 8,
  fork: 2,
  exec: 1,
  exit: 1,
  send: 2,
  attach: 4,
  map: 6,
  unmap: 3,
  detach: 2,
  dmaRead: 8,
  dmaWrite: 8,
} as const satisfies Record<Step['op'], number>;

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.oneof(
    ...Object.entries(OPS).map(([op, weight]) => ({
      weight,
      arbitrary: fc.constant(op as Step['op']),
    })),
  ),
  task: fc.nat(2),
  pick: fc.nat(1000),
  other: fc.nat(1000),
  // Near each other, so that lines are shared.
  offset: fc.nat(300),
  byte: fc.integer({ min: 1, max: 255 }),
});

const oneOf = <T>(from: readonly T[], pick: number): T | undefined => from[pick % Math.max(from.length, 1)];

/** Both machines, which take each step side by side. */
class Pair {
  readonly real: Machine;
  readonly model = new ReferenceMachine();
  readonly buffers: ModelBuffer[] = [];

  constructor() {
    this.real = machine();
  }

  take(one: Step): void {
    const name = oneOf([...this.model.tasks.keys()], one.task) ?? 'shell';
    const task = new Task(this.real.kernel, name);
    const own = this.model.task(name);
    switch (one.op) {
      case 'alloc':
        this.#alloc(task, one);
        return;
      case 'fork':
        this.#fork(task, name, one);
        return;
      case 'exec':
        expect(task.call({ call: 'execve' })).toEqual({ ret: 0 });
        this.model.exec(name);
        return;
      case 'exit':
        if (name === 'shell') return;
        expect(task.call({ call: 'exit' })).toEqual({ ret: 0 });
        this.model.exit(name);
        return;
      case 'munmap': {
        const id = oneOf([...own.mappings.keys()], one.pick);
        if (id === undefined) return;
        expect(task.call({ call: 'munmap', mapping: id })).toEqual({ ret: 0 });
        own.mappings.delete(id);
        return;
      }
      case 'store':
      case 'load':
        this.#access(task, name, one);
        return;
      case 'map':
      case 'unmap':
      case 'detach':
      case 'dmaRead':
      case 'dmaWrite':
        this.#onAttachment(task, one);
        return;
      default:
        this.#onDescriptor(task, name, one);
        return;
    }
  }

  #alloc(task: Task, { pick, other }: Step): void {
    const heap = oneOf(HEAPS, pick) ?? 'system';
    const cloexec = other % 2 === 0;
    const pages = (other % 3) + 1;
    // The heap's node takes the lowest number for the time of the call.
    const taken = this.model.lowestFree(task.name);
    const fd = task.alloc(heap, BigInt(pages) * 4096n, cloexec ? O_RDWR | O_CLOEXEC : O_RDWR);
    const view = this.real.kernel.buffer(task.name, fd);
    const buffer: ModelBuffer = {
      ino: view?.ino ?? 0,
      pages: (view?.sgTable ?? []).flatMap((run) => Array.from({ length: run.pages }, (_, i) => run.pfn + i)),
      cacheable: heap !== POOL,
    };
    expect(buffer.pages).toHaveLength(pages);
    expect(fd).toBeGreaterThan(taken);
    this.model.created(task.name, fd, buffer, cloexec);
    this.buffers.push(buffer);
  }

  #fork(task: Task, name: string, { pick }: Step): void {
    const child = oneOf(
      TASKS.filter((one) => !this.model.tasks.has(one)),
      pick,
    );
    if (child === undefined) return;
    expect(task.must({ call: 'fork', child })).toBeGreaterThan(1);
    this.model.fork(name, child);
  }

  #access(task: Task, name: string, { op, pick, offset, byte }: Step): void {
    const [id, mapping] = oneOf([...this.model.task(name).mappings], pick) ?? [];
    if (id === undefined || mapping === undefined) return;
    const at = mapping.first * 4096 + offset;
    if (op === 'store') {
      task.store(id, offset, [byte, byte ^ 0xff]);
      this.model.store(mapping.buffer, at, byte);
      this.model.store(mapping.buffer, at + 1, byte ^ 0xff);
    } else {
      const expected = Array.from({ length: 80 }, (_, i) => this.model.load(mapping.buffer, at + i));
      expect(task.load(id, offset, 80)).toEqual(expected);
    }
  }

  #onDescriptor(task: Task, name: string, { op, pick, other, byte }: Step): void {
    const own = this.model.task(name);
    const [fd, entry] = oneOf([...own.fds], pick) ?? [];
    if (fd === undefined || entry === undefined) return;
    const { buffer } = entry;
    switch (op) {
      case 'close':
        expect(task.call({ call: 'close', fd })).toEqual({ ret: 0 });
        own.fds.delete(fd);
        return;
      case 'dup':
        expect(task.call({ call: 'dup', fd })).toEqual({ ret: this.model.lowestFree(name) });
        own.fds.set(this.model.lowestFree(name), { buffer, cloexec: false });
        return;
      case 'mmap': {
        const first = other % buffer.pages.length;
        const pages = buffer.pages.length - first;
        const id = task.map(fd, BigInt(pages) * 4096n, { offset: BigInt(first) * 4096n });
        let lowest = 1;
        while (own.mappings.has(lowest)) lowest++;
        expect(id).toBe(lowest);
        own.mappings.set(id, { buffer, first, pages });
        return;
      }
      case 'sync': {
        const flags = byte & 7;
        const valid = (flags & 3) !== 0;
        expect(task.sync(fd, flags).errno).toBe(valid ? undefined : 'EINVAL');
        if (valid) this.model.sync(buffer, flags);
        return;
      }
      case 'send': {
        const to = oneOf([...this.model.tasks.keys()], other) ?? 'shell';
        expect(task.call({ call: 'sendmsg', fd, to })).toEqual({ ret: this.model.lowestFree(to) });
        this.model.task(to).fds.set(this.model.lowestFree(to), { buffer, cloexec: false });
        return;
      }
      case 'attach': {
        const device = oneOf(DEVICES, other) ?? 'cam';
        expect(task.attach(fd, device)).toBe(this.model.attach(name, buffer, device, snoops(device)));
        return;
      }
    }
  }

  #onAttachment(task: Task, { op, pick, other, offset, byte }: Step): void {
    const attachment = oneOf(this.model.attachments, pick);
    if (attachment === undefined) return;
    const { id, buffer, direction, holders } = attachment;
    if (!holders.has(task.name) && (op === 'map' || op === 'unmap' || op === 'detach')) {
      expect(task.call({ call: 'dma_buf_detach', attachment: id }).errno).toBe('EINVAL');
      return;
    }
    const view = this.real.kernel.deviceMapping(id);
    expect(view !== undefined).toBe(direction !== undefined);
    switch (op) {
      case 'map': {
        const wanted = oneOf(DIRECTIONS, other) ?? 'DMA_BIDIRECTIONAL';
        expect(task.mapFor(id, wanted).errno).toBe(direction === undefined ? undefined : 'EINVAL');
        if (direction === undefined) this.model.map(attachment, wanted);
        return;
      }
      case 'unmap': {
        const result = task.call({ call: 'dma_buf_unmap_attachment', attachment: id });
        expect(result.errno).toBe(direction === undefined ? 'EINVAL' : undefined);
        if (direction !== undefined) this.model.unmap(attachment);
        return;
      }
      case 'detach':
        expect(task.call({ call: 'dma_buf_detach', attachment: id })).toEqual({ ret: 0 });
        this.model.detach(attachment);
        return;
      case 'dmaRead': {
        if (direction === undefined) return;
        const expected = Array.from({ length: 80 }, (_, i) =>
          this.model.dmaRead(buffer, offset + i, attachment.snoops),
        );
        expect(task.dmaRead(id, offset, 80)).toEqual(expected);
        return;
      }
      case 'dmaWrite':
        if (direction === undefined) return;
        task.dmaWrite(id, offset, [byte, byte]);
        this.model.dmaWrite(buffer, offset, byte, attachment.snoops);
        this.model.dmaWrite(buffer, offset + 1, byte, attachment.snoops);
        return;
    }
  }

  /** What must hold after any sequence. */
  check(): void {
    const { kernel, records } = this.real;
    const alive = this.buffers.filter((buffer) => this.model.count(buffer) > 0);
    const views = kernel.buffers();
    // A buffer lives exactly as long as anybody holds it, and bufinfo tells the references.
    expect(views.map(({ ino }) => ino)).toEqual(alive.map(({ ino }) => ino));
    const bufinfo = this.real.shell.cat('/sys/kernel/debug/dma_buf/bufinfo');
    const counts = [...bufinfo.matchAll(/^\d{8}\t\d{8}\t\d{8}\t(\d{8})\t\S+\t(\d{8})\t/gm)].map((match) => [
      Number(match[2]),
      Number(match[1]),
    ]);
    expect(counts).toEqual(alive.map((buffer) => [buffer.ino, this.model.count(buffer)]).reverse());
    // What is looked up is what a look at everything finds.
    expect(kernel.bufferCount()).toBe(views.length);
    for (const view of views) {
      for (const { task, fd } of view.fds) expect(kernel.buffer(task, fd)).toEqual(view);
      for (const { task, id } of view.mappings)
        expect(view.mappings).toContainEqual(kernel.mappingOf(task, id));
      for (const { id } of view.attachments) expect(kernel.attachment(id)?.buffer).toEqual(view);
      const holders = [view.fds, view.mappings].flatMap((some) => some.map(({ task }) => task));
      for (const task of new Set(holders)) {
        expect(kernel.heldBuffers(task).map(({ ino }) => ino)).toContain(view.ino);
      }
    }
    // No page belongs to two of them.
    const pages = views.flatMap(({ sgTable }) =>
      sgTable.flatMap((run) => Array.from({ length: run.pages }, (_, i) => run.pfn + i)),
    );
    expect(new Set(pages).size).toBe(pages.length);
    for (const [name, { fds }] of this.model.tasks) {
      const listed =
        kernel
          .tasks()
          .find((task) => task.name === name)
          ?.fds.filter(({ fd }) => fd > 2) ?? [];
      expect(listed.map(({ fd, cloexec, ino }) => [fd, cloexec, ino])).toEqual(
        [...fds].sort(([a], [b]) => a - b).map(([fd, entry]) => [fd, entry.cloexec, entry.buffer.ino]),
      );
    }
    const used = cmaDebugfs(records)['video-cma@48000000']?.used;
    const cmaPages = views.filter(({ heap }) => heap.startsWith('video')).flatMap(({ sgTable }) => sgTable);
    expect(Number(used)).toBe(cmaPages.reduce((sum, run) => sum + run.pages, 0));
  }

  /** Everything ends; all memory is free again. */
  end(): void {
    for (const name of [...this.model.tasks.keys()]) {
      new Task(this.real.kernel, name).must({ call: 'exit' });
      this.model.exit(name);
    }
    expect(this.real.kernel.buffers()).toEqual([]);
    expect([...this.real.records.list('frames/'), ...this.real.records.list('holder/')]).toEqual([]);
    expect(
      [...this.real.records.list('attach')].map(([key]) => key).filter((key) => key !== 'attachments'),
    ).toEqual([]);
  }
}

const free = ({ records, kernel }: Machine) => ({
  pages: new PageAllocator(records).freePages(),
  heaps: kernel.heaps().map(({ name, free: left }) => [name, left]),
});

it('three tasks and two devices see what a plain model of memory and cache lines sees', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const pair = new Pair();
      const before = free(pair.real);
      for (const [index, one] of steps.entries()) {
        pair.take(one);
        if (index % 20 === 19) pair.check();
      }
      pair.check();
      pair.end();
      expect(free(pair.real)).toEqual(before);
    }),
    { numRuns: 120 },
  );
});
