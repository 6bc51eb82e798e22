/**
 * Why an emulated call failed, in words and numbers: what a developer would otherwise dig out of debugfs.
 */

import { didYouMean } from '../../devicetree/did-you-mean.ts';
import { explainNoRoom } from '../../dma-buf/backends.ts';
import type { Failure } from '../../dma-buf/failure.ts';
import { SHELL_TASK } from '../../kernel/task.ts';
import { formatFlags } from '../../profile/open-flag-words.ts';
import { groupText } from '../../program/group-names.ts';
import type { Remark } from '../../program/remark.ts';
import { O_ACCMODE } from '../../uapi/fcntl.ts';
import { iocSize } from '../../uapi/ioctl.ts';
import { counted, formatHex, formatSize, U64_MASK } from '../../units.ts';
import { explainDriverFailure } from './explain-driver-failure.ts';

const CGROUP_REASONS = {
  'not-a-cgroup': 'directories are made and removed only below /sys/fs/cgroup',
  'not-there': 'it, or the cgroup that it would be in, is not there',
  'in-use': 'the cgroup has tasks or cgroups in it, or is the root',
} as const;

/** What lseek(2) takes of a file. */
const SEEKS = {
  'dma-buf': ': SEEK_SET (0) and SEEK_END (2) are',
  virtual: ': SEEK_SET (0) and SEEK_CUR (1) are',
} as const;

/** Whether a length has no page's end above it. */
const wraps = (length: bigint): boolean => length > U64_MASK - 0xfffn;

function badArgument(failure: Extract<Failure, { kind: 'bad-argument' }>): string[] {
  const { argument, value, seeks } = failure;
  switch (argument) {
    case 'len':
      return value === 0n
        ? ['the length is 0: a buffer has at least one page']
        : [
            `the length ${value < 0n ? value : formatHex(value)} ${wraps(value) ? 'wraps to 0 when it is rounded up to pages' : 'is not allowed'}`,
          ];
    case 'fd':
      return [`the fd field must be 0 on the way in; it is ${value}`];
    case 'sync-file':
      return [`descriptor ${value} is no sync_file of the task`];
    case 'dup-from':
      return [`a descriptor from ${value} on is not below RLIMIT_NOFILE`];
    case 'fd_flags':
      return [
        `fd flags ${formatFlags(Number(value))} (${formatHex(value)}): only an access mode (O_RDONLY, O_WRONLY, O_RDWR) and O_CLOEXEC are allowed`,
      ];
    case 'heap_flags':
      return [`heap flags ${formatHex(value)}: no flag is defined, so they must be 0`];
    case 'request':
      return [`ioctl request ${formatHex(value)} is not one that this file knows`];
    case 'offset': {
      const told = `offset ${value < 0n ? value : formatHex(value)}`;
      if (seeks === 'dma-buf')
        return [`${told} is not allowed: a buffer takes only 0, with SEEK_SET or SEEK_END`];
      if (seeks === 'virtual') return [`${told} leads to before the begin of the file`];
      return [value < 0n ? `${told} is below 0` : `${told} is no multiple of a page`];
    }
    case 'whence':
      return [`whence ${value} is not allowed${seeks === undefined ? '' : SEEKS[seeks]}`];
    case 'prot':
      return [`protection ${formatHex(value)} is not allowed`];
    case 'flags':
      return [`flags ${formatHex(value)} are not allowed`];
    case 'addr':
      return [
        `address ${formatHex(value)}: it is no multiple of a page, too high, or in the way of what is there`,
      ];
    case 'length':
    case 'old_len':
    case 'new_len':
      return [`${argument} ${value < 0n ? value : formatHex(value)} is not allowed`];
    case 'op':
    case 'mode':
    case 'advice':
      return [`${argument} ${formatHex(value)} is not allowed`];
    case 'cmd':
      return [`fcntl has no command ${value}`];
    case 'mapping':
      return [`the task has no mapping ${value}; dmaheap tasks shows how many it has`];
    case 'attachment':
      return [`attachment ${value} is not there, or not in a state for this`];
    case 'handle':
      return [`the device's file has no handle ${value}`];
    case 'device-buffer':
      return [`no device holds memory of number ${value}; dmaheap device show NAME lists what one holds`];
    case 'name':
      return [`a name has at most 31 bytes, this one ${value}`];
  }
}

/** What else is known of it, in one line. */
function explainRemark(remark: Remark): string {
  switch (remark.is) {
    case 'who': {
      const { task, uid, groups } = remark;
      return `the task ${task} is user ${uid}, in ${groups.length > 1 ? 'groups' : 'group'} ${groups.map(groupText).join(', ')}`;
    }
    case 'relative-path':
      return 'a path begins with /: there is no current directory';
    case 'only-written':
      return 'it is only written';
    case 'allocated-before': {
      const { allocated, count, closed } = remark;
      return `${allocated} of ${counted(count, 'buffer')} were allocated ${closed ? 'and closed again (--atomic)' : 'before it'}`;
    }
    case 'closed-again':
      return 'the buffer was closed again';
  }
}

