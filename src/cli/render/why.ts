/** Why something is as it is, in words and as JSON. */
import type { Finding } from '../../check/finding.ts';
import type { Holder } from '../../check/holders.ts';
import { stayingIn, type WhyAllocation } from '../../check/why-allocation.ts';
import type { FailureContext } from '../../check/why-failure.ts';
import type { WhyRegion } from '../../check/why-region.ts';
import { escapeText } from '../../escape-text.ts';
import type { BufferView } from '../../kernel/views/views.ts';
import { sizeWord } from '../../scenario/export/words.ts';
import { shellWord } from '../../shell-word.ts';
import { bytesOf, formatHex, formatRange, formatSize } from '../../units.ts';
import { extentJson, regionJson } from '../json/json.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { findingJson, findingLines } from './check.ts';

const named = ({ ino, name }: { readonly ino: number; readonly name?: string }): string =>
  `${name === undefined || name === '' ? 'a buffer' : `buffer "${escapeText(name)}"`} (ino ${ino})`;

type FdOf = { readonly task: string; readonly fd: number };

const fdText = (fds: readonly FdOf[]): string =>
  fds.map(({ task, fd }) => `${escapeText(task)} fd ${fd}`).join(', ');

function holderText(holder: Holder): string {
  const size = formatSize(holder.size);
  switch (holder.what) {
    case 'kernel':
      return `${size}: taken by the kernel, or lost to rounding`;
    case 'pinned':
      return `${size} at ${formatHex(holder.base)}: pinned, so that it cannot be moved`;
    case 'buffer': {
      const { fds, others, maker, base } = holder;
      const kept = fds.length > 0 ? `open as ${fdText(fds)}` : 'without a descriptor';
      const more =
        others === 0
          ? ''
          : `, and ${others} mapping${others === 1 ? '' : 's'} or importer${others === 1 ? '' : 's'}`;
      return `${size} at ${formatHex(base)}: ${named(holder)} of task ${escapeText(maker)}, ${kept}${more}`;
    }
  }
}

/** The lines that say who holds the memory. */
export function holderLines(holders: readonly Holder[], more: number): readonly string[] {
  if (holders.length === 0) return [];
  return [
    'who holds the memory:',
    ...holders.map((holder) => `  ${holderText(holder)}`),
    ...(more > 0 ? [`  and ${more} more buffers`] : []),
  ];
}

/** The lines of a rule. */
export const ruleLines = ({
  rule,
  where,
  of,
  linux,
  change,
}: Omit<FailureContext, 'holders' | 'more'>): readonly string[] => [
  `rule: ${rule}`,
  ...(where === undefined
    ? []
    : [`where: ${where}, ${linux}${linux.startsWith(of) ? '' : ` (named as in ${of})`}`]),
  `what would have to change: ${change}`,
];

/** What a failed call adds with --verbose. */
export const contextLines = (context: FailureContext): readonly string[] => [
  ...ruleLines(context),
  ...holderLines(context.holders, context.more),
];

/** Why freeing does not help. */
const whyNever = ({ view, cure, holders }: WhyAllocation): string =>
  cure.never === 'taken'
    ? `${formatSize(stayingIn(holders))} of the region are taken by what is no buffer`
    : `${view?.backend === 'system' ? 'RAM' : 'the region'} is too small for it`;

/**
 * What would have to change where freeing does not help.
 *
 * @param board the file of the board, for the command that finds the size
 */
export function changeOfNever({ heap, asked, view, cure }: WhyAllocation, board: string): string {
  if (view?.backend === 'system') return 'ask for less';
  if (cure.never === 'taken') return 'ask for less, or free what is no buffer of the heap';
  const words = ['fit', board, `${sizeWord(asked)}@${heap}`].map(shellWord).join(' ');
  return `make the region larger, or ask for less: dmaheap ${words}`;
}

