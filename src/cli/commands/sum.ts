import { Option } from 'commander';
import { escapeText } from '../../escape-text.ts';
import { partForms, readPart } from '../bytes/byte-part.ts';
import { readChunks, streamed } from '../bytes/byte-stream.ts';
import type { Place } from '../bytes/byte-target.ts';
import { findBytes } from '../bytes/byte-target.ts';
import { ALGORITHMS, type Algorithm, checksums } from '../bytes/checksum.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { type AsOption, addAsOption } from '../words/as-option.ts';

interface SumOptions extends AsOption {
  readonly algorithm: Algorithm;
}

/** `dmaheap sum PART…`: checksums, as sha256sum prints them. */
export function sumCommand({ program, shell }: Registry): void {
  const command = completes(program.command('sum'), 'fd')
    .summary('checksums, as sha256sum prints them')
    .description('Prints the checksum of the bytes of each part, as sha256sum does for files.')
    .argument('<part...>', `${partForms('read')}: to the end unless a length is given`)
    .addOption(new Option('--algorithm <name>', 'which').choices(ALGORITHMS).default('sha256'));
  addAsOption(command)
    .addHelpText(
      'after',
      examples(
        'dmaheap sum 4; sha256sum frame.raw',
        'dmaheap sum 4:0:4K 5:0:4K --algorithm crc32',
        'dmaheap sum 4 --as a200000.camera',
      ),
    )
    .action(async (words: readonly string[], { algorithm, as }: SumOptions) => {
      const sh = shell(command);
      const parts = words.map((word) => readPart(word, 'read'));
      const place: Place = { sh, session: await sh.session('sum') };
      const targets = parts.map((part) => findBytes(place, part, { command: 'sum', access: 'read', as }));
      const begin = await checksums(algorithm);
      const total = targets.reduce((sum, { length = 0n }) => sum + length, 0n);
      const sums: (Readonly<Record<string, unknown>> & { readonly line: string })[] = [];
      await streamed(sh, 'sum', total, async (slices) => {
        let done = 0n;
        for (const [i, target] of targets.entries()) {
          const checksum = begin();
          for (const chunk of readChunks(place, target)) {
            checksum.update(chunk);
            done += BigInt(chunk.length);
            await slices.at(done);
          }
          const sum = checksum.digest();
          const line = `${sum}  ${escapeText(words[i] ?? '')}\n`;
          sums.push({ ...target.json, length: target.length ?? 0n, sum, line });
        }
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.sum/1', algorithm, sums: sums.map(({ line: _, ...rest }) => rest) }),
        () => sums.map(({ line }) => line).join(''),
      );
    });
}
