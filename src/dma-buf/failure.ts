/**
 * Why an emulated call failed, in numbers: data beside the errno, for whoever explains it. The kernel
 * gives only the errno; this is what a developer would dig out of debugfs afterwards.
 */

import type { DmaDirection, DmaMapFailure } from '../mm/dma/dma-mapping.ts';
import type { DmaNoRoom } from '../mm/dma/dma-taken.ts';
import type { RegionRefused } from '../mm/dma/region-binding.ts';
import type { NoRoom } from './backends.ts';

export type Failure =
  | {
      readonly kind: 'no-such-heap';
      readonly name: string;
      readonly known: readonly string[];
      /** Modules that are not loaded, when there are any. */
      readonly notLoaded?: readonly string[];
      /** By which code a region of that name is no heap. */
      readonly noHeap?: string;
    }
  /** An argument that the kernel refuses before it allocates. */
  | {
      readonly kind: 'bad-argument';
      readonly argument:
        | 'len'
        | 'fd'
        | 'sync-file'
        | 'dup-from'
        | 'fd_flags'
        | 'heap_flags'
        | 'request'
        | 'offset'
        | 'addr'
        | 'old_len'
        | 'new_len'
        | 'length'
        | 'whence'
        | 'prot'
        | 'flags'
        | 'cmd'
        | 'op'
        | 'mode'
        | 'advice'
        | 'mapping'
        | 'attachment'
        | 'handle'
        | 'device-buffer'
        | 'name';
      readonly value: bigint;
      /** What was to be moved within, of lseek(2): files differ in what they take. */
      readonly seeks?: 'dma-buf' | 'virtual';
    }
  /** A pointer that leads nowhere, or to fewer bytes than the request copies: how many, where that is known. */
  | { readonly kind: 'bad-pointer'; readonly request: number; readonly given?: number }
  /** A fault rule said so; `died` is the task that it ended. */
  | { readonly kind: 'injected'; readonly rule: number; readonly died?: string }
  | { readonly kind: 'no-such-fault'; readonly rule: number }
  /** An overlay that does not go over the live tree. */
  | { readonly kind: 'overlay'; readonly message: string; readonly hint?: string }
  /** No CMA area has a page of the range. */
  | { readonly kind: 'not-in-cma'; readonly base: bigint; readonly size: bigint }
  /** No CMA area, and no coherent pool, is called so. */
  | { readonly kind: 'no-such-area'; readonly area: string; readonly known: readonly string[] }
  /** A range that is no part of the area, no whole pages, or not behind the one before. */
  | { readonly kind: 'not-free-runs'; readonly area: string; readonly base: bigint; readonly size: bigint }
  /** What is to be free is a buffer's. */
  | { readonly kind: 'buffer-there'; readonly area: string; readonly base: bigint; readonly size: bigint }
  /** No range was pinned that is just this. */
  | { readonly kind: 'not-pinned'; readonly base: bigint; readonly size: bigint }
  | { readonly kind: 'no-such-module'; readonly module: string; readonly known: readonly string[] }
  /** A module that cannot be unloaded. */
  | { readonly kind: 'module-has-no-exit'; readonly module: string }
  /** A name that no task can have. */
  | { readonly kind: 'task-name'; readonly task: string }
  /** A bad file descriptor. */
  | { readonly kind: 'bad-descriptor'; readonly fd: number }
  /** RLIMIT_NOFILE is reached. */
  | { readonly kind: 'descriptor-limit'; readonly limit: number }
  /** The descriptor's access mode does not allow it. */
  | { readonly kind: 'access-mode'; readonly flags: number }
  /** A path that leads nowhere, or where the task may not go. */
  | {
      readonly kind: 'path';
      readonly path: string;
      readonly mode?: number;
      readonly gid?: number;
      /** Why a directory cannot be made or removed there. */
      readonly cgroup?: 'not-a-cgroup' | 'not-there' | 'in-use';
    }
  | { readonly kind: 'no-such-task'; readonly task: string; readonly known: readonly string[] }
  | { readonly kind: 'task-exists'; readonly task: string }
  | { readonly kind: 'no-such-device'; readonly device: string; readonly known: readonly string[] }
  | { readonly kind: 'device-exists'; readonly device: string }
  /** An attachment that other tasks have made through their own file of the device. */
  | { readonly kind: 'attachment-held'; readonly attachment: number; readonly tasks: readonly string[] }
  | { readonly kind: 'no-such-attachment'; readonly attachment: number }
  /** The attachment is another device's. */
  | {
      readonly kind: 'attachment-of-other';
      readonly attachment: number;
      readonly device: string;
      readonly owner: string;
    }
  | { readonly kind: 'attachment-mapped'; readonly attachment: number; readonly direction: DmaDirection }
  | { readonly kind: 'attachment-not-mapped'; readonly attachment: number }
  /** The device has no address of a buffer that the task means by a descriptor; attached, it has not mapped it. */
  | {
      readonly kind: 'no-dma';
      readonly device: string;
      readonly attached: boolean;
      readonly task: string;
      readonly fd: number;
    }
  /** What a device would access begins behind the buffer, and has no length of its own. */
  | { readonly kind: 'dma-past-end'; readonly device: string; readonly offset: bigint; readonly size: bigint }
  /** Buffers are attached to the device. */
  | { readonly kind: 'device-in-use'; readonly device: string; readonly attachments: number }
  /** A mapping of no bytes. */
  | { readonly kind: 'empty-mapping' }
  | { readonly kind: 'misaligned-offset'; readonly offset: bigint; readonly page: bigint }
  /** Bytes behind the end; `stored` of those before it were stored. */
  | {
      readonly kind: 'past-end';
      readonly of: 'buffer' | 'range';
      readonly offset: bigint;
      readonly length: bigint;
      readonly size: bigint;
      readonly stored?: bigint;
    }
  /** A buffer that no CPU may map: its heap, of a TEE, has no mmap. */
  | { readonly kind: 'no-mmap'; readonly declared: string }
  /** MAP_PRIVATE of a buffer that has none. */
  | { readonly kind: 'no-private-mapping' }
  /** PROT_EXEC of a buffer where buffers lie on a file system without programs. */
  | { readonly kind: 'no-exec' }
  /** Nothing is mapped at an address, or not as far as was said. */
  | { readonly kind: 'not-mapped'; readonly addr: bigint }
  /** A mapping that mremap cannot make longer, or leave where it was: it is one of frames (VM_PFNMAP). */
  | { readonly kind: 'frame-mapping' }
  /** There is no room beside a mapping, and it may not move. */
  | { readonly kind: 'no-room-beside' }
  /** SYNC or mmap of a buffer that the CPU may not touch: a `no-map` pool. */
  | { readonly kind: 'no-cpu-access'; readonly pool: string }
  /** The file is of a kind that the call is not for. */
  | { readonly kind: 'not-a-dma-buf'; readonly fd: number }
  | { readonly kind: 'not-a-drm-file'; readonly fd: number }
  /** An importer that needs one run of addresses got several. */
  | {
      readonly kind: 'not-contiguous';
      readonly contiguous: bigint;
      readonly size: bigint;
      readonly segments: number;
    }
  /** A mask that no memory of the machine lies in. */
  | { readonly kind: 'mask-too-small'; readonly device: string; readonly mask: bigint }
  /** Its driver has bound it, or holds memory for it. */
  | { readonly kind: 'device-bound'; readonly device: string; readonly buffers: number }
  /** A plane of a queue's buffer, which the queue alone gives back. */
  | { readonly kind: 'buffer-of-queue'; readonly buffer: number; readonly device: string }
  /** Dimensions that 32 bits do not count, or 0. */
  | { readonly kind: 'dumb-size'; readonly width: number; readonly height: number; readonly bpp: number }
  | DmaNoRoom
  | RegionRefused
  | NoRoom
  | DmaMapFailure;