/** What was tried and helps. */
function cureLines(why: WhyAllocation): readonly string[] {
  const { cure, asked } = why;
  const lines: string[] = [];
  if (cure.free !== undefined) {
    const freed = cure.free.reduce((sum, { size }) => sum + size, 0n);
    const list = cure.free
      .slice(0, 4)
      .map((buffer) => `${named(buffer)} of task ${escapeText(buffer.maker)}`);
    const more = cure.free.length > 4 ? ` and ${cure.free.length - 4} more` : '';
    lines.push(
      `tried: ${formatSize(asked)} works when ${list.join(', ')}${more} (${formatSize(freed)}) ${cure.free.length === 1 ? 'is' : 'are'} freed`,
    );
  }
  if (cure.never !== undefined) {
    lines.push(
      `tried: ${formatSize(asked)} fails also when all buffers of the heap are freed: ${whyNever(why)}`,
    );
  }
  if (cure.largest !== undefined)
    lines.push(`tried: the largest request that works now is ${formatSize(cure.largest)}`);
  return lines;
}

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

/** A request that was rehearsed. @param reasons what explains its failure */
export function allocationText(
  why: WhyAllocation,
  context: FailureContext | undefined,
  reasons: readonly string[],
  ink: Ink = NO_INK,
): string {
  const { heap, asked, errno, pieces = [] } = why;
  const head = `${escapeText(heap)} ${formatSize(asked)}: `;
  if (errno === undefined) {
    const shown = pieces.slice(0, 4).map(formatRange).join(', ');
    const more = pieces.length > 4 ? ` and ${pieces.length - 4} more pieces` : '';
    return `${head}works now\n${indented([`it would lie at ${shown}${more}`, ...holderLines(why.holders, why.more)])}`;
  }
  const lines = [
    ...reasons.map(escapeText),
    ...(context === undefined ? [] : contextLines(context)),
    ...cureLines(why),
  ];
  return `${head}${ink.bad(errno)}\n${indented(lines)}`;
}

/** A call that failed before. */
export const failureText = (
  what: string,
  errno: string,
  reasons: readonly string[],
  context: FailureContext | undefined,
  ink: Ink = NO_INK,
): string =>
  `${escapeText(what)}: ${ink.bad(errno)}\n${indented([...reasons.map(escapeText), ...(context === undefined ? [] : contextLines(context))])}`;

/** Where a buffer lies and what keeps it. */
export interface WhyBuffer {
  readonly buffer: BufferView;
  readonly rule: string;
  readonly where: string;
  readonly linux: string;
  /** By what its first frame was aligned, bytes. */
  readonly alignment: bigint;
}

export function bufferText({ buffer, rule, where, linux, alignment }: WhyBuffer): string {
  const { sgTable, pageSize, size, heap, fds, mappings, attachments, maker, call } = buffer;
  const [first = { pfn: 0, pages: 0 }] = sgTable;
  const { base } = bytesOf(first, pageSize);
  const keeps = [
    ...fds.map(({ task, fd }) => `descriptor ${fd} of ${escapeText(task)}`),
    ...mappings.map(({ task, id }) => `mapping ${id} of ${escapeText(task)}`),
    ...attachments.map(({ id, device }) => `attachment ${id} of ${escapeText(device)}`),
  ];
  return `${named(buffer)}, ${formatSize(size)} from ${escapeText(heap)}\n${indented([
    `made by call ${call} of task ${escapeText(maker)}`,
    sgTable.length === 1
      ? `it lies at ${formatHex(base)}, in one piece: the first free place at a multiple of ${formatSize(alignment)}`
      : `it lies in ${sgTable.length} pieces, the first at ${formatHex(base)} (${formatSize(bytesOf(first, pageSize).size)})`,
    `rule: ${rule}`,
    `where: ${where}, ${linux}`,
    `kept by: ${keeps.join(', ') || 'nothing'}`,
  ])}`;
}

