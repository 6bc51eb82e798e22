/**
 * The inputs of a page as the fragment of its address, which browsers do not send.
 *
 * ```text
 * #dmaheap1=BASE64URL( deflate( length of the head, 4 bytes | head, JSON | the file's bytes ) )
 * ```
 *
 * A link may come from anybody: it is unpacked no further than the limits, and what is in it is checked as any input.
 */
import { nameKernel } from '../profile/named-kernel.ts';
import { type PhysRange, parseRange, parseWhole } from '../units.ts';
import { MAX_STEPS, type PageInputs, type PageStep } from './page-inputs.ts';

/** The longest fragment, in characters. */
export const MAX_FRAGMENT = 32 << 10;
/** The most bytes that one unpacks to. */
export const MAX_UNPACKED = 4 << 20;

const FORM = 'dmaheap1=';
const MAX_NAME = 255;
const MAX_CMDLINE = 4096;
const MAX_RANGES = 64;

/** Why a link says nothing; `reason` is one sentence. */
export class UnreadableLink extends Error {
  /** A stable word. */
  readonly code: 'link-form' | 'link-long' | 'link-damaged' | 'link-large' | 'link-content';

  constructor(code: UnreadableLink['code'], message: string) {
    super(message);
    this.name = 'UnreadableLink';
    this.code = code;
  }
}

/** All of a stream, but not more. @throws UnreadableLink */
async function gathered(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new UnreadableLink('link-large', `This link unpacks to more than ${most >> 20} MiB.`);
    }
    pieces.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

const streamOf = (bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });

/** Code points that `String.fromCharCode` takes at once. */
const AT_ONCE = 0x2000;

function base64url(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += AT_ONCE) {
    text += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
  }
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** @throws UnreadableLink */
function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) {
    throw new UnreadableLink('link-damaged', 'This link is cut off or damaged.');
  }
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

const headOf = ({ file, kernel, cmdline, memory, steps }: PageInputs): string =>
  JSON.stringify({
    file,
    ...(kernel !== undefined && { kernel }),
    ...(cmdline !== undefined && { cmdline }),
    ...(memory !== undefined && { memory: memory.map(({ base, size }) => `${base}:${size}`) }),
    ...(steps.length > 0 && {
      steps: steps.map((step) =>
        step.do === 'free'
          ? [step.fd]
          : [step.heap, String(step.size), ...(step.name === undefined ? [] : [step.name])],
      ),
    }),
  });

/** The fragment that holds the inputs, without its `#`; `undefined` when they are more than one can hold. */
export async function encodeLink(inputs: PageInputs): Promise<string | undefined> {
  const head = new TextEncoder().encode(headOf(inputs));
  const whole = new Uint8Array(4 + head.length + inputs.bytes.length);
  if (whole.length > MAX_UNPACKED) return undefined;
  new DataView(whole.buffer).setUint32(0, head.length);
  whole.set(head, 4);
  whole.set(inputs.bytes, 4 + head.length);
  const packed = streamOf(whole).pipeThrough(new CompressionStream('deflate'));
  const fragment = `${FORM}${base64url(await gathered(packed, MAX_UNPACKED * 2))}`;
  return fragment.length > MAX_FRAGMENT ? undefined : fragment;
}

/**
 * The inputs that a fragment, or an address with one, holds.
 *
 * @throws UnreadableLink
 */
export async function decodeLink(text: string): Promise<PageInputs> {
  const fragment = text.trim().replace(/^[^#]*#/, '');
  if (fragment.length > MAX_FRAGMENT) {
    throw new UnreadableLink('link-long', `This link is longer than ${MAX_FRAGMENT >> 10} KiB.`);
  }
  if (!fragment.startsWith(FORM)) {
    throw new UnreadableLink(
      'link-form',
      `This is no link of this page: expected #${FORM} and what follows.`,
    );
  }
  return inputsOf(await unpacked(fromBase64url(fragment.slice(FORM.length))));
}

async function unpacked(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  try {
    return await gathered(streamOf(packed).pipeThrough(new DecompressionStream('deflate')), MAX_UNPACKED);
  } catch (error) {
    if (error instanceof UnreadableLink) throw error;
    throw new UnreadableLink('link-damaged', 'This link is cut off or damaged.');
  }
}

const wrong = (what: string): UnreadableLink =>
  new UnreadableLink('link-content', `This link was not made by this page: ${what}.`);

/** @throws UnreadableLink */
function inputsOf(whole: Uint8Array): PageInputs {
  const length = whole.length < 4 ? 0 : new DataView(whole.buffer).getUint32(0);
  if (length === 0 || length > whole.length - 4) throw wrong('its head is not whole');
  const bytes = whole.slice(4 + length);
  const head = parsedHead(whole.subarray(4, 4 + length));
  const { file, kernel, cmdline, memory, steps = [] } = head;
  if (typeof file !== 'string' || file.length > MAX_NAME) throw wrong('the name of its file');
  if (kernel !== undefined && (typeof kernel !== 'string' || 'problem' in nameKernel(kernel))) {
    throw wrong('its kernel');
  }
  if (cmdline !== undefined && (typeof cmdline !== 'string' || cmdline.length > MAX_CMDLINE)) {
    throw wrong('its command line');
  }
  if (memory !== undefined && (!Array.isArray(memory) || memory.length > MAX_RANGES))
    throw wrong('its memory');
  if (!Array.isArray(steps) || steps.length > MAX_STEPS) throw wrong('its steps');
  return {
    file,
    bytes,
    ...(kernel !== undefined && { kernel }),
    ...(cmdline !== undefined && { cmdline }),
    ...(memory !== undefined && { memory: memory.map(rangeOf) }),
    steps: steps.map(stepOf),
  };
}

/** @throws UnreadableLink */
function parsedHead(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let head: unknown;
  try {
    head = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw wrong('its head is no JSON');
  }
  if (typeof head !== 'object' || head === null || Array.isArray(head)) throw wrong('its head is no object');
  // Without what an object inherits.
  return Object.assign(Object.create(null), head);
}

/** @throws UnreadableLink */
function rangeOf(written: unknown): PhysRange {
  const range = typeof written === 'string' ? parseRange(written) : undefined;
  if (range === undefined) throw wrong('its memory');
  return range;
}

/** @throws UnreadableLink */
function stepOf(written: unknown): PageStep {
  if (!Array.isArray(written)) throw wrong('a step');
  const [first, size, name] = written as readonly unknown[];
  if (written.length === 1 && typeof first === 'number' && parseWhole(String(first), 0x7fffffff) === first) {
    return { do: 'free', fd: first };
  }
  const isNamed = name === undefined || (typeof name === 'string' && name.length <= MAX_NAME);
  if (typeof first !== 'string' || first.length > MAX_NAME || !isNamed || written.length > 3) {
    throw wrong('a step');
  }
  if (typeof size !== 'string' || !/^[0-9]{1,20}$/.test(size)) throw wrong('the size of a step');
  return { do: 'alloc', heap: first, size: BigInt(size), ...(name !== undefined && { name }) };
}
