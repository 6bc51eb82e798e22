import * as z from 'zod';
import {
  allocatedFd,
  ioctl as callIoctl,
  EXPECTED_ARGUMENT,
  ioctlArgument,
  parseIoctlBytes,
} from '../../program/ioctl-argument.ts';
import { IOCTL_REQUESTS, wordOf } from '../../uapi/call-names.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../uapi/dma-heap.ts';
import type { Action } from '../action.ts';
import { BUFFER } from '../expectation.ts';
import { isWhole, madeDescriptor } from '../export/exporter.ts';
import { hexWord } from '../export/words.ts';
import { callerAt } from '../moment.ts';
import { hex, ref, words, yes } from '../value-forms.ts';

const schema = () =>
  z.strictObject(
    {
      fd: ref,
      request: words('a request of ioctl(2), by name or number'),
      arg: z
        .union([hex, z.null()], { error: 'pairs of hexadecimal digits, or null' })
        .meta({ description: 'The bytes of the caller; null is a pointer to nothing.' })
        .optional(),
      // The same as `arg: null`, for whoever writes no null.
      null: yes.optional(),
    },
    { error: '{ fd, request, arg }' },
  );

export const ioctl: Action<typeof schema> = {
  text: 'Any request with any bytes: { fd: h, request: DMA_HEAP_IOCTL_ALLOC, arg: "0010…" }',
  schema,
  makes: 'descriptor',
  expects: [...BUFFER, 'arg'],
  compile: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const request = values.word(value.request, [...path, 'request'], IOCTL_REQUESTS);
    const given = values.read(value.arg ?? '', [...path, 'arg'], parseIoctlBytes, EXPECTED_ARGUMENT);
    const isNull = value.null === true || value.arg === null;
    if (value.null === true && typeof value.arg === 'string') {
      values.problem([...path, 'null'], 'scenario-exclusive', 'null: true has no bytes, and arg has some');
    }
    return (at) => {
      const number = request(at);
      const arg = isNull ? null : ioctlArgument(number, given(at));
      const result = callIoctl(callerAt(at), { fd: fd(at), request: number, arg });
      const made = result.ret < 0 ? undefined : allocatedFd(number, arg);
      return { ...result, ...(arg !== null && { arg }), ...(made !== undefined && { fd: made, made }) };
    };
  },
  export: {
    general: true,
    calls: {
      ioctl: ({ task, result, call, given = call.arg, phys }, { names }) => {
        if (!isWhole(call.fd) || call.at !== undefined || call.readOnly === true) return undefined;
        const fd = names.descriptor(task, call.fd);
        const number = call.request >>> 0;
        const request = wordOf(IOCTL_REQUESTS, number) ?? BigInt(number);
        if (given === null) return { action: { ioctl: { fd, request, null: true } } };
        const least = ioctlArgument(number, new Uint8Array()).length;
        // A scenario gives a request as many bytes as it is long.
        if (given.length < least || call.arg === null) return undefined;
        const succeeded = result.ret >= 0;
        if (number === DMA_HEAP_IOCTL_ALLOC && succeeded) {
          const data = decodeDmaHeapAllocationData(call.arg);
          const arg = hexWord(encodeDmaHeapAllocationData({ ...data, fd: 0 }));
          const made = madeDescriptor(task, data.fd, 'buf', names);
          const expect = { ...made.expect, ...(phys !== undefined && { phys }) };
          return { action: { ioctl: { fd, request, arg } }, ...made, expect };
        }
        const isPlain = given.length === least && given.every((byte) => byte === 0);
        const changed = Buffer.compare(given, call.arg) !== 0;
        return {
          action: { ioctl: { fd, request, ...(!isPlain && { arg: hexWord(given) }) } },
          expect: {
            ...(succeeded && result.ret !== 0 && { ret: result.ret }),
            ...(succeeded && changed && { arg: hexWord(call.arg) }),
          },
        };
      },
    },
  },
};
