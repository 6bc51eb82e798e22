/** Properties of /proc/device-tree, each as the bytes of its file in hexadecimal. */
import { atOf, type Reader } from './reader.ts';

const PATH = /^\/(?:proc\/device-tree|sys\/firmware\/devicetree\/base)\/(\S{1,1000})$/;
/** A property with more is none that matters here. */
const MOST = 65_536;

export const deviceTreeFiles: Reader = {
  what: 'device tree',
  read(line, facts) {
    const property = PATH.exec(line.path ?? '')?.[1];
    if (property === undefined) return false;
    const words = line.raw
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (!words.every((word) => /^[0-9a-f]{2}$/.test(word))) {
      facts.doubts.push({
        message: `${property}: expected bytes in hexadecimal, such as 00 0a`,
        at: atOf(line),
      });
      return true;
    }
    const known = facts.properties.get(property) ?? { at: atOf(line), bytes: [] };
    if (known.bytes.length + words.length <= MOST) {
      facts.properties.set(property, {
        ...known,
        bytes: [...known.bytes, ...words.map((word) => Number.parseInt(word, 16))],
      });
    }
    return true;
  },
};
