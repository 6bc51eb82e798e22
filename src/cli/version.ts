/** dmaheap's own version, put in by the build. */
declare const DMAHEAP_VERSION: string | undefined;

export const VERSION: string = typeof DMAHEAP_VERSION === 'string' ? DMAHEAP_VERSION : 'unbuilt';
