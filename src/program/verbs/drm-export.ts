import { flagNames, parseFcntlArgument } from '../../profile/open-flag-words.ts';
import { DRM_CLOEXEC, DRM_RDWR } from '../../uapi/drm.ts';
import { verb } from '../verb.ts';

export const drmExport = verb({
  call: 'drm_prime_handle_to_fd',
  under: 'drm',
  place: { before: 'name' },
  summary: 'a new descriptor of an imported buffer: prints it',
  action: 'DRM_IOCTL_PRIME_HANDLE_TO_FD: { fd: card, handle: 1 }',
  description:
    'DRM_IOCTL_PRIME_HANDLE_TO_FD: a descriptor of the same buffer that was imported, also when every other one is closed. It can be read and written as the buffer was made, whatever the flags say of that.',
  examples: ['dmaheap drm export 3 1', 'dmaheap drm export 3 1 O_RDWR'],
  arguments: {
    fd: { kind: 'descriptor', text: 'a descriptor of a node of /dev/dri' },
    handle: { kind: 'whole', text: 'the handle that drm import printed' },
    flags: {
      kind: 'flags',
      parse: parseFcntlArgument,
      names: flagNames,
      text: `${flagNames(DRM_CLOEXEC | DRM_RDWR).join('|')} unless given`,
      expected: 'flags such as O_CLOEXEC|O_RDWR, or a number',
      form: 'flags of open(2) joined by |, or a number',
      default: DRM_CLOEXEC | DRM_RDWR,
      optional: true,
    },
  },
  returns: 'descriptor',
});
