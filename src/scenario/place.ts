/** A PLACE of a step: what a task reaches through a buffer or a mapping, the CPU by an address, or a device by its DMA. */
import { type BytePlace, type ByteSpan, findBytes, isReached } from '../program/byte-reach.ts';
import { parseAddress } from '../units.ts';
import { deviceOrWord } from './device-named.ts';
import { callerAt, type Getter, type Moment } from './moment.ts';
import { BadValue, type Path } from './problem.ts';
import { isTemplate } from './template.ts';
import type { Ref, Size } from './value-forms.ts';
import type { Values } from './values.ts';

/** A place, when a step gets there; a device by its own name. */
export type PlaceAt = (at: Moment) => BytePlace;

/** A place as a device has it, or as the task does when none is named. */
const asDevice =
  (
    by: Getter<string> | undefined,
    path: Path,
    make: (at: Moment, as: { readonly as?: string }) => BytePlace,
  ): PlaceAt =>
  (at) =>
    make(at, by === undefined ? {} : { as: deviceOrWord(at.machine.kernel, by(at), path) });

function memoryOf(word: string, path: Path): { readonly base: bigint; readonly size?: bigint } {
  const parsed = parseAddress(word);
  if (parsed !== undefined) return parsed;
  throw new BadValue({
    code: 'scenario-bad-value',
    message: `expected @ADDRESS:SIZE, such as "@0x60000000:4K", found ${word}`,
    path,
  });
}

/** Reads a PLACE. */
export function placeOf(place: Ref, device: string | undefined, values: Values, path: Path): PlaceAt {
  const by = device === undefined ? undefined : values.text(device, [...path, 'by']);
  const byPath = [...path.slice(0, -1), 'by'];
  if (typeof place === 'string') {
    if (place.startsWith('@')) {
      const text = values.text(place, path);
      if (!isTemplate(place) && !/^@[^:]+(:[^:]+)?$/.test(place)) {
        values.problem(path, 'scenario-bad-value', `expected @ADDRESS:SIZE, found ${place}`);
      }
      return asDevice(by, path, (at, as) => ({ kind: 'memory', ...memoryOf(text(at), path), ...as }));
    }
    const [, kind, name = ''] = /^(map|attachment):(.+)$/s.exec(place) ?? [];
    if (kind === 'map') {
      if (by !== undefined) {
        values.problem(byPath, 'scenario-exclusive', 'a mapping is a task’s: no device uses it');
      }
      const id = values.ref(name, path, 'mapping');
      return (at) => ({ kind: 'mapping', id: id(at) });
    }
    if (kind === 'attachment') {
      const id = values.ref(name, path, 'attachment');
      return asDevice(by, byPath, (at, as) => ({ kind: 'attachment', id: id(at), ...as }));
    }
  }
  const fd = values.ref(place, path, 'descriptor');
  return asDevice(by, byPath, (at, as) => ({ kind: 'buffer', fd: fd(at), ...as }));
}

/** Where in a place a step begins, and how many bytes it is about. */
export function spanOf(
  { offset, length }: { readonly offset?: Size | undefined; readonly length?: Size | undefined },
  values: Values,
  path: Path,
): Getter<Omit<ByteSpan, 'access'>> {
  const from = values.optionalSize(offset, [...path, 'offset']);
  const size = values.optionalSize(length, [...path, 'length']);
  return (at) => ({ offset: from?.(at) ?? 0n, ...(size !== undefined && { length: size(at) }) });
}

/** How many bytes there are; `undefined` when the access will fail. @throws BadValue where there is no end */
export function lengthOf(at: Moment, place: BytePlace, span: ByteSpan, path: Path): bigint | undefined {
  const found = findBytes(callerAt(at), place, span);
  if (!isReached(found)) return undefined;
  if (found.length !== undefined) return found.length;
  throw new BadValue({ code: 'scenario-no-length', message: 'how many bytes? Give a length', path });
}
