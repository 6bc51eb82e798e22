import * as z from 'zod';
import { detachAttachment } from '../../program/attachment.ts';
import type { Action } from '../action.ts';
import { deviceOrWord } from '../device-named.ts';
import { nameWord } from '../export/names.ts';
import { isPlainText } from '../export/words.ts';
import { callerAt, syscall } from '../moment.ts';
import { ref, text } from '../value-forms.ts';

const schema = () => z.strictObject({ fd: ref, device: text }, { error: '{ fd, device }' });

export const attach: Action<typeof schema> = {
  text: 'dma_buf_attach().',
  schema,
  makes: 'attachment',
  compile: (value, values, path) => {
    const fd = values.ref(value.fd, [...path, 'fd'], 'descriptor');
    const name = values.text(value.device, [...path, 'device']);
    return (at) => {
      const { kernel } = at.machine;
      const device = deviceOrWord(kernel, name(at), path);
      return syscall(at, { call: 'dma_buf_attach', fd: fd(at), device });
    };
  },
  export: {
    calls: {
      dma_buf_attach: ({ task, result: { ret }, call: { fd, device } }, { names }) => {
        if (fd < 0 || !isPlainText(device)) return undefined;
        const action = { attach: { fd: names.descriptor(task, fd), device } };
        if (ret < 0) return { action };
        const as = names.fresh(nameWord(device.replace(/^[0-9a-f]+\./, '')) ?? 'a', true);
        names.bindAttachment(ret, as);
        return { action, as, expect: { ret } };
      },
    },
  },
};

export const detach: Action<() => typeof ref> = {
  text: 'dma_buf_detach().',
  schema: () => ref,
  compile: (value, values, path) => {
    const id = values.ref(value, path, 'attachment');
    return (at) => detachAttachment(callerAt(at), id(at));
  },
  export: {
    calls: {
      dma_buf_detach: ({ call }, { names }) => ({ action: { detach: names.attachment(call.attachment) } }),
    },
  },
};
