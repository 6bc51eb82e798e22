import { changeDevice } from '../../program/described-device.ts';
import { setDevice } from '../../program/set-device.ts';
import type { Action } from '../action.ts';
import { deviceOrWord } from '../device-named.ts';
import { deviceSchema, differingFacts, factsOf, sameDevice, wordsOf } from '../device-words.ts';
import { type Cursor, callAt, type Draft } from '../export/draft.ts';
import { isCall } from '../export/history.ts';
import { callerAt } from '../moment.ts';

/** device_del and device_add of one name: a device that was taken away and came back changed. */
function several({ history, devices, at, end }: Cursor): readonly Draft[] | undefined {
  const removed = history.entries[at];
  if (!isCall(removed) || removed.call.call !== 'device_del' || removed.result.ret < 0) return undefined;
  const { task } = removed;
  const before = devices.get(removed.call.device);
  const added = callAt({ history, end }, at + 1, task, 'device_add');
  if (before === undefined || added === undefined || added.result.ret < 0) return undefined;
  const { device } = added.call;
  const facts = device.name === before.name ? differingFacts(device, before) : undefined;
  if (facts === undefined || !sameDevice(changeDevice(before, facts), device)) return undefined;
  const words = wordsOf(facts);
  if (Object.keys(words).length === 0) return undefined;
  devices.set(device.name, device);
  return [{ action: { 'device-set': { name: before.name, ...words } }, task, entries: 2 }];
}

export const deviceSet: Action<typeof deviceSchema> = {
  text: 'What a driver changes of its device: { name: isp, mask: 40 }',
  schema: deviceSchema,
  compile: (value, values, path) => {
    const name = values.text(value.name, [...path, 'name']);
    const facts = factsOf(value, values, path);
    return (at) => setDevice(callerAt(at), deviceOrWord(at.machine.kernel, name(at), path), facts(at));
  },
  export: { several },
};
