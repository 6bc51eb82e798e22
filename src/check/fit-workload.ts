/** A workload as people write it: `4x3840x2160:NV12@video-cma@60000000 2x1M@system`. */
import { didYouMean } from '../devicetree/did-you-mean.ts';
import { formatSize, parseSize } from '../units.ts';
import { isCompressed, PIXEL_FORMATS, type PixelFormat, pixelFormat, planeSizes } from './pixel-formats.ts';

/** So many frames or buffers from one heap. */
export interface WorkItem {
  /** As it was written. */
  readonly text: string;
  readonly count: number;
  /** The sizes of the buffers of one frame, bytes. */
  readonly buffers: readonly bigint[];
  readonly heap: string;
  /** A real driver may ask for more: the size comes of a format and not of size=. */
  readonly isLowerBound: boolean;
}

/** Why a word is no item. */
export interface WorkProblem {
  readonly problem: string;
  readonly hint: string;
}

const FORMS =
  'COUNTxWIDTHxHEIGHT:FOURCC@HEAP, COUNTxSIZE@HEAP; COUNTx may be left out; after FOURCC: ,stride=N,align=N[xLINES],planes=N,size=N';
const MAX_COUNT = 10_000;
const MAX_SIDE = 65_536;

const problem = (text: string, why: string, hint = `Expected ${FORMS}`): WorkProblem => ({
  problem: `${text}: ${why}`,
  hint,
});

interface Overrides {
  readonly stride?: number;
  readonly alignStride?: number;
  readonly alignHeight?: number;
  readonly planes?: number;
  readonly size?: bigint;
}

const KEYS = ['stride', 'align', 'planes', 'size'];

const whole = (text: string | undefined, most: number): number | undefined => {
  const size = text === undefined ? undefined : parseSize(text);
  return size !== undefined && size > 0n && size <= BigInt(most) ? Number(size) : undefined;
};

function readOverrides(text: string, words: readonly string[]): Overrides | WorkProblem {
  const given: { -readonly [K in keyof Overrides]: Overrides[K] } = {};
  for (const word of words) {
    const [key = '', value = ''] = word.split('=', 2);
    if (!KEYS.includes(key) || value === '') {
      const near = didYouMean(key, KEYS);
      return problem(
        text,
        `no override ${word}`,
        near === undefined ? `Overrides: ${KEYS.join('=, ')}=` : `Did you mean ${near}=?`,
      );
    }
    const most = 1 << 24;
    if (key === 'size') given.size = parseSize(value) ?? 0n;
    else if (key === 'planes') given.planes = whole(value, 4) ?? 0;
    else if (key === 'stride') given.stride = whole(value, most) ?? 0;
    else {
      const [stride, lines = '1', ...more] = value.split('x');
      given.alignStride = more.length > 0 ? 0 : (whole(stride, most) ?? 0);
      given.alignHeight = whole(lines, most) ?? 0;
    }
    if (Object.values(given).some((one) => one === 0 || one === 0n)) {
      return problem(
        text,
        `cannot read ${word}`,
        'Expected numbers from 1 on: stride=4096, align=64 or align=64x16, planes=2, size=13M',
      );
    }
  }
  return given;
}

function readFrame(
  text: string,
  size: string,
  overrides: Overrides,
): Pick<WorkItem, 'count' | 'buffers' | 'isLowerBound'> | WorkProblem {
  const colon = size.indexOf(':');
  const fourcc = size.slice(colon + 1);
  const numbers = size.slice(0, colon).split('x');
  const sides = numbers.slice(-2).map((side) => whole(side, MAX_SIDE));
  const count = numbers.length === 3 ? whole(numbers[0], MAX_COUNT) : 1;
  const [width, height] = sides;
  if (
    numbers.length < 2 ||
    numbers.length > 3 ||
    count === undefined ||
    width === undefined ||
    height === undefined
  ) {
    return problem(text, `cannot read ${size.slice(0, colon)}`);
  }
  if (overrides.size !== undefined) return { count, buffers: [overrides.size], isLowerBound: false };
  const format = pixelFormat(fourcc);
  if (format === undefined) {
    if (isCompressed(fourcc))
      return problem(
        text,
        `${fourcc} is compressed: a frame has no size of its own`,
        'Give it: size=BYTES, what the driver says as sizeimage',
      );
    const near = didYouMean(
      fourcc.toUpperCase(),
      [...PIXEL_FORMATS.keys()].map((name) => name.trim()),
    );
    return problem(
      text,
      `no pixel format ${fourcc}`,
      near === undefined ? 'Give size=BYTES beside another one' : `Did you mean ${near}?`,
    );
  }
  return withBuffers(text, format, { width, height }, count, overrides);
}

