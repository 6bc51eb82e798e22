/**
 * The form of a scenario as a zod schema, and as the JSON Schema that editors complete from. It checks shapes;
 * what names and numbers mean is checked where steps are compiled. An `error` says what was expected.
 *
 * Integers come as `bigint`, decimal fractions as numbers, everything else as JSON has it (`board/yaml-plain.ts`).
 */
import * as z from 'zod';
import { sizeOfText } from '../board/schema.ts';
import { ACTION_TEXTS, EXPECT_TEXTS } from './descriptions.ts';
import { SCENARIO_FORM } from './form.ts';
import { isTemplate } from './template.ts';

export const EXPECTED_SIZE = 'a size or an address';
const EXPECTED_WHOLE = 'a whole number';
const EXPECTED_REF = 'a number, or the name that a step before gave it with as';
const EXPECTED_NUMBER = 'a number or a comparison, such as 4, 8M, ">= 8M", "!= 0"';
const EXPECTED_TEXT = 'text';

const TEMPLATE = /\$\{[^}]*\}/;
const SIZE = /^(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)\s*([KMGTkmgt](i?[bB])?|[bB])?$/;
const COMPARED = /^(>=|<=|!=|==|=|>|<)?\s*-?(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)\s*([KMGTkmgt](i?[bB])?|[bB])?$/;

/** A pattern that also takes texts with `${…}`, whose value is known later. */
const orTemplate = (pattern: RegExp) => new RegExp(`${pattern.source}|${TEMPLATE.source}`);

const integer = (error: string) =>
  z.bigint({ error }).min(0n, { error }).meta({ type: 'integer', minimum: 0 });
const matching = (pattern: RegExp, error: string) =>
  z.string({ error }).regex(orTemplate(pattern), { error });

const text = z.string({ error: EXPECTED_TEXT });
const flag = z.boolean({ error: 'true or false' });
const size = z
  .union(
    [
      integer(EXPECTED_SIZE),
      matching(SIZE, EXPECTED_SIZE).refine((value) => isTemplate(value) || sizeOfText(value) !== undefined, {
        error: EXPECTED_SIZE,
      }),
    ],
    { error: EXPECTED_SIZE },
  )
  .meta({
    id: 'bytes',
    description: 'Bytes or an address: 64M, 4096, 0x60000000. K, M, G, T: powers of 1024.',
  });
const whole = z
  .union([integer(EXPECTED_WHOLE), matching(/^(0[xX][0-9a-fA-F]+|[0-9]+)$/, EXPECTED_WHOLE)], {
    error: EXPECTED_WHOLE,
  })
  .meta({ id: 'whole', description: 'A whole number, or a variable of an enclosing loop.' });
const ref = z
  .union([integer(EXPECTED_REF), z.string({ error: EXPECTED_REF }).min(1, { error: EXPECTED_REF })], {
    error: EXPECTED_REF,
  })
  .meta({ id: 'ref', description: 'A number, or the name that a step before gave it with `as`.' });
const words = (error: string) => z.union([integer(error), z.string({ error })], { error });
const flags = words('flags of open(2) joined by |, or a number');
const signed = z.union([z.bigint(), z.string()], { error: 'a number' });
const wordOrNumber = z.union([z.string(), z.bigint()], { error: 'text or a number' });
const number = z
  .union([integer(EXPECTED_NUMBER), matching(COMPARED, EXPECTED_NUMBER)], { error: EXPECTED_NUMBER })
  .meta({
    id: 'expected-number',
    description: 'A number or a comparison: 4, 8M, 0x60000000, ">= 8M", "< 4".',
  });
const hex = z
  .string({ error: 'pairs of hexadecimal digits' })
  .regex(orTemplate(/^([0-9a-fA-F]{2}|[\s_:])*$/), { error: 'pairs of hexadecimal digits' })
  .meta({ id: 'hex', description: 'Bytes in hexadecimal, in quotes: "0011 2233".' });
const match = z
  .union([text, z.bigint().transform(String)], { error: 'text, or /a regular expression/' })
  .meta({ id: 'text-match', description: 'Text, or /a regular expression/.' });
