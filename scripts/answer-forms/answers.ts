/** The form of every answer that commands print with --json, by the name that it bears as `schema`. */
import { z } from 'zod';
import type { Verb } from '../../src/program/verb.ts';
import { CALL_VERBS, VERBS } from '../../src/program/verbs/index.ts';
import { memmapAnswer } from './memmap.ts';
import {
  bootedBoard,
  buffer,
  checkedBoard,
  compared,
  device,
  direction,
  error,
  failureContext,
  files,
  fitAnswer,
  hazard,
  heap,
  kernel,
  kernelDifference,
  listing,
  memory,
  namedCheck,
  node,
  nodeAlone,
  range,
  region,
  replayed,
  run,
  segment,
  target,
  task,
  whyAnswer,
} from './objects.ts';
import { reportAnswer } from './report.ts';
import {
  address,
  deprecated,
  diagnostic,
  errno,
  exactly,
  extent,
  fd,
  flag,
  hex,
  line,
  mode,
  names,
  profile,
  signed,
  size,
  text,
  unverified,
  whole,
} from './values.ts';

const buffers = z.array(buffer);
const warnings = z.array(diagnostic);
/** What is said beside an answer: what was assumed, and the kernel's lines. */
const beside = { assumed: z.array(text), log: z.array(line) };
/** Of a verb that is one call: its arguments, what it returned, and the bytes that came. */
function callForm({ arguments: all, returns }: Verb): z.ZodRawShape {
  const forms = {
    descriptor: fd,
    mapping: whole,
    whole,
    signed,
    size,
    address: size,
    word: text,
    flags: whole,
  };
  const moved = { room: whole, bytes: hex, path: text };
  const named = Object.entries(all).map(([key, { kind }]) => [key, { ...forms, ...moved }[kind]]);
  const hasNames = Object.values(all).some((one) => one.kind === 'flags' && one.names !== undefined);
  const hasRoom = Object.values(all).some(({ kind }) => kind === 'room');
  return {
    ...Object.fromEntries(named),
    ...(hasNames && { flag_names: names }),
    ...(returns !== undefined && { ret: z.int() }),
    ...(hasRoom && { bytes: hex }),
  };
}
const heaps = z.array(heap);
const opened = { uid: whole, gid: whole, groups: z.array(whole), nofile: whole };
const ended = {
  task: text,
  closed: z.array(fd),
  unmapped: whole,
  detached: z.array(exactly({ attachment: whole, device: text })),
  freed: z.array(whole),
};
/** Old ones that are gone, when there are any. */
const no_longer_kept = whole.optional();

