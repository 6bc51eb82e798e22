import { Option } from 'commander';
import { partForms, readPart } from '../bytes/byte-part.ts';
import { jsonHead, jsonTail, readChunks, streamed } from '../bytes/byte-stream.ts';
import type { Place } from '../bytes/byte-target.ts';
import { findBytes } from '../bytes/byte-target.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { Hexdump, type HexdumpFormat } from '../render/hexdump.ts';
import { type AsOption, addAsOption } from '../words/as-option.ts';

interface DumpOptions extends AsOption {
  readonly format: HexdumpFormat;
}

/** `dmaheap dump PART`: bytes in hexadecimal. */
export function dumpCommand({ program, shell }: Registry): void {
  const command = completes(program.command('dump'), 'fd')
    .summary('bytes in hexadecimal')
    .description(
      'Prints bytes as hexdump -C or xxd do. Offsets are those of the buffer or mapping; of memory its addresses.',
    )
    .argument('<part>', `${partForms('read')}: to the end unless a length is given`)
    .addOption(
      new Option('--format <format>', 'the layout; hexdump replaces repeated rows by *')
        .choices(['hexdump', 'xxd'])
        .default('hexdump'),
    );
  addAsOption(command)
    .addHelpText(
      'after',
      examples(
        'dmaheap dump 4 | head',
        'dmaheap dump 4:0x1000:64 --format xxd',
        'dmaheap dump @0x60000000:256',
        'dmaheap dump 4:0:64 --as a200000.camera',
      ),
    )
    .action(async (word: string, { as, format }: DumpOptions) => {
      const sh = shell(command);
      const part = readPart(word, 'read');
      const place: Place = { sh, session: await sh.session('dump') };
      const bytes = findBytes(place, part, { command: 'dump', access: 'read', as });
      const json = sh.options.json === true;
      const dump = new Hexdump(format, Number(bytes.offset));
      const { length = 0n } = bytes;
      await streamed(sh, 'dump', bytes.length, async (slices) => {
        // Not before there is a chunk: a failure is an object of its own.
        let head = json ? jsonHead({ schema: 'dmaheap.dump/1', ...bytes.json, length }, 'hex') : '';
        let done = 0n;
        for (const chunk of readChunks(place, bytes)) {
          await slices.out(head + (json ? Buffer.from(chunk.buffer).toString('hex') : dump.push(chunk)));
          head = '';
          done += BigInt(chunk.length);
          await slices.at(done);
        }
        if (json) await slices.out(head + jsonTail(sh.takeReports()));
        // hexdump -n 0 prints nothing at all.
        else if (part.length !== 0n) await slices.out(dump.end());
      });
      await sh.tellReports();
    });
}