const EXPECTED_MATCHES = 'text, /a regular expression/, or a list of them';
const matches = z.union([match, z.array(match, { error: EXPECTED_MATCHES })], { error: EXPECTED_MATCHES });
const EXPECTED_SPAN = '[BASE, SIZE] or BASE:SIZE';
const span = z.union([text, z.tuple([size, size])], { error: EXPECTED_SPAN }).meta({ id: 'span' });
const EXPECTED_FAULT = 'a fault rule: errno=ENOMEM,heap=NAME,nth=3, or a mapping with such keys';
const fault = z
  .union(
    [
      text,
      z.record(z.string(), z.union([z.string(), z.bigint(), z.number(), z.boolean()]), {
        error: EXPECTED_FAULT,
      }),
    ],
    { error: EXPECTED_FAULT },
  )
  .meta({ id: 'fault', description: 'What fails, and when: errno=ENOMEM,heap=NAME,nth=3' });

/** Steps within steps. */
const steps = z
  .array(
    z.lazy(() => step),
    { error: 'a list of steps' },
  )
  .min(1, { error: 'a list of at least one step' });

/** Each expectation's value. */
const EXPECTATIONS = {
  errno: text,
  ret: number,
  fd: number,
  size: number,
  phys: z.union([number, z.array(z.tuple([number, number]))], {
    error: 'an address, or a list of [address, pages]',
  }),
  getfl: flags,
  getfd: flags,
  dma: number,
  log: matches,
  fault: z.enum(['SegmentationFault', 'BusError', 'IommuFault', 'any'], {
    error: 'SegmentationFault, BusError, IommuFault or any',
  }),
  hazards: z.union(
    [
      z.literal('none'),
      number,
      z.array(z.enum(['stale-read', 'lost-write', 'stray-dma']), {
        error: 'a list of stale-read, lost-write, stray-dma',
      }),
    ],
    { error: 'none, a number, or a list of stale-read, lost-write, stray-dma' },
  ),
  bytes: hex,
  sha256: text,
  text: match,
  names: z.array(text, { error: 'a list of names' }),
  arg: hex,
  revents: words('events joined by |, or a number'),
  value: z.record(z.string(), number, { error: 'numbers by their names' }),
};

/** The same with what they mean, all of them optional. */
const describedBy = (texts: Readonly<Record<string, string>>, shape: Readonly<Record<string, z.ZodType>>) =>
  Object.fromEntries(
    Object.entries(shape).map(([name, schema]) => [
      name,
      schema.meta({ description: texts[name] ?? '' }).optional(),
    ]),
  );

const expectation = z
  .strictObject(describedBy(EXPECT_TEXTS, EXPECTATIONS), {
    error: 'what is expected, by name: errno, phys, size, log and the like',
  })
  .meta({ id: 'expect', description: 'What the step must answer. Without errno and fault it must succeed.' });

const heapExpectation = z.strictObject(
  {
    free: number.optional(),
    largest: number.optional(),
    size: number.optional(),
    buffers: number.optional(),
  },
  { error: 'free, largest, size, buffers' },
);

const noneOrNumber = z.union([z.literal('none'), number], { error: 'none, or a number' });
const endExpectation = z
  .strictObject(
    {
      leaks: noneOrNumber.meta({ description: 'Buffers that are still alive.' }).optional(),
      hazards: noneOrNumber
        .meta({ description: 'Stale reads, lost writes, stray DMA since boot.' })
        .optional(),
      buffers: number.meta({ description: 'How many buffers there are.' }).optional(),
      heaps: z
        .record(z.string(), heapExpectation, { error: 'heaps by their names' })
        .meta({ description: 'What heaps have left: { video-cma@60000000: { largest: ">= 8M" } }' })
        .optional(),
      log: matches.meta({ description: 'Each is somewhere in the whole log.' }).optional(),
      'no-log': matches.meta({ description: 'None of them is anywhere in the log.' }).optional(),
      cat: z
        .record(z.string(), match, { error: 'texts by the paths of files' })
        .meta({ description: 'What files of /proc, /sys and /dev hold.' })
        .optional(),
      panic: match.meta({ description: 'What the boot dies of; then there are no steps.' }).optional(),
    },
    { error: 'what must hold: leaks, heaps, log and the like' },
  )
  .meta({ id: 'end-expect' });

