/** What the target held when it was looked at, put into a kernel that has just booted: pages, buffers, whose they are. */
import type { Kernel } from '../kernel/kernel.ts';
import { isTaskName, SHELL_TASK } from '../kernel/task.ts';
import type { HeapView } from '../kernel/views/views.ts';
import { type AllocRequest, allocate } from '../program/allocate.ts';
import type { Caller } from '../program/caller.ts';
import { startTask } from '../program/caller.ts';
import { isDeviceName, makeDevice } from '../program/described-device.ts';
import { finish } from '../program/outcome.ts';
import { O_ACCMODE, O_CLOEXEC } from '../uapi/fcntl.ts';
import { bytesOf, formatSize, getOrder, type PfnRange, type PhysAddr } from '../units.ts';
import { heapsOfBuffers, placing, takenOf, type Wanted } from './buffer-heaps.ts';
import type { BufferLine, Facts, HolderLine, Told } from './facts.ts';
import type { Finding, Tell } from './finding.ts';
import { runsWithout } from './page-runs.ts';
import { placeBuffers } from './place-buffers.ts';
import { type AreaState, areaStates } from './used-pages.ts';

export interface RebuiltState {
  readonly findings: readonly Finding[];
  /** Buffers that live now. */
  readonly buffers: number;
  /** Those of them whose place is a guess. */
  readonly guessed: number;
  /** CMA areas by how much is known of their pages. */
  readonly areas: readonly {
    readonly name: string;
    readonly known: AreaState['known'];
    readonly used: number;
    readonly pages: number;
  }[];
}

/**
 * Makes the calls that bring a booted kernel to what was seen. Every one is a call like any other, so that the journal
 * has them and an export makes them again.
 */
export function rebuildState(kernel: Kernel, facts: Facts): RebuiltState {
  const findings: Finding[] = [];
  const tell: Tell = (finding) => findings.push(finding);
  const areas = areaStates(kernel, facts, tell);
  const wanted = heapsOfBuffers(kernel, facts, areas, tell);
  const maker = new Maker(kernel, facts, tell);
  const { pageSize } = kernel.profile.geometry;
  const places = placesIn(areas, wanted, kernel, tell);
  // A shell has 1024 descriptors; who held the buffers may be several.
  if (wanted.length > MANY) {
    kernel.syscall(SHELL_TASK, {
      call: 'setrlimit',
      resource: 'RLIMIT_NOFILE',
      soft: Math.min(4 * wanted.length, 1 << 20),
    });
  }
  // The oldest first, as they were made.
  for (const one of wanted) {
    const { area } = one;
    if (area !== undefined && area.known !== 'booted') maker.makeRoom(area, places.get(one)?.pfn, one.pages);
    maker.make(one, places.get(one)?.certain === true);
  }
  for (const area of areas) {
    const isTouched = wanted.some((one) => one.area === area) || maker.guessedIn(area).length > 0;
    if (isTouched || area.known !== 'booted') {
      maker.occupy(area.word, maker.freeOf(area), pageSize, maker.guessedIn(area));
    }
  }
  maker.markPools();
  const here = kernel.cmaAreas();
  return {
    findings,
    buffers: maker.made,
    guessed: kernel.guessedPlaces().length,
    areas: areas.map(({ name, known, span }) => {
      const free = here.find(({ pfn }) => pfn === span.pfn)?.free ?? [];
      return {
        name,
        known,
        pages: span.pages,
        used: span.pages - free.reduce((sum, { pages }) => sum + pages, 0),
      };
    }),
  };
}

/** Where the buffers of CMA heaps lie, by the bitmaps. */
function placesIn(
  areas: readonly AreaState[],
  wanted: readonly Wanted[],
  kernel: Kernel,
  tell: Tell,
): ReadonlyMap<Wanted, { readonly pfn: number; readonly certain: boolean }> {
  const found = new Map<Wanted, { pfn: number; certain: boolean }>();
  const most = kernel.profile.config.CONFIG_CMA_ALIGNMENT;
  for (const area of areas) {
    const own = wanted.filter((one) => one.area === area);
    if (own.length === 0 || area.known === 'booted') continue;
    const placed = placeBuffers(
      own.map(({ pages }) => placing(pages, most)),
      takenOf(area),
    );
    const missed: Wanted[] = [];
    for (const [i, one] of own.entries()) {
      const { pfn, certain } = placed[i] ?? { certain: false };
      if (pfn === undefined) missed.push(one);
      else found.set(one, { pfn, certain: certain && area.known === 'exact' && one.heapGuessed !== true });
    }
    placeAmongBoots(area, missed, found, most, tell);
  }
  return found;
}