const MEMBERS: Readonly<Record<string, z.ZodRawShape>> = {
  'boot/1': { profile, session: text, heaps, warnings },
  'reconstruct/1': {
    profile,
    session: text,
    heaps,
    read: z.array(exactly({ what: text, lines: whole })),
    other_lines: whole,
    findings: z.array(
      exactly({
        kind: z.enum(['contradiction', 'guess', 'missing']),
        code: text,
        message: text,
        taken: text.nullable(),
        file: text.nullable(),
        line: whole.nullable(),
      }),
    ),
    areas: z.array(
      exactly({ name: text, known: z.enum(['exact', 'counted', 'booted']), used: whole, pages: whole }),
    ),
    buffers: whole,
    guessed_places: whole,
    warnings,
  },
  'capture/1': { script: text },
  'playground/1': { output: text.nullable(), bytes: whole, page: text.nullable() },
  'heaps/1': { profile, heaps, warnings },
  'memmap/1': memmapAnswer,
  'regions/1': { profile, regions: z.array(region), warnings },
  'buffers/1': { profile, buffers },
  'buffer/1': { profile, fd, buffer },
  'heap/1': {
    profile,
    heap,
    region: region.nullable(),
    buffers,
    memory: z.array(exactly({ device: text, ...memory.shape })),
    free_runs: z.array(extent),
  },
  'log/1': { profile, lines: z.array(line), no_longer_kept },
  'alloc/1': {
    profile,
    heap: text,
    len: size,
    size: deprecated(size, 'len'),
    fds: z.array(fd),
    buffers,
  },
  'free/1': {
    closed: z.array(fd),
    guessed_places: z.array(exactly({ ino: whole, heap: text, size, name: text.nullable() })).optional(),
  },
  'time/1': { time: whole },
  'age/1': {
    heap,
    sizes: z.array(exactly({ size, weight: whole })),
    lifetime: whole,
    steps: whole,
    seed: whole,
    allocated: whole,
    freed: whole,
    failed: z.record(errno, whole),
    alive: whole,
    alive_bytes: size,
    free: size,
    largest: size,
    largest_aligned: size,
    requests: z.array(exactly({ size, ok: flag, errno: errno.nullable() })),
  },

  'read/1': { ...target, length: size, base64: z.base64().optional(), output: text.optional() },
  'dump/1': { ...target, length: size, hex },
  'write/1': { ...target, length: size },
  'fill/1': { ...target, length: size, byte: whole },
  'sum/1': { algorithm: text, sums: z.array(exactly({ ...target, length: size, sum: text })) },
  'cmp/1': {
    a: text,
    b: text,
    equal: flag,
    byte: size.nullable(),
    offset: size.nullable(),
    values: z.array(whole).length(2).nullable(),
    eof: exactly({ on: z.enum(['a', 'b']), after: size }).nullable(),
  },

  'sync/1': { fd, flags: size, flag_names: names, names: deprecated(names, 'flag_names'), devices: names },
  'mmap/1': { fd, mapping: whole, offset: size, length: size, prot: whole, shared: flag },
  'munmap/1': { mapping: whole },

  'tasks/1': { profile, tasks: z.array(task) },
  'task/1': { task: text, pid: whole, ...opened },
  'task-fork/1': { task: text, pid: whole, parent: text },
  'task-send/1': { from: text, to: text, ret: fd, fd: deprecated(fd, 'ret'), cloexec: flag },
  'task-exec/1': ended,
  'task-exit/1': ended,
  'devices/1': { profile, devices: z.array(device) },
  'device/1': { profile: profile.optional(), device },
  'device-rm/1': { device: text, detached: z.array(whole) },
  'device-attach/1': { device: text, fd, attachment: whole },
  'device-map/1': {
    device: text,
    attachment: whole,
    ino: whole,
    direction,
    segments: z.array(segment),
    warnings,
  },
  'device-unmap/1': { device: text, attachment: whole },
  'device-detach/1': { device: text, attachment: whole },
  'device-probe/1': {
    device: text,
    driver: text.nullable(),
    dma_mask: address,
    pool: text.nullable(),
    area: text.nullable(),
    restricted: text.nullable(),
    ...beside,
  },
  'device-release/1': { device: text },
  'device-alloc/1': { device: text, gfp: text, attrs: names, ...memory.shape, ...beside },
  'device-free/1': { device: text, buffer: whole, leaked: flag, log: z.array(line) },
  'device-vb2/1': {
    device: text,
    asked: whole,
    granted: whole,
    attrs: names,
    buffers: z.array(z.array(memory)),
    log: z.array(line),
  },
  'device-drm/1': { device: text, pitch: whole, told: size, ...memory.shape, log: z.array(line) },
  'hazards/2': { profile, hazards: z.array(hazard), no_longer_kept },
  'leaks/1': { profile, task: text.nullable(), buffers },

  'fault/1': { id: whole, rule: text },
  'faults/1': {
    profile,
    faults: z.array(exactly({ id: whole, rule: text, seen: whole, struck: whole })),
    not_loaded: names,
  },
  'fault-rm/1': { removed: z.array(whole) },
  'pin/1': range,
  'pinned/1': { pinned: z.array(exactly({ ...extent.shape, rule: whole.nullable() })) },
  'unpin/1': { unpinned: z.array(exactly(range)) },
  'modprobe/1': { module: text, heaps },
  'overlay/1': {
    id: whole,
    overlay: text,
    devices_added: names,
    devices_removed: names,
    regions_ignored: names,
    users: z.array(exactly({ device: text, region: text, errno: text.nullable() })),
  },

  'cat/1': { files },
  'ls/1': { paths: listing },
  'echo/1': { path: text, written: whole },
  'mkdir/1': callForm(VERBS.mkdir),
  'rmdir/1': callForm(VERBS.rmdir),

  'open/2': { path: text, flags: whole, flag_names: names, ret: fd, fd: deprecated(fd, 'ret') },
  'dup/1': { fd, ret: fd },
  'name/1': { fd, name: text },
  'ioctl/1': {
    fd,
    request: text,
    ret: z.int(),
    arg: hex.nullable(),
    fields: exactly({ len: size, fd, fd_flags: whole, heap_flags: size }).nullable(),
  },
  'fcntl/2': { fd, cmd: text, arg: z.int(), ret: z.int(), flags: whole.nullable(), flag_names: names },
  ...Object.fromEntries(
    Object.entries<Verb>(CALL_VERBS).map(([name, verb]) => [`${name}/1`, callForm(verb)]),
  ),
  'call-setrlimit/1': { resource: z.literal('RLIMIT_NOFILE'), soft: whole },
  'lseek/1': { fd, offset: signed, whence: text, ret: signed },
  'poll/1': { events: names, ret: whole, fds: z.array(exactly({ fd, revents: names })) },
  'stat/1': {
    fd,
    type: text,
    mode,
    st_mode: whole,
    st_uid: whole,
    st_gid: whole,
    st_size: size,
    st_blocks: size,
    st_blksize: size,
    st_ino: size,
    major: whole.nullable(),
    minor: whole.nullable(),
  },

  'drm-import/1': callForm(VERBS['drm-import']),
  'drm-export/1': callForm(VERBS['drm-export']),
  'drm-release/1': callForm(VERBS['drm-release']),

  'exec/1': {
    profile,
    session: text.nullable(),
    command: names,
    task: text,
    exit_code: whole,
    opened: flag,
    differs: names,
    leaks: z.array(exactly({ text })),
    reports: z.array(exactly({ text })),
    scenario: exactly({ verdict: z.enum(['passed', 'failed', 'unfinished']), text }).nullable(),
    failed: z.array(z.enum(['leaks', 'hazards', 'scenario'])),
    entries: exactly({ from: whole, to: whole }),
  },
  'run/1': { passed: whole, failed: whole, unfinished: whole, not_run: whole, files: z.array(run) },
  'replay/1': {
    profile,
    file: text,
    board: text,
    verdict: z.enum(['same', 'different']),
    steps: whole,
    ...replayed,
  },
  'report/1': reportAnswer,
  'diff/1': compared,
  'check/1': { profile, boards: z.array(checkedBoard) },
  'checks/1': { checks: z.array(namedCheck) },
  'why/1': { profile, ...whyAnswer },
  'fit/1': { profile, ...fitAnswer },
  'boards/1': { profile, boards: z.array(bootedBoard) },
  'config/1': {
    profile,
    configuration: text,
    arch: text,
    preset_source: text.nullable(),
    options: z.array(exactly({ name: text, value: text, from: text, decides: text })),
    warnings,
  },
  'kernels/1': { kernels: z.array(kernel), differences: z.array(kernelDifference) },
  'export/1': {
    profile,
    entries: whole,
    steps: whole,
    unsaid: whole,
    stand_ins: whole,
    output: text.nullable(),
    board: text.nullable(),
    bundle: text.nullable(),
    bytes: whole.nullable(),
    scenario: text.nullable(),
  },

  'session/1': {
    profile,
    path: text.nullable(),
    board: text,
    format: text,
    booted_at: z.iso.datetime(),
    generation: whole,
    time: whole,
    calls: whole,
    journal: exactly({ entries: whole, dropped: whole }),
    buffers: whole,
    server: exactly({ pid: whole, tasks: names }).optional(),
    memory: z.array(exactly({ base: address, size })),
  },
  'session-check/1': { path: text, whole: flag, problems: names },
  'session-compact/1': { before: whole, after: whole },
  'session-path/1': { path: text, from: z.enum(['--session', '$DMAHEAP_SESSION', 'default']) },
  'session-rm/1': { path: text },

  'dt/1': { source: text, root: node },
  'dt-file/1': { file: text, format: z.enum(['dts', 'dtb']), length: whole },
  'dt-node/1': { path: text, node: nodeAlone },
  'completion/1': { shell: z.enum(['bash', 'zsh', 'fish']), script: text },

  'error/1': {
    error,
    // With --verbose: the rule, and who holds the memory.
    context: failureContext.optional(),
    /** Further failures of commands that go on. */
    more: z.array(error).optional(),
    // Of a panic: what had become of the board.
    warnings: warnings.optional(),
    regions: z.array(region).optional(),
    // What had worked before.
    fds: z.array(fd).optional(),
    buffers: buffers.optional(),
    closed: z.array(fd).optional(),
    fd: fd.optional(),
    target: text.optional(),
    as: text.optional(),
    offset: size.optional(),
    length: size.optional(),
    files: files.optional(),
    paths: listing.optional(),
    request: text.optional(),
    arg: hex.nullable().optional(),
  },
};

