/** Whether a workload fits, in words and as JSON. */
import type { Fit, FitChange, SmallestRegion } from '../../check/fit.ts';
import type { FitFailure } from '../../check/fit-run.ts';
import { itemText, type WorkItem } from '../../check/fit-workload.ts';
import { escapeText } from '../../escape-text.ts';
import { errnoNumber } from '../../uapi/errno.ts';
import { formatSize } from '../../units.ts';
import { explainFailure } from '../explain/explain-failure.ts';
import { whyJson } from '../explain/report.ts';
import { heapJson } from '../json/json.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { bootDifferenceJson, bootLine } from './boot-difference.ts';

/** What was asked. */
export interface FitQuestion {
  readonly board: string;
  readonly profile: string;
  readonly fit: Fit;
  /** The heaps were aged before. */
  readonly after?: string;
}

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

/** `frame 3 of 4x3840x2160:NV12@video`. */
function failedText({ item, frame, buffer, size, errno }: FitFailure): string {
  const of = item.buffers.length > 1 ? `, buffer ${buffer} of ${item.buffers.length}` : '';
  return `${errno} at ${item.count === 1 ? '' : `number ${frame} of `}${escapeText(item.text)}${of} (${formatSize(size)})`;
}

const reasonsOf = ({ why }: FitFailure): readonly string[] =>
  why === undefined ? [] : explainFailure(why).map(escapeText);

function changeLines(
  { how, say, source, changes, heap }: FitChange,
  asked: string,
  ink: Ink,
): readonly string[] {
  const from = heap === asked ? '' : `; the buffers come from ${escapeText(heap)} then`;
  const title = how === 'cmdline' ? 'command line' : 'device tree';
  return [
    `change by ${title}, tried: ${escapeText(say)}${from}`,
    ...source.map((line) => `    ${escapeText(line.replaceAll('\t', '    '))}`),
    ...changes.map((change) => ink.dim(`  it changes ${escapeText(bootLine(change))}`)),
  ];
}

function smallestLines(smallest: SmallestRegion, ink: Ink): readonly string[] {
  const { heap, region, now, size, less, changes, unit, instead } = smallest;
  const head = `smallest ${escapeText(region)}${region === heap ? '' : ` for ${escapeText(heap)}`}`;
  if (size === undefined) return [`${head}: none that boots is large enough (it has ${formatSize(now)})`];
  const failing =
    less === undefined ? [] : [`with ${formatSize(size - unit)} it was tried, too: ${failedText(less)}`];
  return [
    `${head}: ${formatSize(size)} (it has ${formatSize(now)})`,
    ...failing.map((line) => `  ${line}`),
    ...changes.flatMap((change) => changeLines(change, heap, ink)),
    ...(instead === undefined
      ? []
      : [`or no change, tried: allocate from ${escapeText(instead)}, which has room for it as it is`]),
  ];
}

const itemLine = (item: WorkItem): string =>
  `${itemText(item)} from ${escapeText(item.heap)} (${escapeText(item.text)})`;

export function fitText({ board, profile, fit, after }: FitQuestion, ink: Ink = NO_INK): string {
  const { items, result, isLowerBound, smallest, orders } = fit;
  const { failure, left } = result;
  const lines = [
    ...items.map(itemLine),
    ...(after === undefined ? [] : [`after ${escapeText(after)}`]),
    ...(orders === undefined
      ? []
      : [
          `${orders.fit} of ${orders.tried} orders fit${orders.first === undefined ? '' : `, such as ${orders.first.map(({ text }) => escapeText(text)).join(' ')}`}`,
        ]),
    ...(failure === undefined
      ? ['fits']
      : [ink.bad(`does not fit: ${failedText(failure)}`), ...reasonsOf(failure).map((line) => `  ${line}`)]),
    ...left.map(
      ({ name, size, free, largestRequest }) =>
        `left of ${escapeText(name)}: ${formatSize(free)} of ${formatSize(size)}, the largest request ${formatSize(largestRequest)}`,
    ),
    ...smallest.flatMap((one) => smallestLines(one, ink)),
    ...(isLowerBound
      ? [
          "sizes of formats are a lower bound: a driver's sizeimage may be larger (size=BYTES says what it is)",
        ]
      : []),
  ];
  return `${escapeText(board)}: ${profile}\n${indented(lines)}`;
}

const failureJson = (failure: FitFailure) => ({
  item: failure.item.text,
  number: failure.frame,
  buffer: failure.buffer,
  size: failure.size,
  errno: failure.errno,
  errno_number: errnoNumber(failure.errno),
  why: whyJson(failure.why === undefined ? {} : { why: failure.why }),
  reason: reasonsOf(failure),
});

const changeJson = (change: FitChange) => ({
  how: change.how,
  size: change.size,
  heap: change.heap,
  say: change.say,
  source: change.source.length === 0 ? null : `${change.source.join('\n')}\n`,
  cmdline: change.cmdline ?? null,
  changes: change.changes.map(bootDifferenceJson),
});

/** dmaheap.fit/1 */
export const fitJson = ({ board, profile, fit, after }: FitQuestion) => ({
  schema: 'dmaheap.fit/1',
  profile,
  board,
  fits: fit.result.failure === undefined,
  lower_bound: fit.isLowerBound,
  after: after ?? null,
  items: fit.items.map((item) => ({
    item: item.text,
    heap: item.heap,
    count: item.count,
    buffers: item.buffers,
    lower_bound: item.isLowerBound,
  })),
  failure: fit.result.failure === undefined ? null : failureJson(fit.result.failure),
  left: fit.result.left.map(({ largestRequest, ...heap }) => ({
    ...heapJson(heap),
    largest_request: largestRequest,
  })),
  orders:
    fit.orders === undefined
      ? null
      : {
          tried: fit.orders.tried,
          fit: fit.orders.fit,
          first: fit.orders.first?.map(({ text }) => text) ?? null,
        },
  smallest: fit.smallest.map(({ heap, region, now, unit, size, less, changes, instead }) => ({
    heap,
    region,
    now,
    unit,
    size: size ?? null,
    less: less === undefined ? null : failureJson(less),
    changes: changes.map(changeJson),
    instead: instead ?? null,
  })),
});