/** Pages that boot takes here may be a buffer's on the target, whose boot may have taken others: the bitmap stays what was seen. */
function placeAmongBoots(
  area: AreaState,
  missed: readonly Wanted[],
  found: Map<Wanted, { pfn: number; certain: boolean }>,
  most: number,
  tell: Tell,
): void {
  if (missed.length === 0) return;
  const held = [...found]
    .filter(([one]) => one.area === area)
    .map(([one, { pfn }]) => ({ pfn, pages: one.pages }));
  const placed = placeBuffers(
    missed.map(({ pages }) => placing(pages, most)),
    runsWithout(runsWithout([area.span], area.free), held),
  );
  for (const [i, one] of missed.entries()) {
    const pfn = placed[i]?.pfn;
    if (pfn !== undefined) {
      found.set(one, { pfn, certain: false });
      continue;
    }
    tell({
      kind: 'contradiction',
      code: 'buffer-without-place',
      message: `a buffer of ${formatSize(one.told.size)} fits into no taken pages of ${area.name}: bufinfo and the bitmap were read at two moments`,
      taken: 'free pages, which are taken from now on',
      at: one.told.at,
    });
  }
}

/** Makes buffers and gives them to their tasks. */
class Maker {
  readonly #kernel: Kernel;
  readonly #facts: Facts;
  readonly #tell: Tell;
  /** Addresses of buffers whose place is a guess. */
  readonly #guessed: { readonly pfn: number; readonly base: PhysAddr; readonly heap: HeapView }[] = [];
  /** The pages of what was made. */
  readonly #held: PfnRange[] = [];
  /** The area whose free pages are as they were seen. */
  #open: AreaState | undefined;
  made = 0;

  constructor(kernel: Kernel, facts: Facts, tell: Tell) {
    this.#kernel = kernel;
    this.#facts = facts;
    this.#tell = tell;
  }

  /** @returns whether it could be: another area's buffer may lie there */
  occupy(
    area: string,
    free: readonly PfnRange[],
    pageSize: number,
    guessed: readonly PhysAddr[] = [],
  ): boolean {
    const ranges = free.map((run) => bytesOf(run, pageSize));
    const call = { call: 'occupy', area, free: ranges, ...(guessed.length > 0 && { guessed }) } as const;
    return this.#kernel.syscall(SHELL_TASK, call).errno === undefined;
  }

  /** Leaves free what a buffer is to get; without a place, what was free. */
  makeRoom(area: AreaState, pfn: number | undefined, pages: number): void {
    const { pageSize } = this.#kernel.profile.geometry;
    if (pfn !== undefined && this.occupy(area.word, [{ pfn, pages }], pageSize)) this.#open = undefined;
    else if (this.#open !== area) {
      this.occupy(area.word, this.freeOf(area), pageSize);
      this.#open = area;
    }
  }

  /** What was free of an area, but for what lies there now: a buffer that found no place among taken pages. */
  freeOf({ free }: AreaState): readonly PfnRange[] {
    return runsWithout(free, this.#held);
  }

  /** Buffers whose place in the area is a guess; beside the default one also those that may be of it. */
  guessedIn({ span, isDefault }: AreaState): readonly PhysAddr[] {
    return this.#guessed
      .filter(
        ({ pfn, heap }) =>
          (pfn >= span.pfn && pfn < span.pfn + span.pages) || (isDefault && heap.backend === 'system'),
      )
      .map(({ base }) => base);
  }

  /** Says of the pools' buffers that their place is a guess: no file shows a pool's bitmap. */
  markPools(): void {
    const { pageSize } = this.#kernel.profile.geometry;
    const pools = new Map(
      this.#guessed
        .filter(({ heap }) => heap.backend === 'coherent')
        .map(({ heap }) => [heap.region ?? heap.name, heap.name]),
    );
    for (const [region, heap] of pools) {
      const own = this.#guessed
        .filter((one) => (one.heap.region ?? one.heap.name) === region)
        .map(({ base }) => base);
      this.occupy(region, this.#kernel.freeRuns(heap), pageSize, own);
    }
  }

  /** Allocates one, names it, attaches devices, and hands it to those who held it. */
  make({ told, heap, area, pages, heapGuessed }: Wanted, certain: boolean): void {
    const kernel = this.#kernel;
    const holders = this.#holdersOf(told);
    const task = this.#taskOf(holders[0]);
    const caller: Caller = { kernel, task };
    startTask(caller);
    const fdFlags = (told.flags & O_ACCMODE) | O_CLOEXEC;
    const request = {
      heap: heap.name,
      size: told.size,
      fdFlags,
      ...(told.name !== undefined && { name: told.name.slice(0, 31) }),
    };
    const { fds, errno } = this.#allocate(caller, request);
    const [fd] = fds;
    if (fd === undefined) {
      this.#tell({
        kind: 'contradiction',
        code: 'buffer-left-out',
        message: `a buffer of ${formatSize(told.size)} of ${told.expName} cannot be made here (${errno ?? 'no descriptor'})`,
        taken: 'left out',
        at: told.at,
      });
      return;
    }
    this.made++;
    const base = kernel.physOf(task, fd) ?? 0n;
    const pfn = kernel.profile.geometry.pfnDown(base);
    const isWholePool =
      heap.backend === 'coherent' && 2 ** getOrder(pages) * heap.pageSize === Number(heap.size);
    if (heap.backend !== 'system') this.#held.push({ pfn, pages });
    const isOpen =
      heap.backend === 'system' ? heapGuessed === true : !certain && !(isWholePool && area === undefined);
    if (isOpen) this.#guessed.push({ pfn, base, heap });
    const attached = this.#attach(caller, fd, told);
    this.#handOut(caller, fd, told, holders, attached);
  }

