import { closeSync, openSync, writeSync } from 'node:fs';
import { type AsOption, addAsOption } from '../as-option.ts';
import { partForms, readPart } from '../byte-part.ts';
import { jsonHead, jsonTail, readChunks, streamed } from '../byte-stream.ts';
import type { ByteTarget, Place } from '../byte-target.ts';
import { UnreadableInput, UsageError } from '../failures.ts';
import { findBytes } from '../find-bytes.ts';
import type { Progress } from '../progress.ts';
import { examples, type Registry } from '../registry.ts';

interface ReadOptions extends AsOption {
  readonly output?: string;
  readonly force?: boolean;
}

/** `dmaheap read PART`: bytes to standard output or a file. */
export function readCommand({ program, shell }: Registry): void {
  const command = program
    .command('read')
    .summary('bytes to standard output or a file')
    .description(
      'Writes the bytes of a buffer, a mapping or memory to standard output as they are. With --json: as base64.',
    )
    .argument('<part>', `${partForms('read')}: to the end unless a length is given`)
    .option('--output <file>', 'write to this file instead')
    .option('--force', 'even to a terminal');
  addAsOption(command)
    .addHelpText(
      'after',
      examples(
        'dmaheap read 4 > frame.raw',
        'dmaheap read 4:64K:16 | xxd',
        'dmaheap read map:1 --output frame.raw',
        'dmaheap read @0x60000000:4K | sha256sum',
        'dmaheap read 4 --as a200000.camera | cmp - frame.raw',
      ),
    )
    .action(async (word: string, { as, force = false, output }: ReadOptions) => {
      const sh = shell(command);
      const part = readPart(word, 'read');
      const file = output === '-' ? undefined : output;
      const json = sh.options.json === true;
      if (file === undefined && !json && !force && sh.streams.outIsTerminal) {
        throw new UsageError('raw bytes would go to a terminal', 'Redirect them, use dump, or give --force');
      }
      const place: Place = { sh, session: await sh.session('read') };
      const bytes = findBytes(place, part, { command: 'read', access: 'read', as });
      const length = Number(bytes.length ?? 0n);
      const members = { schema: 'dmaheap.read/1', ...bytes.json, length };
      await streamed(sh, 'read', bytes.length, async (progress) => {
        if (file !== undefined) await toFile(place, bytes, file, progress);
        else if (json) await toJson(place, bytes, members, progress);
        else await eachChunk(place, bytes, progress, (chunk) => sh.streams.out(chunk));
      });
      if (file !== undefined) {
        await sh.answer(
          () => ({ ...members, output: file }),
          () => '',
        );
      } else if (!json) {
        await sh.tellReports();
      }
    });
}

async function eachChunk(
  place: Place,
  bytes: ByteTarget,
  progress: Progress,
  visit: (chunk: Uint8Array) => void,
): Promise<void> {
  let done = 0n;
  for (const chunk of readChunks(place, bytes)) {
    visit(chunk);
    done += BigInt(chunk.length);
    await progress.at(done);
  }
}

async function toJson(
  place: Place,
  bytes: ByteTarget,
  members: Readonly<Record<string, unknown>>,
  progress: Progress,
): Promise<void> {
  const { streams } = place.sh;
  // Not before there is a chunk: a failure is an object of its own.
  let head = jsonHead(members, 'base64');
  await eachChunk(place, bytes, progress, (chunk) => {
    streams.out(head + Buffer.from(chunk.buffer).toString('base64'));
    head = '';
  });
  streams.out(head + jsonTail(place.sh.takeReports()));
}

async function toFile(place: Place, bytes: ByteTarget, file: string, progress: Progress): Promise<void> {
  const onFile = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw new UnreadableInput('file-unwritable', file, `${file}: cannot be written (${code})`);
    }
  };
  const fd = onFile(() => openSync(file, 'w'));
  try {
    await eachChunk(place, bytes, progress, (chunk) => {
      for (let done = 0; done < chunk.length; ) done += onFile(() => writeSync(fd, chunk, done));
    });
  } finally {
    closeSync(fd);
  }
}
