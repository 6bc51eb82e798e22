import { attempt } from '../bytes/attempt.ts';
import { partForms, readPart } from '../bytes/byte-part.ts';
import { streamed, writeChunk } from '../bytes/byte-stream.ts';
import type { Place } from '../bytes/byte-target.ts';
import { findBytes } from '../bytes/byte-target.ts';
import { completes } from '../completion/argument-kinds.ts';
import { inputPieces } from '../read/input-pieces.ts';
import { examples, type Registry } from '../registry.ts';
import { type AsOption, addAsOption } from '../words/as-option.ts';

interface WriteOptions extends AsOption {
  readonly input?: string;
}

/** `dmaheap write PART`: standard input or a file into a buffer. */
export function writeCommand({ program, shell }: Registry): void {
  const command = completes(program.command('write'), 'fd')
    .summary('standard input or a file into a buffer')
    .description(
      'Stores what comes from standard input, or from a file, in a buffer, a mapping or memory. What does not fit is an error; what fitted is stored. A device does not stop at the end of a buffer: it hits what lies behind it.',
    )
    .argument('<part>', partForms('write'))
    .option('--input <file>', 'read this file instead of standard input');
  addAsOption(command)
    .addHelpText(
      'after',
      examples(
        'printf hello | dmaheap write 4',
        'dmaheap write 4:64K --input frame.raw',
        'printf hello | dmaheap write @0x60000000',
        'dmaheap write 4 --as a200000.camera --input frame.raw',
      ),
    )
    .action(async (word: string, { as, input = '-' }: WriteOptions) => {
      const sh = shell(command);
      const part = readPart(word, 'write');
      const place: Place = { sh, session: await sh.session('write') };
      // Whether there is such a buffer is asked before any input is waited for.
      const bytes = findBytes(place, part, { command: 'write', access: 'write', unbounded: true, as });
      let done = 0n;
      await streamed(sh, 'write', undefined, async (slices) => {
        for await (const piece of inputPieces(input)) {
          writeChunk(place, bytes, done, piece);
          done += BigInt(piece.length);
          await slices.at(done);
        }
        // No input is an access of no bytes, which the kernel may refuse as well.
        if (done === 0n)
          attempt(place.sh, place.session, (caller) => bytes.write(caller, 0n, new Uint8Array()));
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.write/1', ...bytes.json, length: done }),
        () => '',
      );
    });
}
