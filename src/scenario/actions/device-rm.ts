import { isDeviceName } from '../../program/described-device.ts';
import type { Action } from '../action.ts';
import { deviceOrWord } from '../device-named.ts';
import { isPlainText } from '../export/words.ts';
import { syscall } from '../moment.ts';
import { text } from '../value-forms.ts';

export const deviceRm: Action<() => typeof text> = {
  text: 'Unbinds a device and takes it away.',
  schema: () => text,
  compile: (value, values, path) => {
    const name = values.text(value, path);
    return (at) => {
      const { kernel } = at.machine;
      return syscall(at, { call: 'device_del', device: deviceOrWord(kernel, name(at), path) });
    };
  },
  export: {
    withoutTask: true,
    calls: {
      device_del: ({ result, call: { device } }, { devices }) => {
        if (!isDeviceName(device) || !isPlainText(device)) return undefined;
        if (result.ret >= 0) devices.delete(device);
        return { action: { 'device-rm': device } };
      },
    },
  },
};
