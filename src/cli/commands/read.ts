import { partForms, readPart } from '../bytes/byte-part.ts';
import { jsonHead, jsonTail, readChunks, type Slices, streamed } from '../bytes/byte-stream.ts';
import type { ByteTarget, Place } from '../bytes/byte-target.ts';
import { findBytes } from '../bytes/byte-target.ts';
import { completes } from '../completion/argument-kinds.ts';
import { UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';
import { writingTo } from '../terminal/output-file.ts';
import { type AsOption, addAsOption } from '../words/as-option.ts';

interface ReadOptions extends AsOption {
  readonly output?: string;
  readonly force?: boolean;
}

/** `dmaheap read PART`: bytes to standard output or a file. */
export function readCommand({ program, shell }: Registry): void {
  const command = completes(program.command('read'), 'fd')
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
      const { length = 0n } = bytes;
      const members = { schema: 'dmaheap.read/1', ...bytes.json, length };
      await streamed(sh, 'read', bytes.length, async (slices) => {
        if (file !== undefined) {
          await writingTo(file, slices.interruption, (output) =>
            eachChunk(place, bytes, slices, (chunk) => output.add(chunk)),
          );
          sh.ledger.keep();
        } else if (json) await toJson(place, bytes, members, slices);
        else await eachChunk(place, bytes, slices, (chunk) => slices.out(chunk));
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
  slices: Slices,
  visit: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  let done = 0n;
  for (const chunk of readChunks(place, bytes)) {
    await visit(chunk);
    done += BigInt(chunk.length);
    await slices.at(done);
  }
}

async function toJson(
  place: Place,
  bytes: ByteTarget,
  members: Readonly<Record<string, unknown>>,
  slices: Slices,
): Promise<void> {
  // Not before there is a chunk: a failure is an object of its own.
  let head = jsonHead(members, 'base64');
  await eachChunk(place, bytes, slices, async (chunk) => {
    await slices.out(head + Buffer.from(chunk.buffer).toString('base64'));
    head = '';
  });
  await slices.out(head + jsonTail(place.sh.takeReports()));
}
