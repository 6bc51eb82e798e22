/** Writes a bundle: the same history gives the same bytes. */
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { JournalEntry } from '../../session/journal.ts';
import { formatHex } from '../../units.ts';
import { BUNDLE_BOARD, BUNDLE_SCENARIO } from './bundle-form.ts';
import { journalLines } from './journal-lines.ts';
import type { TouchedMemory } from './touched-memory.ts';

export interface BundleParts {
  readonly scenario: string;
  /** A blob, unless the board stands in the scenario. */
  readonly board?: Uint8Array;
  readonly entries: readonly JournalEntry[];
  /** As dmesg prints it. */
  readonly log: string;
  /** Each as a line of JSON. */
  readonly hazards: readonly string[];
  readonly memory: TouchedMemory;
  readonly info: Readonly<Record<string, unknown>>;
}

/** gzip's header says on which system it was made; 255 is "unknown", which is the same on all. */
const GZIP_OS = 9;
const UNKNOWN_OS = 255;

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** @returns a gzipped tar archive of regular files that belong to nobody and have no time */
export async function writeBundle(parts: BundleParts): Promise<Uint8Array> {
  const { scenario, board, entries, log, hazards, memory, info } = parts;
  const index = memory.pieces.map(({ file, address, bytes, buffer, offset }) => ({
    file: file.replace(/^memory\//, ''),
    address: formatHex(address),
    length: bytes.length,
    ino: buffer,
    offset: Number(offset),
  }));
  const files: readonly (readonly [name: string, data: string | Uint8Array])[] = [
    ['info.json', json(info)],
    [BUNDLE_SCENARIO, scenario],
    ...(board === undefined ? [] : [[BUNDLE_BOARD, board] as const]),
    ['journal.jsonl', journalLines(entries)],
    ['log.txt', log],
    ['hazards.jsonl', hazards.map((line) => `${line}\n`).join('')],
    ['memory/index.json', json(index)],
    ...memory.pieces.map(({ file, bytes }) => [file, bytes] as const),
  ];
  const archive = pack();
  for (const [name, data] of files) {
    const header = { name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: 'file' } as const;
    archive.entry(header, typeof data === 'string' ? data : Buffer.from(data));
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const zipped = gzipSync(Buffer.concat(chunks), { level: 9 });
  zipped[GZIP_OS] = UNKNOWN_OS;
  return zipped;
}
