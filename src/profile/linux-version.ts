/**
 * What differs between versions of Linux: values, rules and log texts by name. One file a version stands beside this
 * one and is all of it that knows the version.
 */
import type { PhysAddr } from '../units.ts';
import type { ProfileConfig } from './config.ts';

/** A line of the log with its level. */
export type LogText = readonly [level: 3 | 4 | 6, text: string];

/** A /reserved-memory child, as lines name it. */
interface NamedRegion {
  readonly name: string;
  readonly base: PhysAddr;
  readonly size: bigint;
}

export interface LinuxVersion {
  /** The version people say. */
  readonly name: string;

  /** sizeof(struct page). */
  readonly structPage: bigint;
  /** sizeof(struct reserved_mem), of which the array of regions is made. */
  readonly regionSlot: bigint;
  /** sizeof(struct device_node), of struct property and of struct alias_prop, of which the unflattened tree is made. */
  readonly treeSizes: { readonly node: number; readonly property: number; readonly alias: number };
  /** How many dynamic regions are placed: MAX_RESERVED_REGIONS. */
  readonly maxDynamicRegions: number;
  /** How many CMA areas there can be: MAX_CMA_AREAS. */
  readonly maxCmaAreas: (config: ProfileConfig) => number;
  /** Whether what a PMD maps bounds the pageblock: pageblock_order. */
  readonly hugePageblocks: (config: ProfileConfig) => boolean;
  /** Whether the default area is tried from 4 GiB upward first. */
  readonly fromFourGiB: (size: bigint, limit: PhysAddr, endOfRam: PhysAddr) => boolean;
  /** Whether a zone gets a pool for atomic DMA allocations. */
  readonly atomicPool: (zone: 'DMA' | 'DMA32' | 'Normal', populated: boolean) => boolean;

  /** The orders in which the system heap takes pieces, the largest first. */
  readonly systemHeapOrders: readonly [number, ...number[]];
  /** The name that the default CMA area's heap has besides its own. */
  readonly defaultCmaHeap: string;

  /** What f_mode of every dma-buf's file has, besides its access. */
  readonly dmaBufMode: number;
  /** The column titles of bufinfo. */
  readonly bufinfoTitles: string;
  /** What bufinfo calls a buffer without a name. */
  readonly unnamedBuffer: string;

  readonly log: {
    /** Of the default area: what was asked for, and what was taken. */
    readonly cmaReserved: (
      asked: bigint,
      area: { readonly base: PhysAddr; readonly size: bigint },
    ) => LogText;
    readonly cmaNotReserved: (asked: bigint) => LogText;
    /** A request that failed, with the name of its rate limit. */
    readonly cmaAllocFailed: (
      area: string,
      pages: bigint,
    ) => { readonly site: string; readonly line: LogText };
    /** What of an area is free, in pages: cma_debug_show_areas(). @param runs from the area's start */
    readonly cmaFree: (
      runs: readonly { readonly start: number; readonly length: number }[],
      free: number,
      total: number,
    ) => readonly LogText[];
    readonly cmaNotActivated: (area: string) => LogText;
    readonly cmaHeapRefused: (area: string) => LogText;
    readonly coherentPoolMade: (base: PhysAddr, size: bigint) => LogText;
    /** A pool whose bitmap cannot be allocated. */
    readonly coherentPoolFailed: (base: PhysAddr, size: bigint) => LogText;
    readonly noReservedMemory: LogText;
    readonly tooManyDynamic: (node: string) => LogText;
    readonly severalRegPairs: (node: string, pairs: number) => LogText;
    readonly defaultCmaSkipped: LogText;
    readonly regionNotReserved: (region: NamedRegion) => LogText;
    readonly regionNotPlaced: (node: string, size: bigint) => LogText;
    /** A region that was set up: the line with its range. */
    readonly regionRange: (
      region: NamedRegion & { readonly noMap: boolean; readonly reusable: boolean },
    ) => LogText;
  };
}