const device = z.strictObject(
  {
    name: text,
    coherent: flag.optional(),
    mask: whole.optional(),
    iommu: flag.optional(),
    'dma-ranges': z.union([text, z.array(text)], { error: 'CPU:DMA:SIZE, or a list of them' }).optional(),
    'bus-limit': size.optional(),
    'max-seg-size': size.optional(),
    contiguous: flag.optional(),
    importer: z.enum(['vb2', 'drm'], { error: 'vb2 or drm' }).optional(),
    node: text.optional(),
  },
  { error: 'a name, or a device with its properties' },
);

const refOr = <T extends z.ZodType>(object: T, error: string) => z.union([ref, object], { error });
const textOr = <T extends z.ZodType>(object: T, error: string) => z.union([text, object], { error });
const yes = z.literal(true, { error: 'true' });

/** Each action's value. */
const ACTIONS = {
  open: textOr(z.strictObject({ path: text, flags: flags.optional() }), 'a path, or { path, flags }'),
  alloc: z.strictObject(
    {
      heap: text,
      size,
      name: text.optional(),
      'fd-flags': flags.optional(),
      'heap-flags': size.optional(),
      fd: whole.optional(),
      count: whole.optional(),
    },
    { error: '{ heap, size }' },
  ),
  free: z.union([ref, z.array(ref)], { error: 'a descriptor, or a list of them' }),
  dup: ref,
  name: z.strictObject({ fd: ref, name: text }, { error: '{ fd, name }' }),
  fcntl: z.strictObject(
    { fd: ref, cmd: words('a command of fcntl(2)'), arg: flags.optional() },
    { error: '{ fd, cmd, arg }' },
  ),
  lseek: z.strictObject(
    { fd: ref, offset: signed.optional(), whence: words('SEEK_SET, SEEK_END or a number').optional() },
    { error: '{ fd, offset, whence }' },
  ),
  poll: refOr(
    z.strictObject({ fd: ref, events: words('events').optional() }),
    'a descriptor, or { fd, events }',
  ),
  stat: ref,
  ioctl: z.strictObject(
    {
      fd: ref,
      request: words('a request of ioctl(2), by name or number'),
      arg: z
        .union([hex, z.null()], { error: 'pairs of hexadecimal digits, or null' })
        .meta({ description: 'The bytes of the caller; null is a pointer to nothing.' })
        .optional(),
      null: yes.optional(),
    },
    { error: '{ fd, request, arg }' },
  ),
  setrlimit: whole,
  sync: z.strictObject(
    {
      fd: ref,
      start: yes.optional(),
      end: yes.optional(),
      read: flag.optional(),
      write: flag.optional(),
      flags: size.optional(),
    },
    { error: '{ fd, start: true, read: true }' },
  ),
  mmap: refOr(
    z.strictObject({
      fd: ref,
      length: size.optional(),
      offset: size.optional(),
      prot: z.enum(['rw', 'r', 'w', 'none'], { error: 'rw, r, w or none' }).optional(),
      private: flag.optional(),
    }),
    'a descriptor, or { fd, length, offset, prot }',
  ),
  munmap: ref,
  read: refOr(
    z.strictObject({ from: ref, offset: size.optional(), length: size.optional(), by: text.optional() }),
    'a place, or { from, offset, length }',
  ),
  write: z.strictObject(
    {
      to: ref,
      offset: size.optional(),
      bytes: hex.optional(),
      text: text.optional(),
      file: text.optional(),
      by: text.optional(),
    },
    { error: '{ to, bytes }' },
  ),
  fill: z.strictObject(
    { to: ref, offset: size.optional(), length: size.optional(), byte: whole, by: text.optional() },
    { error: '{ to, byte }' },
  ),
  cat: text,
  ls: text,
  echo: z.strictObject({ value: wordOrNumber, path: text }, { error: '{ value, path }' }),
  'task-add': textOr(
    z.strictObject({
      name: text,
      uid: whole.optional(),
      gid: whole.optional(),
      groups: z.array(wordOrNumber, { error: 'a list of groups' }).optional(),
      nofile: whole.optional(),
    }),
    'a name, or { name, uid, gid, groups, nofile }',
  ),
  fork: text,
  exec: yes,
  exit: yes,
  send: z.strictObject({ fd: ref, to: text, cloexec: flag.optional() }, { error: '{ fd, to }' }),
  'device-add': textOr(device, 'a name, or a device with its properties'),
  'device-set': device,
  'device-rm': text,
  attach: z.strictObject({ fd: ref, device: text }, { error: '{ fd, device }' }),
  map: refOr(
    z.strictObject({
      attachment: ref,
      direction: z
        .enum(['bidirectional', 'to-device', 'from-device'], {
          error: 'bidirectional, to-device or from-device',
        })
        .optional(),
    }),
    'an attachment, or { attachment, direction }',
  ),
  unmap: ref,
  detach: ref,
  sleep: z.union([z.bigint().min(0n), z.number().min(0), matching(/^[0-9]+(\.[0-9]+)?$/, 'seconds')], {
    error: 'seconds, such as 6 or 0.5',
  }),
  fault,
  'fault-rm': ref,
  pin: text,
  unpin: text,
  modprobe: text,
  age: z.strictObject(
    {
      area: text,
      sizes: z.union([text, z.array(wordOrNumber)], { error: 'a list of sizes' }).optional(),
      lifetime: whole.optional(),
      steps: whole.optional(),
      seed: whole.optional(),
      keep: flag.optional(),
    },
    { error: '{ area, sizes, lifetime, steps, seed }' },
  ),
  check: endExpectation,
  repeat: z.strictObject({ times: whole, do: steps }, { error: '{ times, do: [steps] }' }),
  for: z
    .object({ do: steps }, { error: '{ NAME: values, do: [steps] }' })
    .catchall(
      z.union([text, z.array(wordOrNumber)], { error: 'a list of values, or a range such as "0..9"' }),
    ),
  choose: z.array(
    z.strictObject({ weight: whole.optional(), do: steps }, { error: '{ weight, do: [steps] }' }),
    {
      error: 'a list of { do: [steps] }',
    },
  ),
  parallel: z.array(z.strictObject({ task: text, do: steps }, { error: '{ task, do: [steps] }' }), {
    error: 'a list of { task, do: [steps] }',
  }),
};

