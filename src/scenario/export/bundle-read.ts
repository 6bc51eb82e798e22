/**
 * Reads a bundle, which may come from anybody: regular files of the names that a bundle has, each once, within
 * limits that are looked at before the bytes are. Nothing is written anywhere.
 */
import { pipeline, type Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract, type Headers } from 'tar-stream';
import { InvalidInput } from '../../diagnostic.ts';
import { formatSize } from '../../units.ts';
import {
  BUNDLE_BOARD,
  BUNDLE_SCENARIO,
  isBundleName,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_FILE,
  MAX_BUNDLE_FILES,
} from './bundle-form.ts';

/** The files that a replay needs; the others are looked at and left. */
const WANTED: ReadonlySet<string> = new Set([BUNDLE_SCENARIO, BUNDLE_BOARD]);

/**
 * Reads the scenario and the board of a bundle.
 *
 * @param file what messages call it
 * @throws InvalidInput by name; a system error when it cannot be read
 */
export async function readBundle(file: string, source: Readable): Promise<ReadonlyMap<string, Uint8Array>> {
  const refuse = (code: string, message: string, hint?: string): InvalidInput =>
    new InvalidInput([{ code, severity: 'error', message, position: { file }, ...(hint && { hint }) }]);
  const files = new Map<string, Uint8Array>();
  const seen = new Set<string>();
  const archive = extract();
  const reading = new Promise<void>((resolve, reject) => {
    pipeline(source, createGunzip(), limited(refuse), archive, (error) => {
      if (error == null) resolve();
      else reject(error);
    });
  });
  // It is waited for below; a failure in between is not unhandled.
  reading.catch(() => {});
  try {
    for await (const entry of archive) {
      const { header } = entry;
      const wrong = problemOf(header, seen);
      if (wrong !== undefined) throw refuse(...wrong);
      seen.add(header.name);
      const wanted = WANTED.has(header.name);
      const parts: Uint8Array[] = [];
      for await (const part of entry as AsyncIterable<Uint8Array>) if (wanted) parts.push(part);
      if (wanted) files.set(header.name, Buffer.concat(parts));
    }
    await reading;
  } catch (error) {
    // The pipeline's own error tells more than that the archive was cut off.
    const cause = await reading.then(
      () => error,
      (first: unknown) => (isOurs(error) ? error : first),
    );
    throw isOurs(cause) || isSystem(cause)
      ? cause
      : refuse('bundle-damaged', `is no bundle, or a damaged one: ${messageOf(cause)}`);
  }
  if (!files.has(BUNDLE_SCENARIO)) {
    throw refuse('bundle-incomplete', `has no ${BUNDLE_SCENARIO}`, 'dmaheap export --bundle makes bundles');
  }
  return files;
}

type Refusal = readonly [code: string, message: string, hint?: string];

/** What is wrong with an entry, before its bytes are read. */
function problemOf({ name, type, size }: Headers, seen: ReadonlySet<string>): Refusal | undefined {
  const shown = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
  if (type !== 'file') {
    return [
      'bundle-not-a-file',
      `${shown} is a ${type ?? 'thing of unknown type'}: a bundle has regular files alone`,
    ];
  }
  if (/^([/\\]|[A-Za-z]:)/.test(name)) return ['bundle-path', `${shown} is an absolute name`];
  if (name.split(/[/\\]/).includes('..')) return ['bundle-path', `${shown} leads out of the bundle`];
  if (!isBundleName(name)) return ['bundle-unknown-file', `${shown} is no file of a bundle`];
  if (seen.has(name)) return ['bundle-duplicate', `${shown} is there twice`];
  if (seen.size >= MAX_BUNDLE_FILES) return ['bundle-too-large', `has more than ${MAX_BUNDLE_FILES} files`];
  if (!(size !== undefined && size >= 0 && size <= MAX_BUNDLE_FILE)) {
    return ['bundle-too-large', `${shown} is larger than ${formatSize(MAX_BUNDLE_FILE)}`];
  }
  return undefined;
}

/** Ends what unpacks to more than any bundle has, long before it fills memory. */
function limited(refuse: (code: string, message: string) => InvalidInput): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      total += chunk.length;
      if (total <= MAX_BUNDLE_BYTES) done(null, chunk);
      else done(refuse('bundle-too-large', `unpacks to more than ${formatSize(MAX_BUNDLE_BYTES)}`));
    },
  });
}

const isOurs = (error: unknown): boolean => error instanceof InvalidInput;
/** ENOENT and the like; errors of zlib have codes of their own. */
const isSystem = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