  /** A call that kills its caller, or that is not modelled, makes no buffer here: the target has lived. */
  #allocate(
    caller: Caller,
    request: AllocRequest,
  ): { readonly fds: readonly number[]; readonly errno?: string } {
    try {
      return finish(allocate(caller, request));
    } catch (error) {
      if (!(error instanceof Error && NOT_MADE.has(error.name))) throw error;
      return { fds: [], errno: error.message };
    }
  }

  #attach(caller: Caller, fd: number, { devices, at }: Told<BufferLine>): number {
    let references = 0;
    for (const name of devices) {
      if (!isDeviceName(name)) continue;
      if (this.#kernel.device(name) === undefined) {
        this.#kernel.syscall(caller.task, { call: 'device_add', device: makeDevice(name, undefined, {}) });
        this.#tell({
          kind: 'guess',
          code: 'device-added',
          message: `the device ${name} has buffers attached, and the board lists none of that name`,
          taken: 'one that sees no caches and reaches 32 bits',
          at,
        });
      }
      const { ret } = this.#kernel.syscall(caller.task, { call: 'dma_buf_attach', fd, device: name });
      if (ret >= 0) references += this.#kernel.attachment(ret)?.references ?? 1;
    }
    return references;
  }

  /** Descriptors for the other holders, and for references that nobody is known to hold. */
  #handOut(
    caller: Caller,
    fd: number,
    told: Told<BufferLine>,
    holders: readonly Told<HolderLine>[],
    attached: number,
  ): void {
    const { kernel, task } = caller;
    let references = 1 + attached;
    for (const holder of holders.slice(1)) {
      const to = this.#taskOf(holder);
      startTask({ kernel, task: to });
      const { ret } =
        to === task
          ? kernel.syscall(task, { call: 'dup', fd })
          : kernel.syscall(task, { call: 'sendmsg', fd, to });
      if (ret >= 0) references++;
    }
    const more = told.count - references;
    if (more <= 0) return;
    let made = 0;
    while (made < Math.min(more, MOST_COPIES) && kernel.syscall(task, { call: 'dup', fd }).ret >= 0) made++;
    this.#tell({
      kind: 'guess',
      code: 'holders-not-told',
      message: `a buffer of ${formatSize(told.size)} of ${told.expName} has ${told.count} references, and who holds ${more} of them is not told`,
      taken: `${made} more ${made === 1 ? 'descriptor' : 'descriptors'} of the task ${task}`,
      at: told.at,
    });
  }

  /** Descriptors by fdinfo: the inode says which buffer, on Linux 5.10 what else fdinfo has. */
  #holdersOf(told: BufferLine): readonly Told<HolderLine>[] {
    return this.#facts.holders.filter(({ ino, size, name, expName }) =>
      ino === undefined
        ? size === told.size && expName === told.expName && name === told.name
        : ino === told.ino,
    );
  }

  #taskOf(holder: HolderLine | undefined): string {
    if (holder === undefined) return SHELL_TASK;
    const { tasks } = this.#facts;
    const comm = (tasks.get(holder.pid) ?? 'pid').replace(/[^A-Za-z0-9_.-]/g, '_');
    const others = [...tasks].some(([pid, name]) => pid !== holder.pid && name === tasks.get(holder.pid));
    const name = tasks.has(holder.pid) && !others && comm !== SHELL_TASK ? comm : `${comm}-${holder.pid}`;
    return isTaskName(name) ? name : `pid-${holder.pid}`;
  }
}

/** What allocating throws where Linux would oops, or where there is no memory. */
const NOT_MADE: ReadonlySet<string> = new Set(['BusError', 'KernelOops', 'NotModelled']);
/** Buffers beyond which the shell's limit of descriptors is raised. */
const MANY = 400;
/** A count may be damaged. */
const MOST_COPIES = 256;
