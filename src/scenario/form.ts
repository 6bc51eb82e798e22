/**
 * A scenario as data: what a file of the form `dmaheap.scenario/1` says, key by key, before anything is made
 * of it. Whoever writes scenarios builds these; `docs/scenarios.md` describes the form by examples.
 *
 * Texts may hold `${name}` of an enclosing `for` or `repeat`, those that stand for numbers too.
 */

/** Bytes or an address: `8M`, `4096`, `0x1000`. */
export type Size = number | bigint | string;
/** A whole number, or a text that becomes one: `${i}`. */
export type Whole = number | bigint | string;
/** A descriptor, a mapping or an attachment: its number, or the name that `as` gave it. */
export type Ref = number | bigint | string;
/** Flags of open(2): names joined by `|`, or a number. */
export type Flags = number | bigint | string;
/** A number that is expected: `4`, `8M`, `0x60000000`, `">= 8M"`, `"!= 0"`. */
export type Expected = number | bigint | string;
/** Bytes in hexadecimal. */
export type Hex = string;
/** A text that is expected, whole; or `/a regular expression/`, somewhere in it. */
export type TextMatch = string;
/** `[BASE, SIZE]` or `BASE:SIZE`. */
export type Span = string | readonly [Size, Size];

/** A fault rule: the text of `--fault`, or a mapping with the same keys. */
export type Fault = string | { readonly [key: string]: string | number | bigint | boolean };

/** What a boot loader and a user give beside the board: the options of `dmaheap boot`. */
export interface ScenarioBoot {
  readonly cmdline?: string;
  readonly memory?: Span | readonly Span[];
  readonly reserve?: { readonly kernel?: Span; readonly initrd?: Span; readonly dtb?: Span };
  /** Kernel configuration, with or without `CONFIG_`. */
  readonly config?: { readonly [key: string]: string | number | bigint | boolean };
  readonly coherent?: 'v3' | 'off';
  readonly nofile?: Whole;
  /** Permission bits of the heaps' nodes, octal as in `0660`. */
  readonly mode?: string | number | bigint;
  readonly group?: string | number | bigint;
  readonly evict?: Whole;
  readonly fault?: Fault | readonly Fault[];
  /** How device tree source is read: the options of `boot`. */
  readonly include?: readonly string[];
  readonly define?: readonly string[];
  readonly overlay?: readonly string[];
}

/** A PLACE whose bytes are accessed: a descriptor, `map:NAME`, `attachment:NAME`, `@ADDRESS:SIZE`. */
export type Place = Ref;

/** A load: the task `age` makes it, unless the step names another. */
export interface Load {
  /** A heap's name. */
  readonly area: string;
  /** `4K,64K:3`, or a list: sizes, each with its weight after a colon. */
  readonly sizes?: string | readonly Size[];
  /** Steps that a buffer lives on average. */
  readonly lifetime?: Whole;
  readonly steps?: Whole;
  readonly seed?: Whole;
  /** Whether what lives at the end stays; true unless given. */
  readonly keep?: boolean;
}

export interface DeviceWords {
  readonly name: string;
  readonly coherent?: boolean;
  /** Bits. */
  readonly mask?: Whole;
  readonly iommu?: boolean;
  /** `CPU:DMA:SIZE`, one or several. */
  readonly 'dma-ranges'?: string | readonly string[];
  readonly 'bus-limit'?: Size;
  readonly 'max-seg-size'?: Size;
  readonly contiguous?: boolean;
  readonly importer?: 'vb2' | 'drm';
  /** A node of the board, by path, label, alias or name. */
  readonly node?: string;
}

/** What a step does, by the key that names it; those that other steps are inside of stand last. */
export interface Actions {
  readonly open: string | { readonly path: string; readonly flags?: Flags };
  readonly alloc: {
    readonly heap: string;
    readonly size: Size;
    readonly name?: string;
    readonly 'fd-flags'?: Flags;
    readonly 'heap-flags'?: Size;
    /** The field `fd` on the way in, which must be 0. */
    readonly fd?: Whole;
    readonly count?: Whole;
  };
  readonly free: Ref | readonly Ref[];
  readonly dup: Ref;
  readonly name: { readonly fd: Ref; readonly name: string };
  readonly fcntl: { readonly fd: Ref; readonly cmd: Flags; readonly arg?: Flags };
  readonly lseek: { readonly fd: Ref; readonly offset?: Size; readonly whence?: Flags };
  readonly poll: Ref | { readonly fd: Ref; readonly events?: Flags };
  readonly stat: Ref;
  readonly ioctl: {
    readonly fd: Ref;
    readonly request: Flags;
    /** The caller's bytes; `null` is a pointer to nothing. */
    readonly arg?: Hex | null;
    /** The same as `arg: null`, for whoever writes no null. */
    readonly null?: boolean;
  };
  readonly setrlimit: Whole;
  readonly sync: {
    readonly fd: Ref;
    readonly start?: boolean;
    readonly end?: boolean;
    readonly read?: boolean;
    readonly write?: boolean;
    readonly flags?: Size;
  };
  readonly mmap:
    | Ref
    | {
        readonly fd: Ref;
        readonly length?: Size;
        readonly offset?: Size;
        readonly prot?: 'rw' | 'r' | 'w' | 'none';
        readonly private?: boolean;
      };
  readonly munmap: Ref;
  readonly read:
    | Place
    | { readonly from: Place; readonly offset?: Size; readonly length?: Size; readonly by?: string };
  readonly write: {
    readonly to: Place;
    readonly offset?: Size;
    readonly bytes?: Hex;
    readonly text?: string;
    readonly file?: string;
    readonly by?: string;
  };
  readonly fill: {
    readonly to: Place;
    readonly offset?: Size;
    readonly length?: Size;
    readonly byte: Whole;
    readonly by?: string;
  };
  readonly cat: string;
  readonly ls: string;
  readonly echo: { readonly value: string | number | bigint; readonly path: string };
  readonly 'task-add':
    | string
    | {
        readonly name: string;
        readonly uid?: Whole;
        readonly gid?: Whole;
        readonly groups?: readonly (string | number | bigint)[];
        readonly nofile?: Whole;
      };
  readonly fork: string;
  readonly exec: true;
  readonly exit: true;
  readonly send: { readonly fd: Ref; readonly to: string; readonly cloexec?: boolean };
  readonly 'device-add': string | DeviceWords;
  readonly 'device-set': DeviceWords;
  readonly 'device-rm': string;
  readonly attach: { readonly fd: Ref; readonly device: string };
  readonly map:
    | Ref
    | { readonly attachment: Ref; readonly direction?: 'bidirectional' | 'to-device' | 'from-device' };
  readonly unmap: Ref;
  readonly detach: Ref;
  /** Seconds of logical time. */
  readonly sleep: number | bigint | string;
  readonly fault: Fault;
  readonly 'fault-rm': Ref;
  /** `@ADDRESS:SIZE` */
  readonly pin: string;
  readonly unpin: string;
  readonly modprobe: string;
  readonly age: Load;
  readonly check: EndExpect;
  readonly repeat: { readonly times: Whole; readonly do: readonly Step[] };
  readonly for: ForLoop;
  readonly choose: readonly { readonly weight?: Whole; readonly do: readonly Step[] }[];
  readonly parallel: readonly { readonly task: string; readonly do: readonly Step[] }[];
}

