/** The manual pages of section 5: files that people write, made of the schemas that check them. */
import { boardJsonSchema, boardSchema } from '../../src/board/schema.ts';
import { HELP_TOPICS } from '../../src/cli/help-topics.ts';
import { scenarioJsonSchema } from '../../src/scenario/form.ts';
import type { ManPage } from './command-pages.ts';
import { display, head, helpText, prose, seeAlso, words } from './mdoc.ts';

/** What the pages read of a JSON Schema. */
interface Schema {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly $ref?: string;
}

/** The keys that a value may have; of a value of several forms, those of the form that is an object. */
function keysOf(schema: Schema): Schema {
  if (schema.properties !== undefined) return schema;
  return schema.anyOf?.find(({ properties }) => properties !== undefined) ?? {};
}

/** An example as YAML writes it on one line. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const pairs = Object.entries(value).map(([key, inner]) => `${key}: ${flow(inner)}`);
  return `{ ${pairs.join(', ')} }`;
}

const sentence = (text: string): string => (/[.!?:]$/.test(text) ? text : `${text}.`);

function item([key, schema]: readonly [string, Schema]): string {
  const inner = keysOf(schema);
  const told = Object.entries(inner.properties ?? {}).filter(
    ([, { description }]) => description === undefined,
  );
  const required = new Set(inner.required);
  const keys = told.map(([name]) => (required.has(name) ? name : `[${name}]`));
  const [example] = schema.examples ?? [];
  return [
    `.It Ic ${words(key)}`,
    prose(sentence(schema.description ?? 'See its section.')),
    ...(schema.enum === undefined ? [] : [prose(`One of: ${schema.enum.join(', ')}.`)]),
    ...(keys.length === 0 ? [] : [prose(`Keys: ${keys.join(', ')}.`)]),
    ...(example === undefined ? [] : [display(`${key}: ${flow(example)}`)]),
  ].join('\n');
}

function keys(title: string, schema: Schema | undefined, about = ''): string[] {
  const all = Object.entries(keysOf(schema ?? {}).properties ?? {}).filter(([key]) => key !== '$schema');
  return [
    `.Sh ${words(title)}`,
    ...(about === '' ? [] : [prose(about)]),
    `.Bl -tag -width Ds\n${all.map(item).join('\n')}\n.El`,
  ];
}

const SIZES = ['.Sh SIZES AND ADDRESSES', helpText(HELP_TOPICS.sizes.text)];

const BOARD_EXAMPLE = `memory:
  reg: [0x40000000, 1G]
reserved-memory:
  linux,cma:
    compatible: shared-dma-pool
    reusable: true
    linux,cma-default: true
    size: 32M
  vpu-pool@50000000:
    compatible: shared-dma-pool
    no-map: true
    reg: [0x50000000, 4M]`;

const SCENARIO_EXAMPLE = `title: Four 4K buffers fit
board: camera-soc.dtb
steps:
  - alloc: { heap: video-cma@60000000, size: 12M }
    as: frame
    expect: { phys: 0x60000000 }
  - repeat: { times: 3, do: [{ alloc: { heap: video-cma@60000000, size: 12M } }] }
  - free: frame
expect:
  buffers: 3`;

function boardPage(date: string): ManPage {
  const schema = boardJsonSchema() as Schema;
  const of = schema.definitions ?? {};
  const parts = [
    head({ name: 'dmaheap-board', section: 5, about: 'a board in YAML, for dmaheap', date }),
    '.Sh DESCRIPTION',
    prose(
      'A board file says in YAML what a device tree says of memory: where RAM lies, what is reserved, and which devices use it. Keys are spelled as in a device tree. A command takes it wherever it takes a board: dmaheap boot board.yaml.',
    ),
    ...keys('KEYS', schema),
    ...keys(
      'A NODE OF RESERVED MEMORY',
      of['reserved-memory-node'],
      'The keys of each node in reserved-memory.',
    ),
    ...keys('A DEVICE', of.device, 'The keys of each entry of devices.'),
    ...keys('A DECLARED HEAP', of['declared-heap'], 'The keys of each entry of heaps.'),
    ...SIZES,
    '.Sh FILES',
    prose('The package has this form as JSON Schema for editors: schema/board.schema.json.'),
    '.Sh EXAMPLES',
    display(BOARD_EXAMPLE),
    seeAlso([
      ['dmaheap', 1],
      ['dmaheap-boot', 1],
      ['dmaheap-scenario', 5],
    ]),
  ];
  return { file: 'man5/dmaheap-board.5', text: `${parts.join('\n')}\n` };
}

function scenarioPage(date: string): ManPage {
  const schema = scenarioJsonSchema(boardSchema) as Schema;
  const of = schema.definitions ?? {};
  const parts = [
    head({ name: 'dmaheap-scenario', section: 5, about: 'steps and expectations, for dmaheap run', date }),
    '.Sh DESCRIPTION',
    prose(
      'A scenario is a YAML file with a board, steps that are done one after another, and what they are expected to answer. dmaheap run FILE does the steps on a fresh boot, and its exit code is 0 when all holds. The form is dmaheap.scenario/1.',
    ),
    ...keys('KEYS', schema),
    ...keys('BOOT', of.boot, 'The keys of boot: what the boot command takes as options.'),
    ...keys(
      'STEPS',
      of.step,
      'A step has one action, such as alloc, and beside it the first keys of this list. Keys of an action that need not be there stand in brackets.',
    ),
    ...keys('EXPECTATIONS OF A STEP', of.expect, 'The keys of expect beside an action.'),
    ...keys(
      'EXPECTATIONS AT THE END',
      of['end-expect'],
      'The keys of expect after the steps, and of the action check.',
    ),
    ...SIZES,
    '.Sh FILES',
    prose('The package has this form as JSON Schema for editors: schema/scenario.json.'),
    '.Sh EXAMPLES',
    display(SCENARIO_EXAMPLE),
    seeAlso([
      ['dmaheap', 1],
      ['dmaheap-export', 1],
      ['dmaheap-replay', 1],
      ['dmaheap-run', 1],
      ['dmaheap-board', 5],
    ]),
  ];
  return { file: 'man5/dmaheap-scenario.5', text: `${parts.join('\n')}\n` };
}

/** The pages of boards and scenarios. @param date of the version, `2026-11-29` */
export const formPages = (date: string): readonly ManPage[] => [boardPage(date), scenarioPage(date)];
