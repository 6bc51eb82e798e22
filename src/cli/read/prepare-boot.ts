/** A boot of a board that a user names, or of the inputs that a session was booted from. */
import { MemoryRecords } from '../../records.ts';
import { MemorySession } from '../../session/memory-session.ts';
import type { BootInputs } from '../../session/session.ts';
import { type BoardOptions, bootParams } from './boot-inputs.ts';
import { bootOf, type PreparedBoot } from './boot-of.ts';
import { decodeTree, keptName, loadTreeAsGiven } from './load-tree.ts';
import { loadedBoard } from './loaded-board.ts';
import { inputName } from './read-input.ts';

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
  const { format, bytes, warnings } = loaded;
  const kernel = options.kernel ?? loaded.params?.kernel ?? loaded.kernel ?? otherKernel;
  const given = bootParams({ ...options, ...(kernel !== undefined && { kernel }) });
  const params = { ...loaded.params, ...given };
  const inputs = { board: bytes(), file: inputName(file), format, params };
  return bootOf(inputs, loadedBoard(loaded, inputs.file), warnings);
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