/** Everything that is known of a failure, for commands and scenarios alike: lines without line breaks. */
export const explainOutcome = ({
  why,
  remarks = [],
}: {
  readonly why?: Failure;
  readonly remarks?: readonly Remark[];
}): string[] => [...(why === undefined ? [] : explainFailure(why)), ...remarks.map(explainRemark)];

/** Names that heaps of vendors' kernels and of a TEE have, as far as public sources show them. */
const isVendorName = (name: string): boolean =>
  /^(carveout_|qcom,|mtk_|protected,|system-(uncached|dma32)|cma(-uncached)?$)|-uncached$/.test(name);

const sizeText = (size: bigint): string => `${size} (${formatSize(size)})`;

/** The command as the task calls it. */
const dmaheapOf = (task: string): string => (task === SHELL_TASK ? 'dmaheap' : `dmaheap --task ${task}`);

/** Why a device has no address of a buffer, and how it gets one. */
function noDma({ device, attached, task, fd }: Extract<Failure, { kind: 'no-dma' }>): string[] {
  const dmaheap = dmaheapOf(task);
  const map = `${dmaheap} device map ${device} ${fd}`;
  return attached
    ? [`${device} is attached to the buffer but has not mapped it`, `here: ${map}`]
    : [
        `${device} is not attached to the buffer, so it has no address of it`,
        `here: ${dmaheap} device attach ${device} ${fd} && ${map}`,
      ];
}

