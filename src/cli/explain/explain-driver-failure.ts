/** Why a driver got no memory, no region or no mask, in words and numbers. */
import type { Failure } from '../../dma-buf/failure.ts';
import { heldLines } from '../../dma-buf/heap-ops.ts';
import type { DmaNoRoom } from '../../mm/dma/dma-taken.ts';
import type { RegionRefused } from '../../mm/dma/region-binding.ts';
import { formatHex, formatSize } from '../../units.ts';

type DriverFailure = Extract<
  Failure,
  {
    kind:
      | 'mask-too-small'
      | 'buffer-of-queue'
      | 'device-bound'
      | 'dumb-size'
      | 'dma-no-room'
      | 'region-refused';
  }
>;

/** One line or more, without a line break at the end. */
export function explainDriverFailure(failure: DriverFailure): string[] {
  switch (failure.kind) {
    case 'mask-too-small':
      return [
        `${failure.device} would reach up to ${formatHex(failure.mask)}, below all memory that the kernel keeps for devices`,
      ];
    case 'device-bound':
      return [
        failure.buffers > 0
          ? `its driver holds ${failure.buffers} ${failure.buffers === 1 ? 'piece' : 'pieces'} of memory for ${failure.device}`
          : `the driver of ${failure.device} has taken it: what it changes now is its mask, with dmaheap device probe ${failure.device} --mask BITS`,
      ];
    case 'buffer-of-queue':
      return [
        `it is a plane of the queue of ${failure.device}, which alone gives it back: dmaheap device vb2 ${failure.device} 0`,
      ];
    case 'dumb-size':
      return [
        `${failure.width}x${failure.height} with ${failure.bpp} bits a pixel: each must be at least 1, and 32 bits must count the bytes`,
      ];
    case 'dma-no-room':
      return noRoom(failure);
    case 'region-refused':
      return refused(failure);
  }
}

function refused({ device, because, region, known }: RegionRefused): string[] {
  const names = known.length === 0 ? 'no region of /reserved-memory' : known.join(', ');
  switch (because) {
    case 'no-entry':
      return [
        `the memory-region of ${device} has no such entry, or it leads to no node`,
        `it names ${names}`,
      ];
    case 'no-region':
      return [
        region === undefined
          ? `the node that ${device} names is no region that Linux set up`
          : `${region} has no handler: it is no shared-dma-pool, or was refused`,
        'dmaheap regions says what became of each',
      ];
    case 'late-region':
      return [
        `${region} came with an overlay after boot: no memory is reserved for it`,
        'dmaheap boot BOARD --overlay FILE lays one over as a boot loader does',
      ];
    case 'unmapped':
      return [
        `${region ?? 'the pool'} cannot be mapped for a device: it meets System RAM, or it is too large`,
        'a pool for drivers needs no-map',
      ];
    case 'second-pool':
      return [`${device} has a coherent pool already, and this Linux refuses a second one`];
  }
}

/** `25 pages (100 KiB)`. */
const pagesText = ({ pageSize }: DmaNoRoom, pages: bigint | number): string =>
  `${pages} ${BigInt(pages) === 1n ? 'page' : 'pages'} (${formatSize(BigInt(pages) * BigInt(pageSize))})`;

function noRoom(failure: DmaNoRoom): string[] {
  const { device, place, freePages = 0, totalPages = 0 } = failure;
  const wanted = pagesText(failure, failure.pages);
  switch (failure.last) {
    case 'pool':
      if (failure.size === 0n)
        return [
          `the size is 0, and ${place} gives nothing for it: Linux up to 6.6 takes it for a block larger than any (from 6.12 on it is granted, without a page)`,
        ];
      return [
        `${device} has a pool of its own, and it alone answers: no version of Linux falls back`,
        `${wanted} in one block asked, ${pagesText(failure, freePages)} of ${totalPages} free in ${place}`,
        ...heldLines(failure),
        ...restLines(failure),
      ];
    case 'restricted':
      return [
        `${device} has a restricted pool, and it alone answers: at most 256 KiB inside one segment of as much`,
        `${wanted} asked, ${pagesText(failure, freePages)} of ${totalPages} free in ${place}`,
      ];
    case 'atomic':
      return [
        `a device that does not snoop gets memory from the atomic pools where its driver may not sleep: ${wanted} asked, and no pool that it reaches has them`,
      ];
    case 'order':
      return [
        ...behind(failure),
        `${wanted} in one block is more than the page allocator has of any: without room in CMA that is the end`,
      ];
    case 'pages':
      return [...behind(failure), `the page allocator has no block of ${wanted} where ${device} reaches`];
    case 'reach':
      return [...behind(failure), `no memory lies where ${device} reaches`];
    case 'flags':
      return ['the flags or attributes are refused with a warning in the log: dmaheap dmesg'];
    case 'addresses':
      return [`the IOMMU of ${device} has no run of addresses for ${wanted}`];
  }
}

/** Whose the rest of a pool is. */
function restLines(failure: DmaNoRoom): string[] {
  const { devices = [], freePages = 0, totalPages = 0 } = failure;
  const rest = devices.reduce((left, { pages }) => left - pages, totalPages - freePages);
  if (rest <= 0) return [];
  return [
    `${pagesText(failure, rest)} are of buffers of its heap (dmaheap buffers), or were left by a driver that let the pool go`,
  ];
}

const behind = (failure: DmaNoRoom): string[] =>
  failure.place === undefined
    ? []
    : [`the area ${failure.place} was asked first and did not answer`, ...heldLines(failure)];
