/** The objects that several answers have: docs/cli.md names them. */
import { z } from 'zod';
import {
  address,
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
  position,
  signed,
  size,
  text,
  unverified,
  whole,
} from './values.ts';

export const heap = exactly({
  name: text,
  backend: z.enum(['system', 'cma', 'coherent', 'carveout', 'tee']),
  minor: whole,
  mode,
  gid: whole,
  region: text.nullable(),
  base: address.nullable(),
  base_pfn: size.nullable(),
  size,
  free: size,
  largest: size,
  buffers: whole,
  declared: exactly({ by: text, cached: flag, zone: text.nullable(), source: text.nullable() }).nullable(),
  devices: z.array(exactly({ device: text, pages: whole, buffers: whole })),
  charges: exactly({ controller: z.enum(['memory', 'dmem']), region: text.nullable() }).nullable(),
}).meta({ id: 'heap' });

export const region = exactly({
  name: text,
  origin: z.enum(['static', 'dynamic', 'cmdline', 'config']),
  base: address.nullable(),
  size: size.nullable(),
  'no-map': flag,
  reusable: flag,
  'linux,cma-default': flag,
  kind: z.enum(['cma', 'coherent', 'reserved', 'none']),
  heaps: names,
  why: text.nullable(),
  reason: text.nullable(),
  advice: text.nullable(),
  detail: z
    .object({ is: text })
    .catchall(z.json())
    .describe('the numbers of why; the members depend on what it is')
    .nullable(),
}).meta({ id: 'region' });

export const direction = z.enum(['DMA_BIDIRECTIONAL', 'DMA_TO_DEVICE', 'DMA_FROM_DEVICE']);
export const segment = exactly({ dma_address: address, length: size }).meta({ id: 'segment' });

const imported = {
  attachment: whole,
  task: text,
  references: whole,
  direction: direction.nullable(),
  segments: z.array(segment),
};

const bufferMembers = {
  ino: whole,
  heap: text,
  exp_name: text,
  name: text.nullable(),
  size,
  flags: whole,
  flag_names: names,
  count: whole,
  fds: z.array(exactly({ task: text, fd, cloexec: flag })),
  mappings: z.array(
    exactly({
      task: text,
      mapping: whole,
      offset: size,
      length: size,
      prot: whole,
      shared: flag,
      parts: z.array(exactly({ offset: size, length: size, prot: whole })).optional(),
    }),
  ),
  attachments: z.array(exactly({ device: text, ...imported })),
  sg_table: z.array(extent),
  call: whole,
  maker: text,
};
export const buffer = exactly(bufferMembers).meta({ id: 'buffer' });
/** One that is alive when a scenario expected it not to be. */
export const alive = exactly({
  ...bufferMembers,
  step: whole.nullable(),
  position: position.nullable(),
}).meta({ id: 'alive' });

export const task = exactly({
  name: text,
  pid: whole,
  uid: whole,
  gid: whole,
  groups: z.array(whole),
  nofile: whole,
  fds: z.array(
    exactly({
      fd,
      cloexec: flag,
      kind: z.enum(['dma_buf', 'dma_heap', 'drm', 'virtual', 'sync_file', 'stream']),
      ino: whole.nullable(),
      path: text.nullable(),
    }),
  ),
  mappings: whole,
  attachments: whole,
}).meta({ id: 'task' });

/** What a device's driver holds. */
export const memory = exactly({
  buffer: whole,
  size,
  taken: size,
  dma_address: address.nullable(),
  phys: address.nullable(),
  from: z.enum(['pool', 'cma', 'buddy', 'atomic', 'restricted']),
  area: text.nullable(),
  pool: text.nullable(),
  zone: text.nullable(),
  kaddr: z.enum(['vmalloc', 'linear', 'cookie']),
  for: z.enum(['driver', 'vb2', 'drm']),
  task: text,
}).meta({ id: 'memory' });

