/** A boot of a board that a user names, or of the inputs that a session was booted from. */
import type { Board } from '../../board/board.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { type BootOutcome, boot } from '../../kernel/boot/boot.ts';
import { kernelWarnings } from '../../kernel/boot/spoken-for.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { NO_MEMORY } from '../../mm/phys-memory.ts';
import { Printk } from '../../printk.ts';
import { MemoryRecords, type Records } from '../../records.ts';
import { MemorySession } from '../../session/memory-session.ts';
import type { BootInputs } from '../../session/session.ts';
import { BootPanic } from '../failures.ts';
import { refuseUnknownSubjects, subjectsOf } from '../words/fault-option.ts';
import { type BoardOptions, bootParams } from './boot-inputs.ts';
import { decodeTree, keptName, loadTreeAsGiven } from './load-tree.ts';
import { loadedBoard } from './loaded-board.ts';
import { inputName } from './read-input.ts';

/** Inputs that were read, and the boot that they make. */
export interface PreparedBoot {
  readonly inputs: BootInputs;
  /** What is odd; what was assumed of the board stands in the inputs. */
  readonly warnings: readonly Diagnostic[];
  /** Fills empty records. @throws BootPanic when the kernel dies, with its log */
  readonly build: (records: Records) => BootOutcome;
}

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
  const loaded = await loadTreeAsGiven(file, options);
  const { format, bytes } = loaded;
  const assumed = loaded.warnings.filter(({ assumes }) => assumes !== undefined);
  const warnings = loaded.warnings.filter(({ assumes }) => assumes === undefined);
  const kernel = options.kernel ?? loaded.kernel ?? otherKernel;
  const params = bootParams({ ...options, ...(kernel !== undefined && { kernel }) });
  const inputs = {
    board: bytes(),
    file: inputName(file),
    format,
    params,
    ...(assumed.length > 0 && { assumed }),
  };
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

function bootOf(inputs: BootInputs, board: Board, warnings: readonly Diagnostic[]): PreparedBoot {
  const build = (records: Records) => {
    const outcome = boot(board, inputs.params, records);
    if (outcome.panic !== undefined) throw new BootPanic(outcome, [...new Printk(records).since()]);
    // Which heaps there are is known now.
    refuseUnknownSubjects(inputs.params.faults ?? [], subjectsOf(new Kernel(records, NO_MEMORY)));
    return outcome;
  };
  const aboutKernel = kernelWarnings(board, inputs.params);
  return { inputs, warnings: [...warnings, ...board.diagnostics, ...aboutKernel], build };
}