/** Why the call failed: one line or more, without a line break at the end. */
export function explainFailure(failure: Failure): string[] {
  switch (failure.kind) {
    case 'no-such-heap': {
      const near = didYouMean(failure.name, failure.known);
      const known =
        failure.known.length === 0 ? 'there are no heaps' : `the heaps are: ${failure.known.join(', ')}`;
      const modules = failure.notLoaded?.join(', ');
      const missing =
        modules === undefined ? [] : [`not loaded: ${modules}; dmaheap modprobe loads a module`];
      const vendor = isVendorName(failure.name)
        ? [
            'mainline has no heap of that name: one of a vendor or a TEE is declared, boot --vendor NAME or FILE',
          ]
        : [];
      const region =
        failure.noHeap === undefined
          ? []
          : [
              `the region ${failure.name} is there, and is no heap (${failure.noHeap}): dmaheap why ${failure.name}`,
            ];
      return [
        ...(near === undefined ? [] : [`did you mean ${near}?`]),
        known,
        ...region,
        ...missing,
        ...vendor,
      ];
    }
    case 'bad-argument':
      return badArgument(failure);
    case 'bad-descriptor':
      return [`${failure.fd} is not an open descriptor of the task; dmaheap tasks lists those that are`];
    case 'bad-pointer':
      if (failure.given !== undefined) {
        const needs = `${iocSize(failure.request) || 'some'} bytes of the caller`;
        return [`the request needs ${needs}, and there are ${failure.given}`];
      }
      return [
        `the argument is no memory of the task, or has fewer bytes than ${formatHex(failure.request)} copies`,
      ];
    case 'injected':
      return failure.died === undefined
        ? [`on purpose: fault rule ${failure.rule} (dmaheap fault list)`]
        : [
            `on purpose: by fault rule ${failure.rule} the task ${failure.died} died instead of this call; nothing of it is left`,
          ];
    case 'no-such-fault':
      return [`there is no fault rule ${failure.rule}; dmaheap fault list shows those that there are`];
    case 'overlay':
      return [failure.message, ...(failure.hint === undefined ? [] : [failure.hint])];
    case 'not-in-cma':
      return [
        `no CMA area has a page of ${formatHex(failure.base)}..${formatHex(failure.base + failure.size - 1n)}; dmaheap list shows where they lie`,
      ];
    case 'no-such-area':
      return [
        `no CMA area and no coherent pool is called ${failure.area}; there are: ${failure.known.join(', ') || 'none'}`,
      ];
    case 'not-free-runs':
      return [
        `${formatHex(failure.base)}:${formatHex(failure.size)} cannot be free: expected whole pages of ${failure.area}, ascending`,
      ];
    case 'buffer-there':
      return [
        `a buffer of ${failure.area} has ${formatHex(failure.base)}..${formatHex(failure.base + failure.size - 1n)}: it cannot be free`,
      ];
    case 'not-pinned':
      return [
        `no range is pinned that is just ${formatHex(failure.base)}:${formatHex(failure.size)}; dmaheap pin lists those that are`,
      ];
    case 'no-such-module': {
      const near = didYouMean(failure.module, failure.known);
      const known = `the heaps' modules of this kernel are: ${failure.known.join(', ') || 'none'}`;
      return near === undefined ? [known] : [`did you mean ${near}?`, known];
    }
    case 'module-has-no-exit':
      return [`${failure.module} has no module_exit(): Linux never lets it go, nor its heaps`];
    case 'task-name':
      return [`"${failure.task}" is no name for a task`];
    case 'descriptor-limit':
      return [
        `the task has all ${counted(failure.limit, 'descriptor')} open that RLIMIT_NOFILE allows; boot --nofile N and task add --nofile N set another limit`,
      ];
    case 'access-mode':
      return [
        (failure.flags & O_ACCMODE) === O_ACCMODE
          ? 'the descriptor was opened with access mode 3, which allows no mapping'
          : `the descriptor is ${formatFlags(failure.flags)}: it does not allow this access`,
      ];
    case 'path':
      return failure.mode === undefined
        ? failure.cgroup === undefined
          ? []
          : [`${failure.path}: ${CGROUP_REASONS[failure.cgroup]}`]
        : [
            `${failure.path} has mode ${failure.mode.toString(8).padStart(4, '0')}, user 0, group ${failure.gid ?? 0}`,
          ];
    case 'no-such-task':
      return [`the tasks are: ${failure.known.join(', ')}`];
    case 'task-exists':
      return [`there is a task ${failure.task}`];
    case 'no-such-device': {
      const near = didYouMean(failure.device, failure.known);
      const known =
        failure.known.length === 0
          ? 'there are no devices; dmaheap device add NAME makes one'
          : 'dmaheap devices lists those that there are';
      return near === undefined ? [known] : [`did you mean ${near}?`, known];
    }
    case 'device-exists':
      return [`there is a device ${failure.device}`];
    case 'attachment-held':
      return [
        `attachment ${failure.attachment} was made by ${failure.tasks.join(', ')}, through a file of the device that this task does not have`,
      ];
    case 'no-such-attachment':
      return [`there is no attachment ${failure.attachment}; dmaheap devices lists them`];
    case 'attachment-of-other':
      return [`attachment ${failure.attachment} is ${failure.owner}'s, not ${failure.device}'s`];
    case 'attachment-mapped':
      return [`attachment ${failure.attachment} is mapped already, ${failure.direction}`];
    case 'attachment-not-mapped':
      return [`attachment ${failure.attachment} is not mapped: the device has no address of it`];
    case 'no-dma':
      return noDma(failure);
    case 'dma-past-end':
      return [
        `offset ${failure.offset} is past the end: the buffer has ${sizeText(failure.size)}`,
        `with a length, ${failure.device} goes on there all the same`,
      ];
    case 'device-in-use': {
      const { attachments } = failure;
      return [
        `it has ${attachments} ${attachments === 1 ? 'attachment' : 'attachments'}: what is mapped was mapped for the device as it is; detach first`,
      ];
    }
    case 'empty-mapping':
      return ['a mapping has at least one byte'];
    case 'misaligned-offset':
      return [`offset ${failure.offset} is no multiple of a page (${failure.page})`];
    case 'past-end': {
      const { of, offset, length, size, stored } = failure;
      return stored === undefined
        ? [`bytes ${offset} to ${offset + length} asked; the ${of} has ${sizeText(size)}`]
        : [`the first ${stored} bytes fitted and are stored; the ${of} ends at ${size}`];
    }
    case 'no-mmap':
      return [
        `the memory is protected by a TEE: tee_heap has no mmap, so no CPU of Linux maps the buffer (declared by ${failure.declared})`,
      ];
    case 'no-private-mapping':
      return ['a buffer of a CMA heap has no private mappings (MAP_PRIVATE)'];
    case 'no-exec':
      return ['buffers lie on a file system without programs (noexec): none is mapped with PROT_EXEC'];
    case 'not-mapped':
      return [`nothing is mapped at ${formatHex(failure.addr)}, or not as far as was said`];
    case 'frame-mapping':
      return ['the heap maps frames (VM_PFNMAP): mremap makes such a mapping shorter or moves it, no more'];
    case 'no-room-beside':
      return ['another mapping stands behind it, and it may not move (MREMAP_MAYMOVE)'];
    case 'no-cpu-access':
      return [
        `${failure.pool} is no-map: the coherent series wip (not mainline) refuses SYNC, mmap and vmap of its buffers; devices may use them`,
      ];
    case 'not-a-drm-file':
      return [`descriptor ${failure.fd} is no file of a DRM device: open one of /dev/dri`];
    case 'not-a-dma-buf':
      return [`descriptor ${failure.fd} is no dma-buf`];
    case 'not-contiguous':
      return [
        `the device needs one run of addresses; the first run of ${failure.segments} segments has ${failure.contiguous} of ${failure.size} bytes`,
      ];
    case 'dma-unreachable':
      return [
        `the device cannot reach ${formatHex(failure.address)}: mask ${formatHex(failure.mask)}, bus limit ${formatHex(failure.limit)}, and there is no bounce buffer that it reaches`,
      ];
    case 'iova-full':
      return [`no run of I/O addresses for ${failure.size} bytes below ${formatHex(failure.limit)}`];
    case 'swiotlb-full':
      return [
        `no bounce buffer for ${failure.size} bytes (256 KiB at most): ${failure.used} of ${failure.total} slots of 2 KiB are used`,
      ];
    case 'not-modelled':
      return [`${failure.what} is not modelled`];
    case 'mask-too-small':
    case 'buffer-of-queue':
    case 'device-bound':
    case 'dumb-size':
    case 'dma-no-room':
    case 'region-refused':
      return explainDriverFailure(failure);
    default:
      return explainNoRoom(failure);
  }
}
