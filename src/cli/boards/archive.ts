/** The blobs in a tar archive, which may come from anybody: within limits, and nothing is written anywhere. */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { formatSize } from '../../units.ts';
import { UnreadableInput } from '../failures.ts';
import { isGzip, openRegular } from '../read/input-file.ts';
import { naming } from '../read/read-input.ts';
import type { FoundBoard } from './found-board.ts';

/** Of a blob; larger than any by far. */
const MAX_BLOB = 64 << 20;
/** Of all that are kept, and of what an archive unpacks to. */
const MAX_KEPT = 1 << 30;
const MAX_UNPACKED = 8 * 2 ** 30;

/** What a bundle has, and no other archive of blobs. */
const BUNDLE_SCENARIO = 'scenario.yaml';

/** @param wanted the names of blobs @throws UnreadableInput */
export async function blobsOfArchive(file: string, wanted: RegExp): Promise<readonly FoundBoard[]> {
  const refuse = (code: string, message: string) => new UnreadableInput(code, file, `${file}: ${message}`);
  const opened = naming(file, () => openRegular(file));
  const zipped = isGzip(opened);
  const { pipeline } = await import('node:stream/promises');
  const archive = extract();
  const source = createReadStream('', { fd: opened.fd, start: 0 });
  const reading = zipped ? pipeline(source, createGunzip(), archive) : pipeline(source, archive);
  reading.catch(() => {});
  const blobs: FoundBoard[] = [];
  let [kept, unpacked] = [0, 0];
  try {
    for await (const entry of archive) {
      const { name, type, size = 0 } = entry.header;
      const isWanted = type === 'file' && wanted.test(name);
      unpacked += size;
      if (isWanted) kept += size;
      if (unpacked > MAX_UNPACKED)
        throw refuse('archive-too-large', `unpacks to more than ${formatSize(BigInt(MAX_UNPACKED))}`);
      if (isWanted && (size > MAX_BLOB || kept > MAX_KEPT)) {
        throw refuse(
          'archive-too-large',
          `its blobs are larger than ${formatSize(BigInt(size > MAX_BLOB ? MAX_BLOB : MAX_KEPT))}`,
        );
      }
      if (name === BUNDLE_SCENARIO) {
        const hint = `diff and replay read bundles: dmaheap diff ${file} BOARD`;
        const why =
          'is a bundle, whose board was booted with a kernel and options of its own, which would be ignored';
        throw new UnreadableInput('archive-bundle', file, `${file}: ${why}`, hint);
      }
      const parts: Uint8Array[] = [];
      for await (const part of entry as AsyncIterable<Uint8Array>) if (isWanted) parts.push(part);
      if (isWanted) blobs.push({ name: `${file}:${name}`, bytes: new Uint8Array(Buffer.concat(parts)) });
    }
    await reading;
  } catch (error) {
    if (error instanceof UnreadableInput) throw error;
    throw refuse(
      'archive-damaged',
      `is no tar archive, or a damaged one: ${error instanceof Error ? error.message : error}`,
    );
  } finally {
    source.destroy();
  }
  if (blobs.length === 0) throw refuse('no-boards', 'there is no *.dtb in it');
  return blobs;
}
