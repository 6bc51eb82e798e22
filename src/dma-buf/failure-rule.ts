/** By which rule of Linux a call fails. */
export interface FailureRule {
  /** `mm/cma.c: cma_alloc()`; absent where dmaheap decides and not Linux. */
  readonly where?: string;
  /** One sentence. */
  readonly rule: string;
  /** What would have to change, in general. */
  readonly change: string;
}