/** The keys beside the action. */
const COMMON = {
  as: text.meta({ description: 'The name of what the step makes, for steps after it.' }),
  task: text.meta({ description: 'Who makes the calls; shell unless given. Started when there is none.' }),
  expect: expectation,
  note: text.meta({ description: 'Printed when the step fails.' }),
  order: z
    .enum(['seeded', 'round-robin'], { error: 'seeded or round-robin' })
    .meta({ description: 'Beside parallel: who is next.' }),
};

export const ACTION_KEYS: readonly string[] = Object.keys(ACTIONS);
export const COMMON_KEYS: readonly string[] = Object.keys(COMMON);

const step: z.ZodType = z
  .strictObject(
    {
      ...Object.fromEntries(Object.entries(COMMON).map(([name, schema]) => [name, schema.optional()])),
      ...describedBy(ACTION_TEXTS, ACTIONS),
    },
    { error: 'a step: a mapping with an action, such as alloc: { heap: system, size: 4K }' },
  )
  .meta({
    id: 'step',
    description: 'One action, and what goes with it.',
    oneOf: ACTION_KEYS.map((name) => ({ required: [name] })),
  });

const spans = z.union([span, z.array(span)], { error: `${EXPECTED_SPAN}, or a list of them` });
const scalar = z.union([z.string(), z.bigint(), z.boolean()], { error: 'a value of the configuration' });
const texts = z.array(text, { error: 'a list of texts' });
const boot = z
  .strictObject(
    {
      cmdline: text.meta({ description: "The kernel command line, instead of the board's." }).optional(),
      memory: spans.meta({ description: "RAM, instead of the board's own." }).optional(),
      reserve: z
        .strictObject({ kernel: span.optional(), initrd: span.optional(), dtb: span.optional() })
        .meta({ description: 'Where the boot loader put the kernel, initrd and dtb.' })
        .optional(),
      config: z
        .record(z.string(), scalar, { error: 'options of the configuration by name' })
        .meta({ description: 'Kernel configuration: { CMA_SIZE_MBYTES: 64 }' })
        .optional(),
      coherent: z
        .enum(['v3', 'off'], { error: 'v3 or off' })
        .meta({ description: 'The coherent heap series.' })
        .optional(),
      nofile: whole.meta({ description: "The shell task's RLIMIT_NOFILE." }).optional(),
      mode: wordOrNumber
        .meta({ description: "Permission bits of the heaps' nodes, octal: 0660." })
        .optional(),
      group: wordOrNumber.meta({ description: 'Group of these nodes: video, 44.' }).optional(),
      evict: whole.meta({ description: 'A seed: cache lines go by chance.' }).optional(),
      fault: z
        .union([fault, z.array(fault)], { error: `${EXPECTED_FAULT}, or a list of them` })
        .meta({ description: 'Fault rules, from boot on.' })
        .optional(),
      include: texts.meta({ description: 'Directories for /include/ and #include.' }).optional(),
      define: texts.meta({ description: 'Macros of the preprocessor: NAME=VALUE.' }).optional(),
      overlay: texts.meta({ description: 'Overlays that are laid over the board, in order.' }).optional(),
    },
    { error: 'boot inputs by name: cmdline, memory and the like' },
  )
  .meta({ id: 'boot', description: 'What a boot loader and a user give beside the board.' });

