/** A boot of a board that a user names, or of the inputs that a session was booted from. */
import { boardWithoutTree } from '../../board/board.ts';
import { readsDeviceTree } from '../../profile/profile.ts';
import { MemoryRecords } from '../../records.ts';
import { MemorySession } from '../../session/memory-session.ts';
import type { BootInputs } from '../../session/session.ts';
import { type BoardOptions, bootParams, refuseTreeOptions } from './boot-inputs.ts';
import { bootOf, type PreparedBoot } from './boot-of.ts';
import { decodeTree, keptName, loadTreeAsGiven } from './load-tree.ts';
import { loadedBoard } from './loaded-board.ts';
import { inputName } from './read-input.ts';
import { givenVendor } from './vendor-file.ts';

export type { PreparedBoot } from './boot-of.ts';

/**
 * Reads a board with what is given beside it.
 *
 * @param otherKernel the one that boots when neither the options nor the board name any
 * @throws UnreadableInput or InvalidInput
 */
export async function prepareBoot(
  file: string,
  options: BoardOptions,
  otherKernel?: string,
): Promise<PreparedBoot> {
  const loaded = await loadTreeAsGiven(file, {
    ...options,
    // As large as the rest of booting: only for a capture.
    onCapture: async (bytes, name) => {
      const { loadCapture } = await import('./reconstruct-inputs.ts');
      return loadCapture(bytes, name, options);
    },
  });
  const { format, bytes } = loaded;
  const assumed = loaded.warnings.filter(({ assumes }) => assumes !== undefined);
  const warnings = loaded.warnings.filter(({ assumes }) => assumes === undefined);
  const vendor = await givenVendor(options.vendor, file);
  const kernel = options.kernel ?? loaded.params?.kernel ?? loaded.kernel ?? vendor?.kernel ?? otherKernel;
  const arch = options.arch ?? loaded.params?.arch ?? loaded.arch;
  const named = { ...(kernel !== undefined && { kernel }), ...(arch !== undefined && { arch }) };
  const params = { ...loaded.params, ...bootParams({ ...options, ...named }, vendor) };
  const inputs = {
    board: bytes(),
    file: inputName(file),
    format,
    params,
    ...(assumed.length > 0 && { assumed }),
  };
  return bootOf(inputs, loadedBoard(loaded, inputs.file), warnings);
}

/**
 * Whether a boot needs no file: of a machine without a device tree, whose firmware tells of memory alone, which
 * `--memory` says.
 */
export const needsNoBoard = ({ arch, memory }: BoardOptions): boolean =>
  arch !== undefined && !readsDeviceTree(arch) && memory !== undefined;

/** What stands for the board where there is none. */
const NO_BOARD = 'no board';

/** A boot of the memory that the options give. @throws UsageError when they say what is of a board alone */
export async function prepareWithoutBoard(
  options: BoardOptions,
  otherKernel?: string,
): Promise<PreparedBoot> {
  const { arch = '', include, define, overlay } = options;
  refuseTreeOptions({ include, define, overlay }, `a machine that --arch ${arch} --memory describe`);
  const vendor = await givenVendor(options.vendor);
  const kernel = options.kernel ?? vendor?.kernel ?? otherKernel;
  const params = bootParams({ ...options, ...(kernel !== undefined && { kernel }) }, vendor);
  const yaml = new TextEncoder().encode(`arch: ${arch}\n`);
  const inputs = { board: yaml, file: NO_BOARD, format: 'yaml', params } as const;
  return bootOf(inputs, { ...boardWithoutTree(NO_BOARD), arch, archBy: 'file' }, []);
}

/** A session of this process alone. @throws BootPanic when the kernel dies, with its log */
export function bootInMemory({ inputs, build }: PreparedBoot): MemorySession {
  const records = new MemoryRecords();
  build(records);
  return new MemorySession(records, inputs);
}

/** The boot that a session's inputs make again. @throws InvalidInput */
export async function prepareReboot(inputs: BootInputs): Promise<PreparedBoot> {
  const decoded = await decodeTree(inputs.board, keptName(inputs));
  return bootOf(inputs, loadedBoard(decoded, inputs.file), decoded.warnings);
}
