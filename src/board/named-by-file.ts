/** What a YAML board says of the kernel that runs on it, beside its tree. */
import { InvalidInput } from '../diagnostic.ts';
import type { ConfigValue } from '../profile/given-option.ts';
import type { Board } from './board.ts';
import type { HeapDeclarations } from './declared-heaps.ts';

export interface NamedByFile {
  /** The kernel: `6.12`. */
  readonly kernel?: string;
  /** The preset and the options of its configuration, by whole names. */
  readonly preset?: string;
  readonly config?: Readonly<Record<string, ConfigValue>>;
  /** The heaps that it declares. */
  readonly heaps?: HeapDeclarations;
  /** The architecture: `x86_64`. */
  readonly arch?: string;
}

/** A board with what its file names. @throws InvalidInput when its tree is of another architecture */
export function namedByFile(board: Board, { kernel, preset, config, heaps, arch }: NamedByFile): Board {
  if (arch !== undefined && board.arch !== undefined && arch !== board.arch) {
    throw new InvalidInput([
      {
        code: 'board-architecture',
        severity: 'error',
        message: `arch: ${arch}, but by ${archSource(board)} this is a board of ${board.arch}`,
        position: { file: board.source },
        hint: 'leave one of them out',
      },
    ]);
  }
  return {
    ...board,
    ...(kernel !== undefined && { kernel }),
    ...(preset !== undefined && { preset }),
    ...(config !== undefined && { config }),
    ...(heaps !== undefined && { heaps }),
    ...(arch !== undefined && { arch, archBy: 'file' as const }),
  };
}

/** What says of which architecture a board is. */
export function archSource({
  archBy,
  compatible = [],
}: Pick<Board, 'archBy'> & Partial<Pick<Board, 'compatible'>>): string {
  switch (archBy) {
    case 'file':
      return 'the line arch: of its file';
    case 'compatible':
      return `its compatible (${compatible.join(', ')})`;
    default:
      return 'its /cpus';
  }
}