/** A scenario. @param inline how a board in place is checked: its own schema for editors, elsewhere later */
const scenarioOf = (inline: z.ZodType) =>
  z
    .strictObject(
      {
        $schema: text.meta({ description: 'For editors; not looked at.' }).optional(),
        schema: z
          .literal(SCENARIO_FORM, { error: SCENARIO_FORM })
          .meta({ description: 'The form of this file.' })
          .optional(),
        title: text.meta({ description: 'One line: what it shows.' }).optional(),
        board: z
          .union([text, inline], { error: 'a file, or a board in place' })
          .meta({ description: 'A device tree or YAML board, relative to this file; or one in place.' }),
        boot: boot.optional(),
        seed: whole.meta({ description: 'For choose, and faults by chance; 0 unless given.' }).optional(),
        steps: z
          .array(step, { error: 'a list of steps' })
          .meta({ description: 'What is done, in order.' })
          .optional(),
        expect: endExpectation.meta({ description: 'What must hold at the end.' }).optional(),
      },
      { error: 'a scenario: board, steps and expect' },
    )
    .meta({ title: 'dmaheap scenario', description: 'A scenario for dmaheap run.' });

/** What the parser checks with. */
export const scenarioSchema = scenarioOf(z.record(z.string(), z.unknown(), { error: 'a board' }));

/** The JSON Schema (draft 7, which editors know best) of a scenario. @param board that of a board in place */
export function scenarioJsonSchema(board: z.ZodType): unknown {
  return z.toJSONSchema(scenarioOf(board), { target: 'draft-7', io: 'input', unrepresentable: 'any' });
}

/** The keys that mappings of a scenario may have, by what they are in. */
export const KEYS = {
  scenario: ['schema', 'title', 'board', 'boot', 'seed', 'steps', 'expect'],
  boot: Object.keys(boot.shape),
  step: [...ACTION_KEYS, ...COMMON_KEYS],
  expect: Object.keys(EXPECTATIONS),
  end: Object.keys(endExpectation.shape),
  /** Of an action's value, and of what stands in the lists of some. */
  inside: Object.fromEntries(
    Object.entries(ACTIONS).map(([name, schema]) => [name, keysOf(schema)]),
  ) as Readonly<Record<string, readonly string[]>>,
} as const;

/** The keys of the mapping that a schema takes, if it takes one. */
function keysOf(schema: z.ZodType): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (!(schema instanceof z.ZodUnion)) return [];
  return schema.options.flatMap((option) => (option instanceof z.ZodObject ? Object.keys(option.shape) : []));
}
