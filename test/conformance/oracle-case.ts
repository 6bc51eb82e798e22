/**
 * A recorded case of the oracle: what went in, and what a running Linux answered.
 *
 * The two halves are separate types, so that the replay cannot see an answer: `inputsOf` copies the
 * keys that were inputs, key by key, and everything else of a case stays with the comparison.
 */

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** [base, size] in hexadecimal. */
export type RecordedRange = readonly [base: string, size: string];

export interface RecordedProfile {
  readonly linux: string;
  readonly arch: string;
  readonly page_size: number;
  readonly coherent_series: string;
  /** A driver for the recorder's devices, which makes the DMA API's calls. */
  readonly labDriver: boolean;
  readonly config: Readonly<Record<string, string | number | boolean>>;
}

/** One call as it was made: `op` and its arguments under the recorded names. */
export interface StepInputs {
  readonly op: string;
  readonly args: JsonObject;
}

/** Everything that a replay may know of a case. */
export interface CaseInputs {
  readonly name: string;
  readonly profile: RecordedProfile;
  /** The file name in `boards/`, without `.dtb`. */
  readonly board: string;
  readonly cmdline: string;
  readonly memory?: readonly RecordedRange[];
  readonly reservedAtBoot: Readonly<Record<string, RecordedRange>>;
  /** What the machine's tree took, into which the board was grafted. */
  readonly unflattenedBytes?: number;
  readonly steps: readonly StepInputs[];
}

/** One node of /dev/dma_heap as recorded. */
export interface RecordedHeap {
  readonly name: string;
  readonly minor: number;
  readonly mode: string;
}

/** What Linux answered: for the comparison alone. */
export interface Expectations {
  /** Present when the boot died; the text after `not syncing: `. */
  readonly panic?: string;
  /** The unit of CMA alignment, bytes; absent where the case does not say. */
  readonly pageblock?: number;
  /** Absent when the boot died. */
  readonly boot?: {
    readonly heaps: readonly RecordedHeap[];
    readonly log: readonly string[];
    readonly cma: Readonly<Record<string, JsonObject>>;
    readonly meminfo: JsonObject;
    readonly iomem: readonly string[];
  };
  /** One a step: its op and what came back. */
  readonly steps: readonly { readonly op: string; readonly args: JsonObject; readonly answer: JsonObject }[];
  /** Whether heaps are compared as a set: they were recorded with the coherent ones before the CMA heaps. */
  readonly heapsAreSet: boolean;
  /** Which kinds of lines were kept: 1 where the case does not say. */
  readonly logFilter: number;
  /** Whether each step has the lines that it caused. */
  readonly labDriver: boolean;
  readonly logAfter: readonly string[];
}

export interface OracleCase {
  readonly inputs: CaseInputs;
  readonly expectations: Expectations;
}

/** The arguments of each op; whatever else stands in a step came back. */
export const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  alloc: ['heap', 'len', 'fd_flags', 'heap_flags', 'id', 'fd', 'open_flags'],
  badptr: ['heap'],
  cat: ['path'],
  cgroup_create: ['cgroup'],
  cgroup_move: ['cgroup'],
  cgroup_remove: ['cgroup'],
  cgroup_set: ['cgroup', 'file', 'value'],
  close: ['id'],
  cma: ['area'],
  dev_alloc: ['dev', 'size', 'gfp', 'attrs', 'id'],
  dev_alloc_pages: ['dev', 'size', 'gfp', 'id'],
  dev_drm: ['dev'],
  dev_free: ['dev', 'id'],
  dev_info: ['dev'],
  dev_mask: ['dev', 'bits'],
  dev_probe: ['dev', 'index'],
  dev_probe_name: ['dev', 'name'],
  dev_rawmask: ['dev', 'mask'],
  dev_release: ['dev'],
  dev_reqbufs: ['dev', 'count', 'sizes', 'attrs', 'flags', 'min'],
  dumb: ['dev', 'width', 'height', 'bpp', 'id', 'free'],
  dup: ['id', 'new'],
  echo: ['path', 'value'],
  fill: ['id', 'offset', 'len', 'byte'],
  exit: [],
  fork: [],
  import: ['id', 'importer'],
  import_fd: ['importer', 'fd'],
  importer_close: ['importer'],
  importer_open: ['importer', 'device'],
  importer_release: ['importer', 'handle'],
  ls: ['path'],
  msleep: ['ms'],
  mmap: ['id', 'len', 'offset', 'prot', 'flags'],
  name: ['id', 'name'],
  nonzero: ['id'],
  openheap: ['heap', 'flags'],
  rawioctl: ['target', 'request', 'first_u64'],
  reexport: ['importer', 'handle', 'new', 'flags'],
  rlimit: ['nofile'],
  roptr: ['heap', 'len'],
  rw: ['id'],
  seek: ['id', 'offset', 'whence'],
  sync: ['id', 'flags'],
  unimport: ['id'],
};

/** Who calls: an argument of any step; of `fork` the child. */
const TASK = 'task';

/** Whether a key of a step was an input. */
export const isArgument = (op: string, key: string): boolean =>
  key === TASK || ARGUMENTS[op]?.includes(key) === true;

