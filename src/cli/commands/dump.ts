import { Option } from 'commander';
import { PROT_READ } from '../../uapi/fcntl.ts';
import { readBufferPart } from '../arguments.ts';
import { readChunks, resolvePart } from '../buffer-bytes.ts';
import { interruptible, Progress } from '../progress.ts';
import { examples, type Registry } from '../registry.ts';
import { Hexdump, type HexdumpFormat } from '../render/hexdump.ts';

/** `dmaheap dump FD[:OFFSET[:LENGTH]]`: a buffer's bytes in hexadecimal. */
export function dumpCommand({ program, shell }: Registry): void {
  const command = program
    .command('dump')
    .summary("a buffer's bytes in hexadecimal")
    .description("Prints the bytes of a buffer as hexdump -C or xxd do. Offsets are the buffer's own.")
    .argument('<part>', 'FD[:OFFSET[:LENGTH]]: to the end unless a length is given')
    .addOption(
      new Option('--format <format>', 'the layout; hexdump replaces repeated rows by *')
        .choices(['hexdump', 'xxd'])
        .default('hexdump'),
    )
    .addHelpText('after', examples('dmaheap dump 4 | head', 'dmaheap dump 4:0x1000:64 --format xxd'))
    .action(async (word: string, { format }: { format: HexdumpFormat }) => {
      const sh = shell(command);
      const part = readBufferPart(word, 'read');
      const session = await sh.session('dump');
      const span = resolvePart(session, 'dump', part, PROT_READ);
      const { fd, offset, length } = span;
      const progress = new Progress(sh.streams, 'dump', length);
      const json = sh.options.json === true;
      const dump = new Hexdump(format, Number(offset));
      await interruptible(progress, async () => {
        const head = JSON.stringify({
          schema: 'dmaheap.dump/1',
          fd,
          offset: Number(offset),
          length: Number(length),
        });
        if (json) sh.streams.out(`${head.slice(0, -1)},"hex":"`);
        let done = 0n;
        for (const bytes of readChunks(session, 'dump', span)) {
          sh.streams.out(json ? Buffer.from(bytes.buffer).toString('hex') : dump.push(bytes));
          done += BigInt(bytes.length);
          await progress.at(done);
        }
        sh.streams.out(json ? '"}\n' : dump.end());
      });
    });
}
