/** What happens to files: flipped bits, lost and misplaced pages, cuts, and strangers. */
import { execFileSync } from 'node:child_process';
import type { Random } from '../fuzz/random.ts';

const PAGE = 4096;

/** Copies a session with all that is beside its store, by another process: one that opens the files drops SQLite's locks. */
export function copySession(from: string, to: string): void {
  execFileSync('cp', ['-a', '--sparse=always', from, to]);
}

export type Damage = 'cut' | 'flip' | 'swap' | 'blank' | 'noise';
export const DAMAGES: readonly Damage[] = ['cut', 'flip', 'flip', 'swap', 'blank', 'noise'];

/** @returns a damaged copy of a file */
export function damageFile(whole: Uint8Array, damage: Damage, random: Random): Uint8Array {
  const bytes = new Uint8Array(whole);
  if (bytes.length === 0) return random.bytes(10);
  const page = (): number => random.below(Math.ceil(bytes.length / PAGE)) * PAGE;
  const at = random.below(bytes.length);
  switch (damage) {
    case 'cut':
      return bytes.slice(0, at);
    case 'flip':
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 'swap': {
      const [a, b] = [page(), page()];
      const kept = bytes.slice(a, a + PAGE);
      bytes.copyWithin(a, b, b + PAGE);
      bytes.set(kept.subarray(0, Math.min(kept.length, bytes.length - b)), b);
      return bytes;
    }
    case 'blank': {
      const from = page();
      bytes.fill(0, from, from + PAGE);
      return bytes;
    }
    case 'noise':
      bytes.set(random.bytes(Math.min(64, bytes.length - at)), at);
      return bytes;
  }
}
