import * as z from 'zod';
import { mapAttachment, mappedWarning, unmapAttachment } from '../../program/attachment.ts';
import { DIRECTION_WORDS, DIRECTIONS } from '../../program/device-words.ts';
import type { Action } from '../action.ts';
import { callerAt } from '../moment.ts';
import { ref, refOr } from '../value-forms.ts';

const schema = () =>
  refOr(
    z.strictObject({
      attachment: ref,
      direction: z.enum(DIRECTION_WORDS, { error: 'bidirectional, to-device or from-device' }).optional(),
    }),
    'an attachment, or { attachment, direction }',
  );

export const map: Action<typeof schema> = {
  text: 'dma_buf_map_attachment().',
  schema,
  expects: ['dma'],
  compile: (value, values, path) => {
    const given = typeof value === 'object' ? value : { attachment: value };
    const place = typeof value === 'object' ? [...path, 'attachment'] : path;
    const id = values.ref(given.attachment, place, 'attachment');
    const direction = DIRECTIONS[given.direction ?? 'bidirectional'];
    return (at) => {
      const attachment = id(at);
      const { kernel } = at.machine;
      const result = mapAttachment(callerAt(at), attachment, direction);
      if (result.ret < 0) return result;
      const mapping = kernel.deviceMapping(attachment);
      const dma = mapping?.segments[0]?.address;
      const warning = mapping && mappedWarning(kernel, mapping);
      return { ...result, ...(dma !== undefined && { dma }), ...(warning && { warnings: [warning] }) };
    };
  },
  export: {
    calls: {
      dma_buf_map_attachment: ({ call, dma }, { names }) => {
        const direction = DIRECTION_WORDS.find((word) => DIRECTIONS[word] === call.direction);
        if (direction === undefined) return undefined;
        const attachment = names.attachment(call.attachment);
        return {
          action: { map: direction === 'bidirectional' ? attachment : { attachment, direction } },
          ...(dma !== undefined && { expect: { dma } }),
        };
      },
    },
  },
};

export const unmap: Action<() => typeof ref> = {
  text: 'dma_buf_unmap_attachment().',
  schema: () => ref,
  compile: (value, values, path) => {
    const id = values.ref(value, path, 'attachment');
    return (at) => unmapAttachment(callerAt(at), id(at));
  },
  export: {
    calls: {
      dma_buf_unmap_attachment: ({ call }, { names }) => ({
        action: { unmap: names.attachment(call.attachment) },
      }),
    },
  },
};
