/** The kernel log's lines about RAM. */
import { rangeEnd } from '../../units.ts';
import type { Facts } from '../facts.ts';
import { atOf, type Reader } from './reader.ts';

const NODE = /^node +\d{1,5}: \[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\]/i;
const ZONE =
  /^(DMA|DMA32|Normal|HighMem|Movable|Device) +(?:empty|\[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\])/;
const MEMORY = /^Memory: (\d{1,13})K\/(\d{1,13})K available(?:.{0,400}?(\d{1,13})K cma-reserved)?/;
const E820 = /^(?:BIOS-)?e820: ?\[mem 0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})\] +(?:usable|System RAM)/;

export const memoryLines: Reader = {
  what: 'kernel log',
  read(line, facts: Facts) {
    const { message } = line;
    const range = (list: Facts['nodeRanges'], first = '', last = '') => {
      const base = BigInt(`0x${first}`);
      const size = BigInt(`0x${last}`) + 1n - base;
      if (size > 0n && rangeEnd({ base, size }) <= 1n << 64n) list.push({ base, size, at: atOf(line) });
      return true;
    };
    const node = NODE.exec(message);
    if (node !== null) return range(facts.nodeRanges, node[1], node[2]);
    const usable = E820.exec(message);
    if (usable !== null) return range(facts.usableRanges, usable[1], usable[2]);
    const zone = ZONE.exec(message);
    if (zone !== null) {
      const [, name = '', first, last] = zone;
      const base = BigInt(`0x${first ?? 0}`);
      const size = BigInt(`0x${last ?? 0}`) + 1n - base;
      facts.zones.push({
        name,
        ...(first !== undefined && size > 0n && { range: { base, size } }),
        at: atOf(line),
      });
      return true;
    }
    const memory = MEMORY.exec(message);
    if (memory === null) return false;
    const [, available, total, cma] = memory;
    facts.memory.push({
      available: Number(available),
      total: Number(total),
      ...(cma !== undefined && { cma: Number(cma) }),
      at: atOf(line),
    });
    return true;
  },
};