export function regionText(
  { path, region, words, where, findings }: WhyRegion,
  linux: string,
  ink: Ink = NO_INK,
): string {
  const what =
    region === undefined
      ? 'a node of the tree, and no region'
      : region.heaps.length > 0
        ? `a ${region.kind === 'cma' ? 'CMA area' : 'coherent pool'}, with the heap${region.heaps.length === 1 ? '' : 's'} ${region.heaps.map(escapeText).join(', ')}`
        : region.why === undefined
          ? 'a region'
          : `${ink.warn('no heap')} (${region.why})`;
  const place =
    region?.base === undefined || region.size === undefined
      ? []
      : [`it lies at ${formatRange({ base: region.base, size: region.size })} (${formatSize(region.size)})`];
  const lines = [
    ...place,
    ...(words === undefined ? [] : [escapeText(words.reason)]),
    ...(where === undefined ? [] : [`where: ${where}, ${linux}`]),
    ...(words?.advice === undefined ? [] : [`what would have to change: ${escapeText(words.advice)}`]),
  ];
  const more = findings.flatMap((finding: Finding) =>
    findingLines(finding, finding.message === words?.reason, ink),
  );
  const all =
    more.length === 0 && words === undefined ? [...lines, 'nothing is wrong with it'] : [...lines, ...more];
  return `${escapeText(path ?? region?.name ?? '')}: ${what}\n${indented(all)}`;
}

const holderJson = (holder: Holder) => ({
  what: holder.what,
  size: holder.size,
  base: holder.what === 'kernel' ? null : formatHex(holder.base),
  ino: holder.what === 'buffer' ? holder.ino : null,
  name: holder.what === 'buffer' ? (holder.name ?? null) : null,
  maker: holder.what === 'buffer' ? holder.maker : null,
  fds: holder.what === 'buffer' ? holder.fds : [],
});

/** The rule of a failure, and who holds the memory. */
export const contextJson = (context: FailureContext) => ({
  rule: context.rule,
  where: context.where ?? null,
  of: context.of,
  linux: context.linux,
  change: context.change,
  holders: context.holders.map(holderJson),
  more_holders: context.more,
});

/** Members that all answers of `why` have. */
const NOTHING = {
  errno: null,
  why: null,
  reason: [] as readonly string[],
  context: null,
  pieces: null,
  cure: null,
  region: null,
  findings: [] as readonly unknown[],
};

/** dmaheap.why/1 of an allocation. */
export const allocationJson = (
  why: WhyAllocation,
  context: FailureContext | undefined,
  reasons: readonly string[],
  numbers: unknown,
) => ({
  ...NOTHING,
  subject: 'allocation',
  about: why.heap,
  size: why.asked,
  works: why.errno === undefined,
  errno: why.errno ?? null,
  why: numbers,
  reason: reasons,
  context: context === undefined ? null : contextJson(context),
  pieces: why.pieces?.map(({ base, size }) => ({ base: formatHex(base), length: size })) ?? null,
  cure: {
    largest: why.cure.largest ?? null,
    free:
      why.cure.free?.map(({ ino, name, size, maker }) => ({ ino, name: name ?? null, size, maker })) ?? null,
    never: why.cure.never !== undefined,
  },
});

export const failureJson = (
  what: string,
  errno: string,
  reasons: readonly string[],
  context: FailureContext | undefined,
  numbers: unknown,
) => ({
  ...NOTHING,
  subject: 'failure',
  about: what,
  size: null,
  works: false,
  errno,
  why: numbers,
  reason: reasons,
  context: context === undefined ? null : contextJson(context),
});

export const bufferWhyJson = ({ buffer, rule, where, linux }: WhyBuffer) => ({
  ...NOTHING,
  subject: 'buffer',
  about: buffer.heap,
  size: buffer.size,
  works: true,
  reason: [rule, `${where}, ${linux}`],
  pieces: buffer.sgTable.map((run) => {
    const { base, length } = extentJson(run, buffer.pageSize);
    return { base, length };
  }),
});

export const regionWhyJson = ({ path, region, words, where, findings }: WhyRegion) => ({
  ...NOTHING,
  subject: 'node',
  about: path ?? region?.name ?? null,
  size: region?.size ?? null,
  works: (region?.heaps.length ?? 0) > 0,
  reason: [...(words === undefined ? [] : [words.reason]), ...(where === undefined ? [] : [where])],
  region: region === undefined ? null : regionJson(region),
  findings: findings.map(findingJson),
});
