/**
 * What a file is that somebody gave a command, by its content: so that a command that has no use for it can say what it
 * is, and which one has.
 */
import { foreignFormat, textSample } from '../devicetree/foreign-format.ts';
import { detectFormat } from './detect-format.ts';

export type KindOfInput =
  | 'board'
  | 'scenario'
  | 'gzip'
  | 'capture'
  | 'kernel log'
  | 'proc file'
  | 'kernel configuration'
  | 'other binary'
  | 'unknown';

export interface InputKind {
  readonly kind: KindOfInput;
  /** With its article: `a kernel log`. */
  readonly what: string;
  /** What to do with it, unless a command takes it. */
  readonly hint?: string;
}

const SCENARIO = /^["']?(steps|board|expect)["']?\s*:|^\s*\{\s*["']?(board|steps)["']?\s*:/m;
const BOARD = /^["']?(memory|reserved-memory|memreserve|chosen|devices)["']?\s*:/m;
/** A time of printk, after a level, a date or a host that a collector put before it. */
const LOG_LINE = /^(?:<\d+>|[^[\n]{0,80}kernel: ?)?\[ *\d+\.\d{6}\]/;
const IOMEM_LINE = /^\s*[0-9a-f]{8,16}-[0-9a-f]{8,16} : /;
const CONFIG_LINE = /^(?:CONFIG_\w+=|# CONFIG_\w+ is not set|# Automatically generated file; DO NOT EDIT)/;
const MEMINFO_LINE = /^(?:MemTotal|CmaTotal): +\d+ kB/;

/** How what `dmaheap capture` gathers begins. */
const CAPTURE = /^# dmaheap capture \d/;
/** Whether bytes are what the script of `dmaheap capture` has gathered. */
export const isCapture = (bytes: Uint8Array): boolean =>
  CAPTURE.test(new TextDecoder().decode(bytes.subarray(0, 64)));

const LINES: readonly (readonly [line: RegExp, kind: KindOfInput, what: string, hint?: string])[] = [
  [LOG_LINE, 'kernel log', 'a kernel log'],
  [IOMEM_LINE, 'proc file', 'a copy of /proc/iomem'],
  [MEMINFO_LINE, 'proc file', 'a copy of /proc/meminfo'],
  [
    CONFIG_LINE,
    'kernel configuration',
    'a kernel configuration',
    'give single options beside a board: dmaheap boot BOARD --config CMA_SIZE_MBYTES=64',
  ],
];

/** Lines looked at. */
const HEAD = 40;

/** Recognises a file; what is merely text is `unknown`: YAML with a mistake, perhaps. */
export function inputKind(bytes: Uint8Array): InputKind {
  const format = detectFormat(bytes);
  if (format === 'dtb') return { kind: 'board', what: 'a device-tree blob' };
  if (format === 'dts') return { kind: 'board', what: 'device-tree source' };
  const text = textSample(bytes);
  if (text === undefined || bytes.length === 0) {
    const { what = 'a binary file', hint } = foreignFormat(bytes) ?? {};
    if (what === 'a gzip file') return { kind: 'gzip', what };
    return { kind: 'other binary', what, ...(hint !== undefined && { hint }) };
  }
  if (CAPTURE.test(text)) return { kind: 'capture', what: 'a capture of a target' };
  const lines = text.split('\n', HEAD).filter((line) => line.trim() !== '');
  for (const [line, kind, what, hint] of LINES) {
    const found = lines.filter((one) => line.test(one)).length;
    // A log may begin and end in the middle of others' lines.
    if (found > 0 && 2 * found >= lines.length) return { kind, what, ...(hint !== undefined && { hint }) };
  }
  if (SCENARIO.test(text)) return { kind: 'scenario', what: 'a scenario' };
  if (BOARD.test(text)) return { kind: 'board', what: 'a YAML board' };
  return { kind: 'unknown', what: 'a text file' };
}