/** By the name that an answer bears: `dmaheap.heaps/1`. */
export const ANSWERS: ReadonlyMap<string, z.ZodType> = new Map(
  Object.entries(MEMBERS).map(([name, members]) => {
    const schema = `dmaheap.${name}`;
    const form = exactly({
      schema: z.literal(schema),
      // What went wrong with shared memory on the way, whichever command it was.
      hazards: z.array(hazard).optional(),
      // What was assumed of a board's source that is not whole.
      assumed: z.array(diagnostic).optional(),
      // Of a kernel that nothing was recorded from.
      ...('profile' in members && { unverified }),
      ...members,
    });
    return [schema, form];
  }),
);

/** The `$id` of a form: `urn:dmaheap:heaps:1`. */
export const formId = (name: string): string => `urn:${name.replace(/[./]/g, ':')}`;

/** The JSON Schema of an answer. @param name `dmaheap.heaps/1` */
export function answerJsonSchema(name: string): Record<string, unknown> {
  const form = ANSWERS.get(name);
  if (form === undefined) throw new Error(`there is no answer ${name}`);
  return { $id: formId(name), title: name, ...z.toJSONSchema(form) };
}

/** Where it is below schema/: `heaps-1.json`. */
export const answerFile = (name: string): string => `${name.replace('dmaheap.', '').replace('/', '-')}.json`;

/** What is wrong with an answer; `undefined` when it is as its form says. @param json what a command printed */
export function wrongWith(json: unknown): string | undefined {
  const schema = (json as { readonly schema?: unknown } | null)?.schema;
  const form = ANSWERS.get(String(schema));
  if (form === undefined) return `there is no form for schema ${schema}`;
  const { error } = form.safeParse(json);
  return error === undefined ? undefined : `${schema}: ${z.prettifyError(error)}`;
}
