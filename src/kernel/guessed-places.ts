/** Buffers of a reconstruction whose place nothing told. */
import type { Records } from '../records.ts';

const GUESSED = 'guessed-places';

/** The inode numbers of buffers whose place is a guess. */
export const guessedPlaces = (records: Records): readonly number[] => records.get<number[]>(GUESSED) ?? [];

/** Notes more of them. */
export function addGuessedPlaces(records: Records, inodes: readonly number[]): void {
  if (inodes.length > 0) records.put(GUESSED, [...new Set([...guessedPlaces(records), ...inodes])]);
}
