/** Fuzzes the readers of pasted texts, what is made of them, and the state that is rebuilt. */
import { boardFromTree } from '../../src/board/from-tree.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { KERNELS } from '../../src/profile/kernels.ts';
import { readFacts, rebuildState, reconstruct } from '../../src/reconstruct/index.ts';
import { MemoryRecords } from '../../src/records.ts';
import { bootTarget, pastedTexts, randomBoard, randomUse } from '../reconstruct/random-target.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { type FuzzTarget, MAX_INPUT } from './target.ts';

/** What dmaheap itself prints, in one text, as a capture has it. */
function seeds(): readonly string[] {
  return Array.from({ length: 24 }, (_, seed) => {
    const random = new Random(seed);
    const { release } = KERNELS[seed % KERNELS.length] ?? { release: '' };
    const target = bootTarget(randomBoard(random), { kernel: release });
    if (target === undefined) return '';
    randomUse(target.kernel, random, 20);
    const texts = pastedTexts(target, random.oneIn(2) ? release : undefined);
    return texts
      .map(({ file, text }) => (file.startsWith('/') ? `=== ${file} ===\n${text}` : text))
      .join('\n');
  }).filter((text) => text !== '');
}

let made: readonly string[] | undefined;
const NUMBERS = [
  '0',
  '1',
  '4294967295',
  '18446744073709551615',
  '0xffffffffffffffff',
  '99999999999999999999',
  '-1',
  '4096',
];

/** One change of a text that keeps lines lines. */
function changed(text: string, other: string, random: Random): string {
  const lines = text.split('\n');
  const at = random.below(lines.length);
  const line = lines[at] ?? '';
  switch (random.below(9)) {
    case 0:
      lines.splice(at, 1 + random.below(4));
      break;
    case 1:
      lines.splice(at, 0, ...lines.slice(at, at + 1 + random.below(30)));
      break;
    case 2:
      lines[at] = line.slice(0, random.below(line.length + 1));
      break;
    case 3:
      lines.splice(at, 2, `${line}${lines[at + 1] ?? ''}`);
      break;
    case 4:
      lines[at] = line.replace(/\d+/, random.pick(NUMBERS));
      break;
    case 5:
      lines[at] = line.replace(/[0-9a-f]{8,16}/, (digits) =>
        random.word().toString(16).padStart(digits.length, '0'),
      );
      break;
    case 6: {
      const from = other.split('\n');
      const start = random.below(from.length);
      lines.splice(at, 0, ...from.slice(start, start + random.below(60)));
      break;
    }
    case 7:
      lines[at] =
        `${random.pick(['> ', '[    0.000000] ', 'Nov 12 10:00:00 host kernel: ', '<6>', '\t'])}${line}`;
      break;
    default:
      lines[at] = line.repeat(1 + random.below(random.oneIn(20) ? 2000 : 3));
  }
  return lines.join('\n');
}

export const reconstructTarget: FuzzTarget = {
  name: 'reconstruct',
  input(random) {
    made ??= seeds();
    let text = random.pick(made);
    for (let i = random.below(12); i >= 0; i--) text = changed(text, random.pick(made), random);
    const bytes = new TextEncoder().encode(text);
    const input = random.oneIn(4) ? mutate(bytes, bytes, random) : bytes;
    return input.length > MAX_INPUT ? input.slice(0, MAX_INPUT) : input;
  },
  run(bytes) {
    const facts = readFacts([{ file: 'fuzz.txt', text: new TextDecoder().decode(bytes) }]);
    const { tree, params } = reconstruct({ facts, files: ['fuzz.txt'], params: {} }, 'fuzz.txt');
    const records = new MemoryRecords();
    if (boot(boardFromTree(tree, 'fuzz.txt'), params, records).panic !== undefined) return;
    rebuildState(new Kernel(records, new InMemoryPhysMemory(layoutOf(records))), facts);
  },
};
