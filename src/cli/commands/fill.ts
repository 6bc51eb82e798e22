import { PROT_READ, PROT_WRITE } from '../../uapi/fcntl.ts';
import { readBufferPart, readByte } from '../arguments.ts';
import { nextChunk, resolvePart, writeChunk } from '../buffer-bytes.ts';
import { interruptible, Progress } from '../progress.ts';
import { examples, type Registry } from '../registry.ts';

/** `dmaheap fill FD[:OFFSET[:LENGTH]] BYTE`: one byte everywhere. */
export function fillCommand({ program, shell }: Registry): void {
  const command = program
    .command('fill')
    .summary('fill a buffer with one byte')
    .description('Stores one byte all over a buffer, or a part of it.')
    .argument('<part>', 'FD[:OFFSET[:LENGTH]]: to the end unless a length is given')
    .argument('<byte>', '0 to 255 or 0x00 to 0xff', readByte)
    .addHelpText('after', examples('dmaheap fill 4 0xff', 'dmaheap fill 4:4K:4K 0'))
    .action(async (word: string, byte: number) => {
      const sh = shell(command);
      const part = readBufferPart(word, 'read');
      const session = await sh.session('fill');
      const { fd, offset, length } = resolvePart(session, 'fill', part, PROT_READ | PROT_WRITE);
      const progress = new Progress(sh.streams, 'fill', length);
      const bytes = new Uint8Array(nextChunk(length)).fill(byte);
      await interruptible(progress, async () => {
        for (let done = 0n; done < length; ) {
          const chunk = bytes.subarray(0, nextChunk(length - done));
          writeChunk(session, 'fill', { fd, offset: offset + done }, chunk);
          done += BigInt(chunk.length);
          await progress.at(done);
        }
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.fill/1', fd, offset: Number(offset), length: Number(length), byte }),
        () => '',
      );
    });
}