export const device = exactly({
  name: text,
  path: text.nullable(),
  'dma-coherent': flag,
  dma_mask: address,
  bus_dma_limit: address,
  dma_range_map: z.array(exactly({ cpu_start: address, dma_start: address, size })),
  iommu: flag,
  max_seg_size: whole,
  importer: z.enum(['vb2', 'drm']),
  contiguous: flag,
  'memory-region': names,
  origin: z.enum(['board', 'added']),
  bound: flag,
  driver: text.nullable(),
  coherent_dma_mask: address,
  pool: text.nullable(),
  area: text.nullable(),
  restricted: text.nullable(),
  memory: z.array(memory),
  attachments: z.array(exactly({ ino: whole, ...imported })),
}).meta({ id: 'device' });

export const file = exactly({
  name: text,
  type: z.enum(['file', 'directory', 'symlink', 'device']),
  mode,
  uid: whole,
  gid: whole,
  size: whole,
  major: whole.nullable(),
  minor: whole.nullable(),
  target: text.nullable(),
}).meta({ id: 'file' });

const accessor = exactly({ kind: z.enum(['task', 'device']), name: text });
const told = {
  seq: whole,
  time: whole,
  buffer: exactly({
    ino: whole,
    heap: text,
    name: text.nullable(),
    task: text.nullable(),
    fd: fd.nullable(),
    offset: size,
  }).nullable(),
  reason: names,
};
const ofDevice = { device: text, access: z.enum(['read', 'write']), dma_address: address };

export const hazard = z
  .discriminatedUnion('kind', [
    exactly({
      kind: z.literal('stray-dma'),
      ...ofDevice,
      address,
      length: size,
      hit: text,
      region: text.nullable(),
      ...told,
    }),
    exactly({
      kind: z.literal('dma-fault'),
      fault: z.enum(['bus-error', 'iommu-fault']),
      ...ofDevice,
      why: text,
      ...told,
    }),
    exactly({
      kind: z.literal('unbracketed-write'),
      task: text,
      address,
      length: size,
      span: size,
      bracket: z.enum(['none', 'read']),
      missing: z.array(exactly({ ioctl: z.literal('DMA_BUF_IOCTL_SYNC'), flags: whole, flag_names: names })),
      ...told,
    }),
    exactly({
      kind: z.enum(['stale-read', 'lost-write']),
      cause: text,
      address,
      length: size,
      victim: accessor,
      culprit: accessor,
      missing: exactly({
        ioctl: z.literal('DMA_BUF_IOCTL_SYNC'),
        flags: whole,
        flag_names: names,
        task: text,
        after: accessor,
        before: accessor,
      }).nullable(),
      no_sync_helps: z.enum(['not-attached', 'not-mapped', 'no-buffer']).nullable(),
      ...told,
    }),
  ])
  .meta({ id: 'hazard' });

const nodeMembers = {
  name: text,
  labels: names,
  position: position.nullable(),
  places: z.array(position),
  properties: z.array(
    exactly({
      name: text,
      hex,
      position: position.nullable(),
      made: text.nullable(),
      earlier: z.array(exactly({ kind: z.enum(['set', 'deleted']), hex, position: position.nullable() })),
    }).meta({ id: 'property' }),
  ),
};
export const node = z
  .strictObject({
    ...nodeMembers,
    get children(): z.ZodArray<z.ZodType> {
      return z.array(node);
    },
  })
  .meta({ id: 'node' });
export const nodeAlone = exactly({ ...nodeMembers, children: names });

/** What bytes were reached by: a descriptor, or another target. */
export const target = {
  fd: fd.optional(),
  target: text.optional(),
  offset: size,
  as: text.optional(),
};

export const range = { base: address, length: size };

/** What a device's driver holds of an area or a pool. */
const heldByDevice = exactly({ device: text, pages: whole, buffers: whole });

/** Numbers and words about a failure, by its kind. */
const why = z
  .object({ kind: text })
  .catchall(z.union([text, z.number(), flag, names, z.array(heldByDevice)]))
  .meta({ id: 'why', description: 'what is known of the failure; the members depend on the kind' });

/** Who holds some of a heap's memory. */
const holder = exactly({
  what: z.enum(['buffer', 'pinned', 'kernel']),
  size,
  base: address.nullable(),
  ino: whole.nullable(),
  name: text.nullable(),
  maker: text.nullable(),
  fds: z.array(exactly({ task: text, fd })),
}).meta({ id: 'holder' });

