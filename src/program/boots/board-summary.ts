/** What a board's blob boots to, in the few facts that are looked at when there are many of them. */
import type { Board } from '../../board/board.ts';
import { boardFromTree } from '../../board/from-tree.ts';
import { decodeDtb } from '../../devicetree/dtb.ts';
import { type Diagnostic, InvalidInput } from '../../diagnostic.ts';
import { kernelWarnings } from '../../kernel/boot/asked-profile.ts';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import type { HeapView, WhyNoHeap } from '../../kernel/views/views.ts';
import { DEFAULT_ARCHITECTURE, speaksUnverified } from '../../profile/profile.ts';
import { type Booted, bootedBy } from './booted.ts';

/** A region that is no heap, or has something odd. */
export interface Finding {
  readonly region: string;
  readonly why: WhyNoHeap;
}

export interface BoardSummary {
  /** Where the blob lies. */
  readonly name: string;
  readonly model?: string;
  /** Its architecture, where it says so. */
  readonly arch?: string;
  /** No recording stands behind the kernel that booted on it. */
  readonly unverified?: true;
  /** `no-memory`: its boot loader fills it in; `invalid`: no board; `bug`: of dmaheap. */
  readonly outcome: 'boots' | 'panics' | 'no-memory' | 'invalid' | 'bug';
  /** What it dies of, or what is wrong with it. */
  readonly message?: string;
  readonly heaps: readonly Pick<HeapView, 'name' | 'backend' | 'region' | 'base' | 'size'>[];
  readonly findings: readonly Finding[];
  /** What is odd about its tree. */
  readonly warnings: readonly Diagnostic[];
}

/** What a tree means to be so. */
const MEANT: ReadonlySet<WhyNoHeap> = new Set([
  'disabled',
  'not-shared-dma-pool',
  'restricted-pool',
  'coherent-off',
]);

const findingsOf = ({ regions }: Booted): Finding[] =>
  regions.flatMap(({ name, why }) => (why === undefined || MEANT.has(why) ? [] : [{ region: name, why }]));

/** Memory that is given is that of boards which have none. */
const paramsFor = (board: Board, { memory, ...params }: BootParams): BootParams =>
  memory === undefined || board.memory.length > 0 ? params : { ...params, memory };

/** Why answers for a board of another architecture than boots have by default are unverified, where they are. */
const ownDoubts = (board: Board, params: BootParams): readonly Diagnostic[] =>
  board.arch === undefined || board.arch === (params.arch ?? DEFAULT_ARCHITECTURE)
    ? []
    : kernelWarnings(board, params).filter(({ code }) => code === 'kernel-unverified');

/** Boots a blob. Never throws: of many boards one may be anything. */
export function summarizeBoard(name: string, blob: Uint8Array, params: BootParams): BoardSummary {
  const nothing = { name, heaps: [], findings: [], warnings: [] };
  try {
    const board = boardFromTree(decodeDtb(blob, name), name);
    const booted = bootedBy({ board, params: paramsFor(board, params) });
    return {
      ...nothing,
      ...(board.model !== undefined && { model: board.model }),
      ...(board.arch !== undefined && { arch: board.arch }),
      ...(speaksUnverified(booted.banner) && { unverified: true as const }),
      outcome: booted.panic === undefined ? 'boots' : 'panics',
      ...(booted.panic !== undefined && { message: booted.panic }),
      heaps: booted.heaps.map(({ name, backend, region, base, size }) => ({
        name,
        backend,
        size,
        ...(region !== undefined && { region }),
        ...(base !== undefined && { base }),
      })),
      findings: findingsOf(booted),
      warnings: [...board.diagnostics, ...ownDoubts(board, params)],
    };
  } catch (error) {
    if (!(error instanceof InvalidInput)) return { ...nothing, outcome: 'bug', message: String(error) };
    const [first] = error.diagnostics;
    const isBare = error.diagnostics.every(({ code }) => code === 'board-no-memory');
    return {
      ...nothing,
      outcome: isBare ? 'no-memory' : 'invalid',
      message: first?.message ?? error.message,
    };
  }
}
