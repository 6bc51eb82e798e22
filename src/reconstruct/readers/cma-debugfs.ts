/** Files of /sys/kernel/debug/cma/AREA: known by their path. */
import type { CmaFolder, Facts } from '../facts.ts';
import type { At, Line } from '../line.ts';
import { atOf, type Reader } from './reader.ts';

const PATH =
  /(?:^|\/)cma\/([^/]{1,255})\/(?:ranges\/(\d{1,3})\/)?(bitmap|count|used|maxchunk|base_pfn|order_per_bit)$/;

/** Words of a bitmap: 16 TiB of pages of 4 KiB. */
const MOST_WORDS = 1 << 27;

/** `0 4294967295 12`, without an array of texts: a bitmap may have megabytes. */
function wordsOf(text: string): Uint32Array | undefined {
  let words = new Uint32Array(256);
  let count = 0;
  let value = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? 32 : text.charCodeAt(i);
    if (code >= 48 && code <= 57) {
      value = Math.max(value, 0) * 10 + (code - 48);
      if (value > 0xffffffff) return undefined;
    } else if (code === 32 || code === 9) {
      if (value < 0) continue;
      if (count === MOST_WORDS) return undefined;
      if (count === words.length) {
        const longer = new Uint32Array(words.length * 2);
        longer.set(words);
        words = longer;
      }
      words[count++] = value;
      value = -1;
    } else return undefined;
  }
  return count === 0 ? undefined : words.slice(0, count);
}

export const cmaDebugfs: Reader = {
  what: "CMA's debugfs",
  read(line, facts) {
    const found = PATH.exec(line.path ?? '');
    if (found === null) return false;
    const [, area = '', range = '0', file = ''] = found;
    facts.signs.add(area.startsWith('cma-') ? 'debugfs cma-' : 'debugfs plain');
    if (found[2] !== undefined) facts.signs.add('debugfs ranges');
    if (line.raw.trim() === '') return true;
    if (range !== '0') {
      facts.doubts.push({
        message: `${area}: areas of several ranges are not modelled; range ${range} is left out`,
        at: atOf(line),
      });
      return true;
    }
    const folder = folderOf(facts, area, atOf(line));
    if (!take(folder, file, line)) {
      facts.doubts.push({
        message: `${file} of ${area}: expected numbers, such as ${file === 'bitmap' ? '"0 4294967295"' : '1024'}`,
        at: atOf(line),
      });
    }
    return true;
  },
};

function folderOf(facts: Facts, name: string, at: At): CmaFolder {
  const known = facts.folders.get(name) ?? { name, at };
  facts.folders.set(name, known);
  return known;
}

function take(folder: CmaFolder, file: string, { raw }: Line): boolean {
  if (file === 'bitmap') {
    const words = wordsOf(raw);
    if (words !== undefined) folder.bitmap = words;
    return words !== undefined;
  }
  const text = raw.trim();
  const value = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  if (file === 'order_per_bit') return /^\d{1,20}$/.test(text);
  if (value === undefined) return false;
  if (file === 'count') folder.count = value;
  else if (file === 'used') folder.used = value;
  else if (file === 'maxchunk') folder.maxchunk = value;
  else folder.basePfn = value;
  return true;
}
