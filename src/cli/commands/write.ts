import { createReadStream } from 'node:fs';
import { SHELL_TASK } from '../../kernel/boot.ts';
import { PROT_READ, PROT_WRITE } from '../../uapi/fcntl.ts';
import { readBufferPart } from '../arguments.ts';
import { CHUNK, resolvePart, writeChunk } from '../buffer-bytes.ts';
import { CallFailed, UnreadableInput } from '../failures.ts';
import { interruptible, Progress } from '../progress.ts';
import { examples, type Registry } from '../registry.ts';

/** The bytes of a file or standard input, gathered into pieces that are worth a transaction. */
async function* pieces(file: string | undefined): AsyncGenerator<Uint8Array> {
  const source = file === undefined || file === '-' ? process.stdin : createReadStream(file);
  let waiting: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of source as AsyncIterable<Uint8Array>) {
      waiting.push(part);
      size += part.length;
      if (size < CHUNK) continue;
      yield Buffer.concat(waiting);
      waiting = [];
      size = 0;
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    const name = file ?? 'standard input';
    const text = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'is a directory' : code;
    throw new UnreadableInput('file-unreadable', name, `${name}: ${text}`);
  }
  if (size > 0) yield Buffer.concat(waiting);
}

/** `dmaheap write FD[:OFFSET]`: standard input or a file into a buffer. */
export function writeCommand({ program, shell }: Registry): void {
  const command = program
    .command('write')
    .summary('standard input or a file into a buffer')
    .description(
      'Stores what comes from standard input, or from a file, in a buffer. What does not fit is an error; what fitted is stored.',
    )
    .argument('<part>', 'FD[:OFFSET]')
    .option('--input <file>', 'read this file instead of standard input')
    .addHelpText('after', examples('printf hello | dmaheap write 4', 'dmaheap write 4:64K --input frame.raw'))
    .action(async (word: string, { input }: { input?: string }) => {
      const sh = shell(command);
      const part = readBufferPart(word, 'write');
      const { fd, offset } = part;
      const session = await sh.session('write');
      // Whether there is such a buffer is asked before any input is waited for.
      const room = resolvePart(session, 'write', part, PROT_READ | PROT_WRITE).length;
      const progress = new Progress(sh.streams, 'write');
      let done = 0n;
      await interruptible(progress, async () => {
        for await (const bytes of pieces(input)) {
          const fits = room - done;
          const chunk = BigInt(bytes.length) > fits ? bytes.subarray(0, Number(fits)) : bytes;
          writeChunk(session, 'write', { fd, offset: offset + done }, chunk);
          done += BigInt(chunk.length);
          await progress.at(done);
          if (chunk.length < bytes.length) {
            const size = session.view((kernel) => kernel.buffer(SHELL_TASK, fd)?.size ?? 0n);
            const note = `the first ${done} bytes fitted and are stored; the buffer ends at ${size}`;
            throw new CallFailed([
              {
                what: `write: ${fd}`,
                errno: 'EINVAL',
                notes: [note],
                done: { fd, offset: Number(offset), length: Number(done) },
              },
            ]);
          }
        }
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.write/1', fd, offset: Number(offset), length: Number(done) }),
        () => '',
      );
    });
}
