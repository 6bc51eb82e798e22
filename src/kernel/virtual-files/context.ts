/** Who looks at the files, and at which kernel. */
import type { HeapContext } from '../../dma-buf/heap-ops.ts';
import type { Credentials } from '../task.ts';

export interface VirtualContext extends HeapContext {
  /** The task that looks: what /proc/self is. */
  readonly task?: string;
}

/** A context with the credentials of the opener, on which some texts depend: file_ns_capable(). */
export interface Viewer extends VirtualContext {
  readonly credentials: Credentials;
}
