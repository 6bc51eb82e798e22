/** /sys/kernel/debug/dma_buf/bufinfo: the live buffers, and the devices that are attached. */
import type { BufferLine, Told } from '../facts.ts';
import { atOf, type Reader } from './reader.ts';

const TITLE =
  /^(?:Dma-buf Objects:|size +\tflags|Attached Devices:|Total \d{1,9} objects, \d{1,20} bytes|Total \d{1,6} devices attached)/;
const OBJECT =
  /^(\d{8,20})[\t ]+([0-9a-f]{8,16})[\t ]+([0-9a-f]{8,16})[\t ]+(\d{8,10})[\t ]+(\S{1,255})[\t ]+(\d{8,20})(?:[\t ]+(.{0,255}))?$/;
const END = /^Total \d{1,6} devices attached/;
const FENCE = /^(?:(?:Exclusive|Shared) fence:|(?:kernel|write|read|bookkeep) fence:)/;

export function bufinfo(): Reader {
  let open: Told<BufferLine & { devices: string[] }> | undefined;
  let inDevices = false;
  return {
    what: 'bufinfo',
    read(line, facts) {
      const { raw, message } = line;
      const object = OBJECT.exec(raw.trim());
      if (object !== null) {
        const [, size = '', flags = '', mode = '', count, expName = '', ino, name = ''] = object;
        const isNamed = name !== '' && name !== '<none>';
        open = {
          size: BigInt(size),
          flags: Number.parseInt(flags, 16),
          count: Number(count),
          expName,
          ino: Number(ino),
          ...(isNamed && { name }),
          devices: [],
          at: atOf(line),
        };
        facts.buffers.push(open);
        facts.signs.add(`bufinfo mode ${mode.slice(0, 4)}`);
        facts.signs.add(`bufinfo exporter ${expName}`);
        inDevices = false;
        return true;
      }
      if (END.test(message)) {
        open = undefined;
        inDevices = false;
        return true;
      }
      if (/^Attached Devices:/.test(message)) {
        inDevices = open !== undefined;
        return true;
      }
      if (TITLE.test(message)) {
        if (message.startsWith('size'))
          facts.signs.add(/\bino\s+name$/.test(message) ? 'bufinfo with name' : 'bufinfo without name');
        return true;
      }
      if (open === undefined) return false;
      if (FENCE.test(message)) return true;
      if (inDevices && /^\t\S{1,255}$/.test(raw)) {
        open.devices.push(raw.trim());
        return true;
      }
      return false;
    },
    end() {
      open = undefined;
      inDevices = false;
    },
  };
}
