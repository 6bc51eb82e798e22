import { findBoardNode } from '../../board/devices.ts';
import { isDeviceName, makeDevice, nodeAsSeen } from '../../program/described-device.ts';
import type { Action } from '../action.ts';
import { deviceSchema, differingFacts, factsOf, sameDevice, wordsOf } from '../device-words.ts';
import { isPlainText } from '../export/words.ts';
import { type Getter, syscall } from '../moment.ts';
import { BadValue, type Path } from '../problem.ts';
import { isTemplate } from '../template.ts';
import { textOr } from '../value-forms.ts';
import type { Values } from '../values.ts';

const schema = () => textOr(deviceSchema(), 'a name, or a device with its properties');

function nameOf(value: string, values: Values, path: Path): Getter<string> {
  if (!isTemplate(value) && !isDeviceName(value)) {
    values.problem(
      path,
      'scenario-device-name',
      `'${value}' is no name for a device`,
      'a name has 1 to 64 characters, none of them a blank or /',
    );
  }
  return values.text(value, path);
}

const noNode = (wanted: string, path: Path): BadValue =>
  new BadValue({
    code: 'scenario-no-node',
    message: `no node of the board, or more than one, is called ${wanted}`,
    hint: 'give its path, label, alias or name; labels are known of blobs with __symbols__ (dtc -@)',
    path,
  });

export const deviceAdd: Action<typeof schema> = {
  text: 'A device that the board does not list.',
  schema,
  compile: (value, values, path) => {
    const words = typeof value === 'string' ? { name: value } : value;
    const name = nameOf(words.name, values, typeof value === 'string' ? path : [...path, 'name']);
    const facts = factsOf(words, values, path);
    const node = words.node === undefined ? undefined : values.text(words.node, [...path, 'node']);
    return (at) => {
      const { tree } = at.machine;
      const wanted = node?.(at);
      const found = wanted === undefined || tree === undefined ? undefined : findBoardNode(tree.root, wanted);
      if (wanted !== undefined && found === undefined) throw noNode(wanted, [...path, 'node']);
      const seen = found && nodeAsSeen(found, at.machine.kernel.profile);
      const device = makeDevice(name(at), seen, facts(at));
      return syscall(at, { call: 'device_add', device });
    };
  },
  export: {
    withoutTask: true,
    calls: {
      /** What must be said so that the same device comes of it. */
      device_add: ({ result, call: { device } }, { devices, history: { tree } }) => {
        const { name, path } = device;
        if (!isDeviceName(name) || !isPlainText(name)) return undefined;
        const node = path === undefined || tree === undefined ? undefined : findBoardNode(tree.root, path);
        const facts = differingFacts(device, makeDevice(name, node, {}));
        if (facts === undefined || !sameDevice(makeDevice(name, node, facts), device)) return undefined;
        if (result.ret >= 0) devices.set(name, device);
        const words = { ...wordsOf(facts), ...(node !== undefined && path !== undefined && { node: path }) };
        return { action: { 'device-add': Object.keys(words).length === 0 ? name : { name, ...words } } };
      },
    },
  },
};
