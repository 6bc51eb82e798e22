/** `ls -l /dev/dma_heap`, also as toybox and busybox print it. */
import { atOf, type Reader } from './reader.ts';

/** Mode, links, owner, group, major and minor, a date or none, the name. */
const NODE =
  /^c([rwxst-]{9})[.+]? +(?:\d{1,4} +)?\S{1,32} +\S{1,32} +(\d{1,4}), *(\d{1,7}) +(?:(?:[A-Z][a-z]{2} +\d{1,2} +[\d:]{4,5}|\d{1,2} [A-Z][a-z]{2} +[\d:]{4,5}|\d{4}-\d\d-\d\d +[\d:.]{4,18}(?: [+-]\d{4})?) +)?(\/dev\/dma_heap\/)?(\S{1,255})$/;

export const heapNodes: Reader = {
  what: '/dev/dma_heap',
  read(line, facts) {
    const found = NODE.exec(line.message);
    if (found !== null) {
      const [, mode = '', , minor, whole, name = ''] = found;
      const inFolder = whole !== undefined || /\/dev\/dma_heap/.test(line.path ?? '');
      // Elsewhere in /dev nodes look the same: only those of a folder that is named, or of the heaps' usual major.
      if (!inFolder && found[2] !== '254' && !/^(?:system|reserved|linux,cma|default_cma_region)/.test(name))
        return false;
      facts.heapNodes.push({ name, minor: Number(minor), mode, at: atOf(line) });
      return true;
    }
    return /\/dev\/dma_heap/.test(line.path ?? '') && /^total \d+$/.test(line.message);
  },
};
