/** What a view sees beside the kernel, over the records and the memory of its moment. */
import type { PhysMemory } from '../mm/phys-memory.ts';
import type { Records } from '../records.ts';
import { inputsOf } from './boot-state.ts';
import { journalLength, readJournal } from './journal.ts';
import type { SessionView } from './session.ts';

/** Nothing is read before it is asked for. */
export const sessionView = (records: Records, memory: PhysMemory): SessionView => ({
  get inputs() {
    return inputsOf(records);
  },
  journal: (from) => [...readJournal(records, from)],
  get dropped() {
    return journalLength(records).first;
  },
  memory,
});