/** A case that is not written as the oracle's README says. */
export class BadCase extends Error {
  constructor(file: string, what: string) {
    super(`${file}: ${what}`);
    this.name = 'BadCase';
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads one case.
 *
 * @param file its name, for messages
 * @throws BadCase when it is not JSON or lacks what the README says it has
 */
export function parseCase(text: string, file: string): OracleCase {
  const fail = (what: string): never => {
    throw new BadCase(file, what);
  };
  const object = (value: Json | undefined, what: string): JsonObject =>
    isObject(value) ? value : fail(`${what} is missing or no object`);
  const string = (value: Json | undefined, what: string): string =>
    typeof value === 'string' ? value : fail(`${what} is missing or no string`);
  const list = (value: Json | undefined, what: string): readonly Json[] =>
    Array.isArray(value) ? value : fail(`${what} is missing or no list`);
  const range = (value: Json | undefined, what: string): RecordedRange => {
    const [base, size] = list(value, what);
    return [string(base, `${what}[0]`), string(size, `${what}[1]`)];
  };

  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return fail(`not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const root = isObject(parsed) ? parsed : fail('no JSON object');
  const profile = object(root.profile, 'profile');
  const boot = object(root.boot, 'boot');

  const steps = (root.steps === undefined ? [] : list(root.steps, 'steps')).map((step, index) => {
    const { op: name, ...rest } = object(step, `steps[${index}]`);
    const op = string(name, `steps[${index}].op`);
    const args: Record<string, Json> = {};
    const answer: Record<string, Json> = {};
    for (const [key, value] of Object.entries(rest)) {
      (isArgument(op, key) ? args : answer)[key] = value;
    }
    return { op, args, answer };
  });

  const config: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(object(profile.config, 'profile.config'))) {
    if (typeof value === 'object') fail(`profile.config.${key} is no plain value`);
    else config[key] = value;
  }
  // The first recordings of 32-bit arm have it beside the configuration.
  if (typeof profile.highmem === 'boolean') config.CONFIG_HIGHMEM ??= profile.highmem;
  const reservedAtBoot: Record<string, RecordedRange> = {};
  for (const [key, value] of Object.entries(object(root.reserved_at_boot, 'reserved_at_boot'))) {
    reservedAtBoot[key] = range(value, `reserved_at_boot.${key}`);
  }
  const inputs: CaseInputs = {
    name: string(root.name, 'name'),
    profile: {
      linux: string(profile.linux, 'profile.linux'),
      arch: string(profile.arch, 'profile.arch'),
      page_size: Number(profile.page_size),
      coherent_series: string(profile.coherent_series, 'profile.coherent_series'),
      labDriver: profile.lab_driver === true,
      config,
    },
    board: string(root.board, 'board'),
    cmdline: string(root.cmdline, 'cmdline'),
    ...(root.memory === undefined
      ? {}
      : { memory: list(root.memory, 'memory').map((entry, i) => range(entry, `memory[${i}]`)) }),
    reservedAtBoot,
    ...(root.unflattened_bytes !== undefined && { unflattenedBytes: Number(root.unflattened_bytes) }),
    steps: steps.map(({ op, args }) => ({ op, args })),
  };
  const logAfter = (root.log_after === undefined ? [] : list(root.log_after, 'log_after')).map((line, i) =>
    string(line, `log_after[${i}]`),
  );

  const logFilter = root.log_filter === undefined ? 1 : Number(root.log_filter);

  const heapsAreSet = Number(profile.page_size) > 4096 || profile.arch === 'arm';
  const pageblock = profile.pageblock === undefined ? {} : { pageblock: Number(profile.pageblock) };
  if (boot.panic === true) {
    const panic = string(boot.message, 'boot.message').trim();
    return {
      inputs,
      expectations: {
        panic,
        ...pageblock,
        heapsAreSet,
        steps,
        logFilter,
        labDriver: inputs.profile.labDriver,
        logAfter,
      },
    };
  }
  const cma: Record<string, JsonObject> = {};
  for (const [name, area] of Object.entries(object(boot.cma, 'boot.cma'))) {
    cma[name] = object(area, `boot.cma.${name}`);
  }
  return {
    inputs,
    expectations: {
      ...pageblock,
      heapsAreSet,
      boot: {
        heaps: list(boot.heaps, 'boot.heaps').map((entry, i) => {
          const heap = object(entry, `boot.heaps[${i}]`);
          return {
            name: string(heap.name, `boot.heaps[${i}].name`),
            minor: Number(heap.minor),
            mode: string(heap.mode, `boot.heaps[${i}].mode`),
          };
        }),
        log: list(boot.log, 'boot.log').map((line, i) => string(line, `boot.log[${i}]`)),
        cma,
        meminfo: object(boot.meminfo, 'boot.meminfo'),
        iomem: list(boot.iomem, 'boot.iomem').map((line, i) => string(line, `boot.iomem[${i}]`)),
      },
      steps,
      logFilter,
      labDriver: inputs.profile.labDriver,
      logAfter,
    },
  };
}
