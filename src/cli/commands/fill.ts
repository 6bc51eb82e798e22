import { partForms, readPart } from '../bytes/byte-part.ts';
import { nextChunk, streamed, writeChunk } from '../bytes/byte-stream.ts';
import type { Place } from '../bytes/byte-target.ts';
import { findBytes } from '../bytes/byte-target.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { readByte } from '../words/arguments.ts';
import { type AsOption, addAsOption } from '../words/as-option.ts';

/** `dmaheap fill PART BYTE`: one byte everywhere. */
export function fillCommand({ program, shell }: Registry): void {
  const command = completes(program.command('fill'), 'fd')
    .summary('fill a buffer with one byte')
    .description('Stores one byte all over a buffer, a mapping or memory, or a part of it.')
    .argument('<part>', `${partForms('read')}: to the end unless a length is given`)
    .argument('<byte>', '0 to 255 or 0x00 to 0xff', readByte);
  addAsOption(command)
    .addHelpText(
      'after',
      examples(
        'dmaheap fill 4 0xff',
        'dmaheap fill 4:4K:4K 0',
        'dmaheap fill 4:0:1M 0xaa --as a200000.camera',
      ),
    )
    .action(async (word: string, byte: number, { as }: AsOption) => {
      const sh = shell(command);
      const part = readPart(word, 'read');
      const place: Place = { sh, session: await sh.session('fill') };
      const bytes = findBytes(place, part, { command: 'fill', access: 'write', as });
      const length = bytes.length ?? 0n;
      const same = new Uint8Array(nextChunk(length)).fill(byte);
      await streamed(sh, 'fill', length, async (slices) => {
        for (let done = 0n; done < length; ) {
          const chunk = same.subarray(0, nextChunk(length - done));
          writeChunk(place, bytes, done, chunk);
          done += BigInt(chunk.length);
          await slices.at(done);
        }
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.fill/1', ...bytes.json, length, byte }),
        () => '',
      );
    });
}
