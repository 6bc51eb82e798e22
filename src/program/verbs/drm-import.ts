import { verb } from '../verb.ts';

export const drmImport = verb({
  call: 'drm_prime_fd_to_handle',
  under: 'drm',
  place: { before: 'name' },
  summary: 'a DRM device imports a buffer: prints the handle',
  action: 'DRM_IOCTL_PRIME_FD_TO_HANDLE: { fd: card, buffer: a }',
  description:
    'DRM_IOCTL_PRIME_FD_TO_HANDLE on an open node of /dev/dri: the driver attaches to the buffer, which then lives until the handle is released or the node is closed. Prints the handle; a node that has the buffer already has it under the same handle.',
  examples: [
    'dmaheap boot board.dtb --config DRM_VGEM=y',
    'dmaheap open /dev/dri/card0',
    'dmaheap drm import 3 4',
  ],
  arguments: {
    fd: { kind: 'descriptor', text: 'a descriptor of a node of /dev/dri' },
    buffer: { kind: 'descriptor', text: 'a descriptor of the buffer' },
  },
  returns: 'number',
});