/** By which rule a call failed, and who holds the memory: with --verbose, and of `why`. */
export const failureContext = exactly({
  rule: text,
  where: text.nullable(),
  of: text,
  linux: text,
  change: text,
  holders: z.array(holder),
  more_holders: whole,
}).meta({ id: 'failure-context' });

export const error = exactly({
  code: text,
  message: text,
  hint: text.nullable(),
  errno: errno.nullable(),
  number: whole.nullable(),
  why: why.nullable(),
  reason: names,
  log: z.array(line),
  file: text.nullable(),
  diagnostics: z.array(diagnostic),
  stack: text.nullable(),
  cause: diagnostic.nullable().optional(),
}).meta({ id: 'error' });

export const listing = z.array(exactly({ path: text, directory: flag, entries: z.array(file) }));
export const files = z.array(exactly({ path: text, text: text.nullable(), base64: text.nullable() }));

const mismatches = z.array(exactly({ what: text, expected: text, got: text }));
const place = {
  follows: whole.nullable(),
  position: position.nullable(),
  path: z.array(z.union([text, whole])),
  task: text,
  action: text,
  text,
  mismatches,
  errno: errno.nullable(),
  fault: text.nullable(),
  reason: names,
  log: z.array(line),
  hazards: z.array(hazard),
};
const verdict = z.enum(['passed', 'failed']);

const step = exactly({
  number: whole,
  verdict,
  ...place,
  vars: z.record(text, text),
  ret: signed,
  note: text.nullable(),
  alive: z.array(alive),
}).meta({ id: 'step' });

export const run = exactly({
  file: text,
  title: text.nullable(),
  verdict: z.enum(['passed', 'failed', 'unfinished']),
  profile: text,
  unverified,
  board: text,
  seed: whole,
  steps: whole,
  calls: whole,
  time: whole,
  results: z.array(step),
  untold: whole,
  end: exactly({
    verdict,
    position: position.nullable(),
    mismatches,
    alive: z.array(alive),
    hazards: z.array(hazard),
  }).nullable(),
  panic: text.nullable(),
  cause: diagnostic.nullable(),
  warnings: z.array(diagnostic),
}).meta({ id: 'run' });

const placed = exactly({ base: address.nullable(), size: size.nullable() }).nullable();
const fate = exactly({
  kind: z.enum(['cma', 'coherent', 'reserved', 'none']),
  'linux,cma-default': flag,
  why: text.nullable(),
  reason: text.nullable(),
});

const bootDifferenceOf = (sizes: readonly string[]) =>
  exactly({
    what: z.enum(['heap', 'region', 'memory', 'boot']),
    name: text,
    change: z.enum(['added', 'removed', 'renamed', 'aliased', 'moved', 'fate', 'panic', ...sizes]),
    before: placed,
    after: placed,
    other: text.optional(),
    fates: z.array(fate).length(2).optional(),
    panics: z.array(text.nullable()).length(2).optional(),
  });
const bootDifference = bootDifferenceOf(['grown', 'shrunk']).meta({ id: 'boot-difference' });
/** As its version 1 calls them: one word for both. */
const replayedBootDifference = bootDifferenceOf(['resized']);

export const replayed = {
  boot: exactly({ compared: flag, differences: z.array(replayedBootDifference) }).nullable(),
  panic: text.nullable(),
  differences: z.array(exactly({ step: whole, ...place }).meta({ id: 'difference' })),
  end: mismatches,
};

const side = exactly({ board: text, profile: text, unverified, panic: text.nullable() });
const answered = exactly({
  step: whole,
  position: position.nullable(),
  path: place.path,
  task: text,
  action: text,
  text,
  differences: z.array(exactly({ what: text, before: text, after: text })),
});

/** Of two boots. */
export const compared = {
  before: side,
  after: side,
  verdict: z.enum(['same', 'different']),
  failed: flag,
  differences: z.array(bootDifference),
  log: z.array(exactly({ before: whole, after: whole, removed: z.array(line), added: z.array(line) })),
  history: exactly({ first: answered.nullable() }).nullable(),
};

