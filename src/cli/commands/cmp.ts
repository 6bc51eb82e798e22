import { escapeText } from '../../escape-text.ts';
import { formatHex } from '../../units.ts';
import { type BytePart, looksLikePart, readPart } from '../bytes/byte-part.ts';
import { readChunks, streamed } from '../bytes/byte-stream.ts';
import type { ByteTarget, Place } from '../bytes/byte-target.ts';
import { findBytes } from '../bytes/byte-target.ts';
import { type Comparison, compareBytes } from '../bytes/compare-bytes.ts';
import { completes } from '../completion/argument-kinds.ts';
import { AnsweredNo, UsageError } from '../failures.ts';
import { inputPieces } from '../read/input-pieces.ts';
import { examples, type Registry } from '../registry.ts';
import { type AsOption, addAsOption } from '../words/as-option.ts';

/** The bytes of a target as they are asked for. */
async function* chunksOf(place: Place, target: ByteTarget): AsyncGenerator<Uint8Array, undefined> {
  yield* readChunks(place, target);
  return undefined;
}

const byteHex = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;

/** What cmp(1) says; nothing of what is equal. */
function comparisonText(found: Comparison, a: string, b: string): string {
  if ('equal' in found) return '';
  const [nameA, nameB] = [escapeText(a), escapeText(b)];
  if ('eof' in found) {
    const name = found.eof === 'a' ? nameA : nameB;
    return `cmp: EOF on ${name} ${found.after === 0n ? 'which is empty' : `after byte ${found.after}`}\n`;
  }
  const [x, y] = found.values;
  return `${nameA} ${nameB} differ: byte ${found.at + 1n}\n  offset ${formatHex(found.at)}: ${byteHex(x)} and ${byteHex(y)}\n`;
}

function comparisonJson(found: Comparison, a: string, b: string): Record<string, unknown> {
  const differs = 'at' in found ? found : undefined;
  return {
    schema: 'dmaheap.cmp/1',
    a,
    b,
    equal: 'equal' in found,
    byte: differs === undefined ? null : differs.at + 1n,
    offset: differs?.at ?? null,
    values: differs === undefined ? null : [...differs.values],
    eof: 'eof' in found ? { on: found.eof, after: found.after } : null,
  };
}

/** `dmaheap cmp A B`: compares, as cmp(1) does. */
export function cmpCommand({ program, shell }: Registry): void {
  const command = completes(program.command('cmp'), 'fd', 'file')
    .summary('compare bytes, as cmp does')
    .description(
      'Compares two parts, or a part and a file or standard input: exit 0 when they are equal, else 1 and the first byte that differs. What begins with a digit is a descriptor; a file of that name is ./4.',
    )
    .argument('<a>', 'a part (FD, map:N, attachment:N, @ADDRESS:SIZE), a file, or - for standard input')
    .argument('<b>', 'the other');
  addAsOption(command)
    .addHelpText(
      'after',
      examples(
        'dmaheap cmp 4 frame.raw',
        'decode | dmaheap cmp - 4:0:1M',
        'dmaheap cmp 4 5',
        'dmaheap cmp 4 frame.raw --as a200000.camera',
      ),
    )
    .action(async (a: string, b: string, { as }: AsOption) => {
      const sh = shell(command);
      if (a === '-' && b === '-') throw new UsageError('both sides are standard input');
      const part = (word: string) => (looksLikePart(word) ? readPart(word, 'read') : undefined);
      const [partA, partB] = [part(a), part(b)];
      if (as !== undefined && partA === undefined && partB === undefined) {
        throw new UsageError('--as goes with a part: neither side is one');
      }
      const place: Place = { sh, session: await sh.session('cmp') };
      const target = (part: BytePart | undefined) =>
        part && findBytes(place, part, { command: 'cmp', access: 'read', as });
      const [left, right] = [target(partA), target(partB)];
      const source = (file: string, bytes: ByteTarget | undefined) =>
        bytes === undefined ? inputPieces(file) : chunksOf(place, bytes);
      const [sourceA, sourceB] = [source(a, left), source(b, right)];
      let found: Comparison | undefined;
      await streamed(sh, 'cmp', left?.length ?? right?.length, async (slices) => {
        try {
          found = await compareBytes(sourceA, sourceB, (done) => slices.at(done));
        } finally {
          // A file that was not read to its end would keep the process.
          await sourceA.return(undefined);
          await sourceB.return(undefined);
        }
      });
      if (found === undefined) throw new Error('nothing was compared');
      const result = found;
      await sh.answer(
        () => comparisonJson(result, a, b),
        () => comparisonText(result, a, b),
      );
      if (!('equal' in result)) throw new AnsweredNo();
    });
}