/** One variable's name with its values or its range (`0..9`), and `do`. */
export interface ForLoop {
  readonly do: readonly Step[];
  readonly [variable: string]: string | readonly (string | number | bigint)[] | readonly Step[];
}

export type ActionName = keyof Actions;

/** The keys that a step may have beside its action. */
export interface StepKeys {
  /** The name of what the step made. */
  readonly as?: string;
  /** The task that makes the calls. */
  readonly task?: string;
  readonly expect?: Expect;
  /** Printed when the step fails. */
  readonly note?: string;
  /** Beside `parallel`: round robin unless `seeded`. */
  readonly order?: 'seeded' | 'round-robin';
}

/** Exactly one action, and the common keys. */
export type Step = StepKeys & { [Name in ActionName]: Pick<Actions, Name> }[ActionName];

/** What a step is expected to answer. Without `errno` and `fault` it must succeed. */
export interface Expect {
  /** A name, or `any`: whatever it answers. */
  readonly errno?: string;
  /** What the call returned. */
  readonly ret?: Expected;
  /** The number of the descriptor that it made. */
  readonly fd?: Expected;
  /** Bytes of the buffer that it made. */
  readonly size?: Expected;
  /** The first address of the buffer; or all of its runs, `[address, pages]`. */
  readonly phys?: Expected | readonly (readonly [Expected, Expected])[];
  /** F_GETFL and F_GETFD of the buffer's descriptor. */
  readonly getfl?: Flags;
  readonly getfd?: Flags;
  /** The first address that the device got. */
  readonly dma?: Expected;
  /** Lines that the step caused: one matches each; `none` or `[]`: there are none. */
  readonly log?: TextMatch | readonly TextMatch[];
  /** The name of the fault: `SegmentationFault`, `BusError`, `IommuFault`. */
  readonly fault?: string;
  /** What went wrong with shared memory: how often, or the kinds in order. */
  readonly hazards?: 'none' | Expected | readonly string[];
  readonly bytes?: Hex;
  readonly sha256?: string;
  readonly text?: TextMatch;
  readonly names?: readonly string[];
  /** The argument of an ioctl as it came back. */
  readonly arg?: Hex;
  /** Events by name, joined by `|`, or their number. */
  readonly revents?: Flags;
  /** Other numbers that the action shows, by name: `nonzero` and `sum` of `read`, `st_size` of `stat`. */
  readonly value?: { readonly [name: string]: Expected };
}

/** What must hold at the end, or at a `check`. */
export interface EndExpect {
  readonly leaks?: 'none' | Expected;
  readonly hazards?: 'none' | Expected;
  readonly buffers?: Expected;
  readonly heaps?: {
    readonly [name: string]: {
      readonly free?: Expected;
      readonly largest?: Expected;
      readonly size?: Expected;
      readonly buffers?: Expected;
    };
  };
  /** Each is somewhere in the whole log. */
  readonly log?: TextMatch | readonly TextMatch[];
  readonly 'no-log'?: TextMatch | readonly TextMatch[];
  readonly cat?: { readonly [path: string]: TextMatch };
  /** What the boot dies of, after `Kernel panic - not syncing: `; then there are no steps. */
  readonly panic?: TextMatch;
}

export const SCENARIO_FORM = 'dmaheap.scenario/1';

export interface Scenario {
  readonly schema?: typeof SCENARIO_FORM;
  readonly title?: string;
  /** A file, relative to the scenario's, or a YAML board in place. */
  readonly board: string | { readonly [key: string]: unknown };
  readonly boot?: ScenarioBoot;
  readonly seed?: Whole;
  readonly steps?: readonly Step[];
  readonly expect?: EndExpect;
}
