/** The fault rules that a kernel has from boot on. */
import { InvalidInput } from '../../diagnostic.ts';
import type { Records } from '../../records.ts';
import { addFault } from '../calls/machine-calls.ts';
import type { FaultRule } from '../faults/fault-rule.ts';
import { formatFaultRule } from '../faults/fault-text.ts';

/** The faults that a user wants from the beginning. @throws InvalidInput when one pins no page of a CMA area */
export function addBootFaults(records: Records, board: string, rules: readonly FaultRule[] = []): void {
  for (const rule of rules) {
    if (rule.does === 'module') continue;
    if (addFault(records, rule).ret > 0 || rule.does !== 'busy') continue;
    const message = `${formatFaultRule(rule)}: no CMA area has a page there`;
    throw new InvalidInput([
      {
        code: 'fault-not-in-cma',
        severity: 'error',
        message,
        hint: 'dmaheap regions shows where the CMA areas lie',
        position: { file: board },
      },
    ]);
  }
}
