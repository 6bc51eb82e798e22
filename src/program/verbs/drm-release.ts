import { verb } from '../verb.ts';

export const drmRelease = verb({
  call: 'drm_gem_close',
  under: 'drm',
  place: { before: 'name' },
  summary: 'a DRM device gives up a buffer',
  action: 'DRM_IOCTL_GEM_CLOSE: { fd: card, handle: 1 }',
  description:
    'DRM_IOCTL_GEM_CLOSE: the handle goes, and the attachment with it. Closing the node does so for all of its handles.',
  examples: ['dmaheap drm release 3 1'],
  arguments: {
    fd: { kind: 'descriptor', text: 'a descriptor of a node of /dev/dri' },
    handle: { kind: 'whole', text: 'the handle that drm import printed' },
  },
});