/** One of many that booted. */
export const bootedBoard = exactly({
  board: text,
  model: text.nullable(),
  arch: text.nullable(),
  unverified: flag,
  outcome: z.enum(['boots', 'panics', 'no-memory', 'invalid', 'bug']),
  message: text.nullable(),
  heaps: z.array(
    exactly({
      name: text,
      backend: heap.shape.backend,
      region: text.nullable(),
      base: address.nullable(),
      size: whole,
    }),
  ),
  findings: z.array(exactly({ region: text, why: text, reason: text })),
  warnings: z.array(diagnostic),
}).meta({ id: 'board' });

/** A release of Linux that is spoken for. */
export const kernel = exactly({
  release: text,
  means: text,
  since: text,
  recorded: text.nullable(),
  recorded_on: z.record(z.string(), z.array(whole)),
  source: text,
  coherent_series: z.enum(['posted', 'backport']).nullable(),
  unverified: flag,
}).meta({ id: 'kernel' });

const evidence = z.discriminatedUnion('kind', [
  exactly({ kind: z.literal('source') }),
  exactly({ kind: z.literal('changelog'), entry: text }),
  exactly({ kind: z.literal('recording'), case: text, shows: text }),
]);

/** What one release does otherwise than the one before. */
export const kernelDifference = exactly({
  about: text,
  where: text,
  changes: z.array(exactly({ since: text, is: text, evidence, unverified: flag })),
}).meta({ id: 'kernel-difference' });

const severity = z.enum(['error', 'warning', 'note']);

/** A repair that was booted. */
const repair = exactly({
  say: text,
  source: text.nullable(),
  cmdline: text.nullable(),
  config: z.record(text, text).nullable(),
  changes: z.array(bootDifference),
}).meta({ id: 'repair' });

/** What a check has found. */
export const finding = exactly({
  check: text,
  severity,
  message: text,
  path: text.nullable(),
  position: position.nullable(),
  hint: text.nullable(),
  log: names,
  repair: repair.nullable(),
}).meta({ id: 'finding' });

export const checkedBoard = exactly({
  board: text,
  boots: flag,
  error: whole,
  warning: whole,
  note: whole,
  findings: z.array(finding),
});

export const namedCheck = exactly({
  check: text,
  severity: z.enum(['error', 'warning', 'note', 'off']),
  by: z.enum(['dtc', 'dmaheap']),
  about: text,
});

const placedPiece = exactly({ base: address, length: size });

export const whyAnswer = {
  subject: z.enum(['allocation', 'failure', 'buffer', 'node']),
  about: text.nullable(),
  size: size.nullable(),
  works: flag,
  errno: errno.nullable(),
  why: why.nullable(),
  reason: names,
  context: failureContext.nullable(),
  pieces: z.array(placedPiece).nullable(),
  cure: exactly({
    largest: size.nullable(),
    free: z.array(exactly({ ino: whole, name: text.nullable(), size, maker: text })).nullable(),
    never: flag,
  }).nullable(),
  region: region.nullable(),
  findings: z.array(finding),
};

const fitFailure = exactly({
  item: text,
  number: whole,
  buffer: whole,
  size,
  errno,
  errno_number: whole,
  why: why.nullable(),
  reason: names,
}).meta({ id: 'fit-failure' });

export const fitAnswer = {
  board: text,
  fits: flag,
  lower_bound: flag,
  after: text.nullable(),
  items: z.array(
    exactly({ item: text, heap: text, count: whole, buffers: z.array(size), lower_bound: flag }),
  ),
  failure: fitFailure.nullable(),
  left: z.array(exactly({ ...heap.shape, largest_request: size })),
  orders: exactly({ tried: whole, fit: whole, first: names.nullable() }).nullable(),
  smallest: z.array(
    exactly({
      heap: text,
      region: text,
      now: size,
      unit: size,
      size: size.nullable(),
      less: fitFailure.nullable(),
      changes: z.array(
        exactly({
          how: z.enum(['device-tree', 'cmdline']),
          size,
          heap: text,
          say: text,
          source: text.nullable(),
          cmdline: text.nullable(),
          changes: z.array(bootDifference),
        }),
      ),
      instead: text.nullable(),
    }),
  ),
};
