/** The boot that inputs make, and what is known to be odd before it begins. */
import type { Board } from '../../board/board.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { kernelWarnings } from '../../kernel/boot/asked-profile.ts';
import { type BootOutcome, boot } from '../../kernel/boot/boot.ts';
import { Kernel } from '../../kernel/kernel.ts';
import { NO_MEMORY } from '../../mm/phys-memory.ts';
import { Printk } from '../../printk.ts';
import type { Records } from '../../records.ts';
import type { BootInputs } from '../../session/session.ts';
import { BootPanic } from '../failures.ts';
import { refuseUnknownSubjects, subjectsOf } from '../words/fault-option.ts';

/** Inputs that were read, and the boot that they make. */
export interface PreparedBoot {
  readonly inputs: BootInputs;
  /** What is odd; what was assumed of the board stands in the inputs. */
  readonly warnings: readonly Diagnostic[];
  /** Fills empty records. @throws BootPanic when the kernel dies, with its log */
  readonly build: (records: Records) => BootOutcome;
}

/** The boot of inputs and the board that was read from them. */
export function bootOf(inputs: BootInputs, board: Board, warnings: readonly Diagnostic[]): PreparedBoot {
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