function withBuffers(
  text: string,
  format: PixelFormat,
  sides: { readonly width: number; readonly height: number },
  count: number,
  overrides: Overrides,
): Pick<WorkItem, 'count' | 'buffers' | 'isLowerBound'> | WorkProblem {
  const { planes, ...layout } = overrides;
  const own = planeSizes(format, { ...sides, ...layout }).map(
    ({ stride, lines }) => BigInt(stride) * BigInt(lines),
  );
  const [first] = planeSizes(format, sides);
  if (layout.stride !== undefined && first !== undefined && layout.stride < first.stride) {
    return problem(text, `stride=${layout.stride} is shorter than a line, which has ${first.stride} bytes`);
  }
  const wanted = planes ?? (format.separate === true ? own.length : 1);
  if (wanted !== 1 && wanted !== own.length) {
    return problem(
      text,
      `${format.fourcc.trim()} has ${own.length} plane${own.length === 1 ? '' : 's'}`,
      `planes=1 is one buffer for all of them${own.length === 1 ? '' : `, planes=${own.length} one for each`}`,
    );
  }
  const buffers = wanted === 1 ? [own.reduce((sum, size) => sum + size, 0n)] : own;
  return { count, buffers, isLowerBound: true };
}

function readBytes(
  text: string,
  size: string,
  overrides: Overrides,
): Pick<WorkItem, 'count' | 'buffers' | 'isLowerBound'> | WorkProblem {
  if (Object.keys(overrides).length > 0)
    return problem(text, 'overrides are for frames: a size is what it is');
  const words = size.split('x');
  // 0x1000 is a number.
  const [count, bytes] =
    /^[0-9]+x(?=.)/.test(size) && !/^0x/i.test(size)
      ? [words[0], size.slice((words[0]?.length ?? 0) + 1)]
      : ['1', size];
  if (/^0x.*[^0-9a-f]/i.test(size)) {
    // 0x1M: hexadecimal, or none of 1 MiB.
    return problem(
      text,
      `${size} can be read in two ways: a count is 1 or more, and bytes in hexadecimal have no unit`,
    );
  }
  const [times, one] = [whole(count, MAX_COUNT), parseSize(bytes ?? '')];
  if (times === undefined || one === undefined || one === 0n) return problem(text, `cannot read ${size}`);
  return { count: times, buffers: [one], isLowerBound: false };
}

/** Reads one item. The first `@` ends the size; the rest is the heap's name. */
export function readWorkItem(text: string): WorkItem | WorkProblem {
  const at = text.indexOf('@');
  if (at < 0) return problem(text, 'names no heap', 'Put it behind an @: 4x1920x1080:NV12@system');
  const heap = text.slice(at + 1).replace(/^(heap:|\/dev\/dma_heap\/)/, '');
  const [size = '', ...words] = text.slice(0, at).split(',');
  if (heap === '' || size === '') return problem(text, 'names no heap, or no size');
  const overrides = readOverrides(text, words);
  if ('problem' in overrides) return overrides;
  const read = size.includes(':') ? readFrame(text, size, overrides) : readBytes(text, size, overrides);
  return 'problem' in read ? read : { text, heap, ...read };
}

/** Items in a file: one or more a line, `#` begins a comment. @returns words, as on a command line */
export const workloadWords = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) =>
    line
      .replace(/(^|\s)#.*$/, '')
      .split(/\s+/)
      .filter((word) => word !== ''),
  );

/** `4 x 11.87 MiB`: what an item asks for. */
export const itemText = ({ count, buffers }: WorkItem): string =>
  `${count} x ${buffers.map(formatSize).join(' + ')}`;

export const bytesOfItem = ({ count, buffers }: WorkItem): bigint =>
  BigInt(count) * buffers.reduce((sum, size) => sum + size, 0n);
