/**
 * Why an emulated call failed, in numbers: data beside the errno, for whoever explains it. The kernel
 * gives only the errno; this is what a developer would dig out of debugfs afterwards.
 */

export type Failure =
  | { readonly kind: 'no-such-heap'; readonly name: string; readonly known: readonly string[] }
  /** An argument that the kernel refuses before it allocates. */
  | {
      readonly kind: 'bad-argument';
      readonly argument: 'len' | 'fd' | 'fd_flags' | 'heap_flags' | 'request' | 'offset' | 'prot' | 'flags';
      readonly value: bigint;
    }
  /** A bad file descriptor. */
  | { readonly kind: 'bad-descriptor'; readonly fd: number }
  /** No aligned free run in a CMA area. */
  | {
      readonly kind: 'cma-no-room';
      readonly area: string;
      readonly pages: bigint;
      /** The alignment asked for, in pages. */
      readonly alignPages: number;
      readonly freePages: number;
      readonly totalPages: number;
      readonly largestRun: number;
      /** The longest free run that starts at a multiple of `alignPages`. */
      readonly largestAlignedRun: number;
    }
  /** No free block of the rounded-up order in a coherent pool. */
  | {
      readonly kind: 'coherent-no-room';
      readonly pool: string;
      readonly pages: bigint;
      /** `pages` rounded up to a power of two: what the pool looks for. */
      readonly blockPages: bigint;
      readonly freePages: number;
      readonly totalPages: number;
      /** The largest power of two of pages that is free at a multiple of itself. */
      readonly largestBlock: number;
    }
  /** The system heap ran out of pages: on Linux the OOM killer ends the caller. */
  | { readonly kind: 'system-oom'; readonly pages: bigint; readonly freePages: number }
  /** RLIMIT_NOFILE is reached. */
  | { readonly kind: 'descriptor-limit'; readonly limit: number }
  /** The descriptor's access mode does not allow it. */
  | { readonly kind: 'access-mode'; readonly flags: number };
