// Writes the recorded traces of a running Linux as scenarios, with what it answered as expectations:
//   npm run oracle-scenarios        fixtures/oracle/cases/trace-*.json → fixtures/scenarios/oracle/*.yaml
//
// A test checks that they are current and pass. Frames of the system heap are no part of them: which of the free
// pages Linux takes depends on what it did before (docs/fidelity.md).
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { O_CLOEXEC, O_RDWR } from '../src/uapi/fcntl.ts';
import {
  type Expectations,
  type Json,
  type JsonObject,
  type OracleCase,
  parseCase,
} from '../test/conformance/oracle-case.ts';
import { bootParams } from '../test/conformance/replay.ts';

const CASES = 'fixtures/oracle/cases';
const OUT = 'fixtures/scenarios/oracle';
/** The descriptor flags that `alloc` has unless they are said. */
const USUAL_FLAGS = O_RDWR | O_CLOEXEC;
const ERRNOS: Readonly<Record<number, string>> = { 12: 'ENOMEM', 22: 'EINVAL', 24: 'EMFILE' };

type Recorded = Expectations['steps'][number];

const text = (value: Json | undefined): string => {
  if (typeof value !== 'string') throw new Error(`no string: ${JSON.stringify(value)}`);
  return value;
};

/** A scalar, quoted where YAML would read it otherwise. */
const scalar = (value: string): string =>
  /^[A-Za-z/][A-Za-z0-9_@./-]*$/.test(value) ? value : JSON.stringify(value);

const flow = (entries: readonly (readonly [string, string])[]): string =>
  `{ ${entries.map(([key, value]) => `${key}: ${value}`).join(', ')} }`;

/** What an allocation must answer. */
function allocated({ args, answer }: Recorded): string {
  const ret = Number(answer.ret);
  if (ret < 0) return flow([['errno', ERRNOS[-ret] ?? `E${-ret}`]]);
  const runs = answer.phys as readonly (readonly [string, number])[];
  const phys = `[${runs.map(([address, pages]) => `[${address}, ${pages}]`).join(', ')}]`;
  return flow([
    ['size', String(answer.size)],
    ['getfl', String(answer.getfl)],
    ['getfd', String(answer.getfd)],
    ...(args.heap === 'system' ? [] : [['phys', phys] as const]),
  ]);
}

const CMA_FILES = ['count', 'used', 'maxchunk', 'order_per_bit', 'base_pfn', 'bitmap'] as const;

function areaFiles(area: string, answer: JsonObject): string[] {
  const path = (file: string): string => scalar(`/sys/kernel/debug/cma/${area}/${file}`);
  return [
    '  - check:',
    '      cat:',
    ...CMA_FILES.filter((file) => answer[file] !== undefined).map(
      (file) => `        ${path(file)}: ${JSON.stringify(text(answer[file]))}`,
    ),
  ];
}

function stepLines(step: Recorded): string[] {
  const { op, args, answer } = step;
  // The buffer's allocation had failed before: the recorder made no call.
  if (answer.ret === 'nobuf') return [];
  switch (op) {
    case 'alloc': {
      const flags = Number(args.fd_flags);
      const value = flow([
        ['heap', scalar(text(args.heap))],
        ['size', text(args.len)],
        ...(flags === USUAL_FLAGS ? [] : [['fd-flags', String(flags)] as const]),
        ...(args.heap_flags === '0' ? [] : [['heap-flags', text(args.heap_flags)] as const]),
      ]);
      return [`  - alloc: ${value}`, `    as: ${text(args.id)}`, `    expect: ${allocated(step)}`];
    }
    case 'close':
      return [`  - free: ${text(args.id)}`];
    case 'fill':
      return [
        `  - fill: { to: ${text(args.id)}, offset: ${args.offset}, length: ${args.len}, byte: ${args.byte} }`,
      ];
    case 'nonzero':
      return [
        `  - read: ${text(args.id)}`,
        `    expect: { value: { nonzero: ${answer.nonzero}, sum: ${answer.sum} } }`,
      ];
    case 'cma':
      return areaFiles(text(args.area), answer);
    case 'cat':
      return [
        `  - cat: ${scalar(text(args.path))}`,
        `    expect: { text: ${JSON.stringify(text(answer.text))} }`,
      ];
    default:
      throw new Error(`no step for ${op}`);
  }
}

/** A case as YAML. */
export function oracleScenario({ inputs, expectations }: OracleCase): string {
  const { profile, reservedAtBoot } = inputs;
  const config: [string, string][] = [
    ...Object.entries(bootParams(inputs).config ?? {}).map(([key, value]): [string, string] => [
      key,
      String(value),
    ]),
  ];
  const reserve = Object.entries(reservedAtBoot).map(([name, span]): [string, string] => [
    name,
    `'${span.join(':')}'`,
  ]);
  const lines = [...new Set(expectations.logAfter.map((line) => line.replace(/^<[0-7]>/, '')))];
  return [
    '# yaml-language-server: $schema=../../../schema/scenario.json',
    '#',
    `# Made by scripts/oracle-scenarios.ts of ${CASES}/${inputs.name}.json: what Linux ${profile.linux} answered.`,
    'schema: dmaheap.scenario/1',
    `title: ${inputs.name} as Linux ${profile.linux} answered it`,
    `board: ../../oracle/boards/${inputs.board}.dtb`,
    'boot:',
    `  cmdline: ${JSON.stringify(inputs.cmdline)}`,
    ...(inputs.memory === undefined
      ? []
      : [`  memory: [${inputs.memory.map((span) => `'${span.join(':')}'`).join(', ')}]`]),
    `  reserve: ${flow(reserve)}`,
    ...(inputs.unflattenedBytes === undefined ? [] : [`  unflattened-tree: ${inputs.unflattenedBytes}`]),
    `  coherent: ${profile.coherent_series === 'off' ? 'off' : 'v3'}`,
    '  config:',
    ...config.map(([key, value]) => `    ${key}: ${value}`),
    '',
    'steps:',
    ...expectations.steps.flatMap(stepLines),
    ...(lines.length === 0
      ? []
      : ['', 'expect:', '  log:', ...lines.map((line) => `    - ${JSON.stringify(line)}`)]),
    '',
  ].join('\n');
}

/** Every trace with the text that its scenario should have. */
export function oracleScenarios(root: string): readonly { readonly file: string; readonly text: string }[] {
  return readdirSync(join(root, CASES))
    .filter((name) => /^trace-.*\.json$/.test(name))
    .sort()
    .map((name) => {
      const recorded = parseCase(readFileSync(join(root, CASES, name), 'utf8'), name);
      return { file: join(OUT, name.replace(/json$/, 'yaml')), text: oracleScenario(recorded) };
    });
}

/** Writes them. */
export function writeOracleScenarios(root: string): void {
  mkdirSync(join(root, OUT), { recursive: true });
  for (const { file, text: yaml } of oracleScenarios(root)) writeFileSync(join(root, file), yaml);
}

if (process.argv[1]?.endsWith('oracle-scenarios.ts')) writeOracleScenarios('.');
