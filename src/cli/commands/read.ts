import { PROT_READ } from '../../uapi/fcntl.ts';
import { readBufferPart } from '../arguments.ts';
import { readChunks, resolvePart } from '../buffer-bytes.ts';
import { UsageError } from '../failures.ts';
import { interruptible, Progress } from '../progress.ts';
import { examples, type Registry } from '../registry.ts';

/** `dmaheap read FD[:OFFSET[:LENGTH]]`: a buffer's bytes to standard output. */
export function readCommand({ program, shell }: Registry): void {
  const command = program
    .command('read')
    .summary("a buffer's bytes to standard output")
    .description('Writes the bytes of a buffer to standard output as they are. With --json: as base64.')
    .argument('<part>', 'FD[:OFFSET[:LENGTH]]: to the end unless a length is given')
    .option('--force', 'even to a terminal')
    .addHelpText('after', examples('dmaheap read 4 > frame.raw', 'dmaheap read 4:64K:16 | xxd'))
    .action(async (word: string, { force = false }: { force?: boolean }) => {
      const sh = shell(command);
      const part = readBufferPart(word, 'read');
      const json = sh.options.json === true;
      if (!json && !force && sh.streams.outIsTerminal) {
        throw new UsageError('raw bytes would go to a terminal', 'Redirect them, use dump, or give --force');
      }
      const session = await sh.session('read');
      const span = resolvePart(session, 'read', part, PROT_READ);
      const progress = new Progress(sh.streams, 'read', span.length);
      await interruptible(progress, async () => {
        const { fd, offset, length } = span;
        const head = JSON.stringify({
          schema: 'dmaheap.read/1',
          fd,
          offset: Number(offset),
          length: Number(length),
        });
        if (json) sh.streams.out(`${head.slice(0, -1)},"base64":"`);
        let done = 0n;
        for (const bytes of readChunks(session, 'read', span)) {
          sh.streams.out(json ? Buffer.from(bytes.buffer).toString('base64') : bytes);
          done += BigInt(bytes.length);
          await progress.at(done);
        }
        if (json) sh.streams.out('"}\n');
      });
    });
}
