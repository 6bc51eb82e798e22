/** What ioctl(2) brings. */
import type { UserPointer } from './results.ts';

export interface Ioctl {
  readonly request: number;
  /** A pointer, or for the few requests that take a number by value, that in 8 bytes. */
  readonly arg: UserPointer;
  /** The caller may not write where the pointer leads. */
  readonly readOnly?: true;
  /** What the pointers inside the struct lead to, in their order: name, date and description of DRM_IOCTL_VERSION. */
  readonly pointers?: readonly UserPointer[];
  /** The number that the caller's own table gave for a new descriptor; -1: none was left. The lowest free one unless given. */
  readonly at?: number;
}
