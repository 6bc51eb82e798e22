/** `dmaheap device attach|map|unmap|detach`: what an importing driver does with a buffer. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AttachmentView, DeviceAttachment } from '../../kernel/views/views.ts';
import type { DmaDirection } from '../../mm/dma/dma-mapping.ts';
import { detachAttachment, mapAttachment, mappedWarning, unmapAttachment } from '../../program/attachment.ts';
import { DIRECTION_WORDS, parseDirection } from '../../program/device-words.ts';
import { type Calls, makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { segmentsJson } from '../json/machine-json.ts';
import { examples, type Registry } from '../registry.ts';
import { renderSegments } from '../render/segments.ts';
import { readDescriptor } from '../words/arguments.ts';
import { type AttachmentWord, findAttachment, readAttachment } from '../words/attachments.ts';
import { findDeviceCalled } from '../words/find-device.ts';

const NAME = 'the device: its name, the path of its node, or the name of its node';
const WHICH = 'a descriptor of the buffer, or attachment:N';

function readDirection(text: string): DmaDirection {
  const direction = parseDirection(text);
  if (direction !== undefined) return direction;
  throw new InvalidArgumentError(`Expected ${DIRECTION_WORDS.join(', ')}.`);
}

/** `device attach NAME FD`: prints the attachment's number. */
export function deviceAttach(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('attach'), 'device', 'fd')
    .summary('import a buffer: prints the number of the attachment')
    .description(
      "The device's driver imports the buffer: dma_buf_get() and dma_buf_attach(). The buffer then lives until it is detached, whoever closes descriptors. Prints the attachment's number.",
    )
    .argument('<name>', NAME)
    .argument('<fd>', 'a descriptor of the buffer')
    .addHelpText('after', examples('dmaheap device attach camera 4', 'n=$(dmaheap device attach camera 4)'))
    .action(async (name: string, word: string) => {
      const sh = shell(command);
      const fd = readDescriptor(word);
      const session = await sh.session('device attach');
      const { device, attachment } = await makeCalls(sh, session, ({ kernel, must }) => {
        const found = findDeviceCalled(kernel, name, 'device attach').name;
        const what = `device attach: ${found} ${fd}`;
        return { device: found, attachment: must(what, { call: 'dma_buf_attach', fd, device: found }) };
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.device-attach/1', device, fd, attachment }),
        () => `${attachment}\n`,
      );
    });
}

/** The device and the attachment that the words mean. */
function find(
  { kernel, task }: Calls,
  verb: string,
  name: string,
  word: AttachmentWord,
  fits: (attachment: AttachmentView) => boolean,
): DeviceAttachment {
  const device = findDeviceCalled(kernel, name, `device ${verb}`).name;
  return findAttachment(kernel, { what: `device ${verb}: ${device}`, device, task, word, fits });
}

/** `device map NAME FD`: prints the segments. */
export function deviceMap(parent: Command, { shell }: Registry): void {
  const command = completes(parent.command('map'), 'device', 'fd')
    .summary('make it reachable: prints the segments')
    .description(
      'The driver maps the buffer for its device: dma_buf_map_attachment(). Prints the bus addresses that the device gets.',
    )
    .argument('<name>', NAME)
    .argument('<fd|attachment:n>', WHICH)
    .addOption(
      new Option(
        '--direction <direction>',
        'bidirectional (unless given), to-device or from-device',
      ).argParser(readDirection),
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap device map camera 4',
        'dmaheap device map camera attachment:1 --direction from-device',
      ),
    )
    .action(async (name: string, text: string, options: { readonly direction?: DmaDirection }) => {
      const sh = shell(command);
      const word = readAttachment(text);
      const { direction = 'DMA_BIDIRECTIONAL' } = options;
      const session = await sh.session('device map');
      const mapped = await makeCalls(sh, session, (calls) => {
        const found = find(calls, 'map', name, word, (one) => one.direction === undefined);
        const what = `device map: ${found.device} ${text}`;
        calls.did(what, (caller) => mapAttachment(caller, found.id, direction));
        const mapping = calls.kernel.deviceMapping(found.id);
        const warning = mapping && mappedWarning(calls.kernel, mapping);
        return {
          ...found,
          segments: mapping?.segments ?? [],
          warnings: warning === undefined ? [] : [warning],
        };
      });
      const { segments, warnings } = mapped;
      await sh.warn(warnings);
      await sh.answer(
        () => ({
          schema: 'dmaheap.device-map/1',
          device: mapped.device,
          attachment: mapped.id,
          ino: mapped.buffer.ino,
          direction,
          segments: segmentsJson(segments),
          warnings,
        }),
        (ink) => renderSegments(segments, ink),
      );
    });
}

/** A command that ends what an attachment is. */
function ending(verb: 'unmap' | 'detach', about: string, description: string) {
  return (parent: Command, { shell }: Registry): void => {
    const command = completes(parent.command(verb), 'device', 'fd')
      .summary(about)
      .description(description)
      .argument('<name>', NAME)
      .argument('<fd|attachment:n>', WHICH)
      .addHelpText(
        'after',
        examples(`dmaheap device ${verb} camera 4`, `dmaheap device ${verb} camera attachment:1`),
      )
      .action(async (name: string, text: string) => {
        const sh = shell(command);
        const word = readAttachment(text);
        const session = await sh.session(`device ${verb}`);
        const ended = await makeCalls(sh, session, (calls) => {
          const found = find(
            calls,
            verb,
            name,
            word,
            (one) => verb === 'detach' || one.direction !== undefined,
          );
          const end = verb === 'unmap' ? unmapAttachment : detachAttachment;
          calls.did(`device ${verb}: ${found.device} ${text}`, (caller) => end(caller, found.id));
          return found;
        });
        await sh.answer(
          () => ({ schema: `dmaheap.device-${verb}/1`, device: ended.device, attachment: ended.id }),
          () => '',
        );
      });
  };
}

/** `device unmap NAME FD`. */
export const deviceUnmap = ending(
  'unmap',
  'end its mapping',
  'The driver ends the mapping: dma_buf_unmap_attachment(). The caches are maintained as its direction says.',
);

/** `device detach NAME FD`. */
export const deviceDetach = ending(
  'detach',
  'give it up',
  'The driver gives the buffer up: it unmaps it if need be, dma_buf_detach(), dma_buf_put().',
);
