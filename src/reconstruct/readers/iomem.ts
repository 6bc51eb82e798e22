/** /proc/iomem. */
import { atOf, type Reader } from './reader.ts';

const LINE = /^( *)([0-9a-f]{8,16})-([0-9a-f]{8,16}) : (.{1,200})$/;

export const iomemLines: Reader = {
  what: '/proc/iomem',
  read(line, facts) {
    const found = LINE.exec(line.raw);
    if (found === null) return false;
    const [, indent = '', start = '', end = '', name = ''] = found;
    facts.iomem.push({
      depth: Math.floor(indent.length / 2),
      start: BigInt(`0x${start}`),
      end: BigInt(`0x${end}`),
      name: name.trim(),
      at: atOf(line),
    });
    return true;
  },
};
