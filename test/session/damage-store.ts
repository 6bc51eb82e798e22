/** What happens to files: flipped bits, lost and misplaced pages, cuts, and strangers. */
import { copyFileSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../fuzz/random.ts';

const PAGE = 4096;

/** Copies a session without the bytes of its buffers, which copying would write out with all their holes. */
export function copySession(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    if (!name.startsWith('arena')) copyFileSync(source, target);
    else {
      writeFileSync(target, '');
      truncateSync(target, statSync(source).size);
    }
  }
}

/** @returns a damaged copy of a store */
export function damageStore(whole: Uint8Array, random: Random): Uint8Array {
  let bytes = new Uint8Array(whole);
  const pages = Math.floor(bytes.length / PAGE);
  const page = (): number => random.below(pages) * PAGE;
  for (let times = 1 + random.below(3); times > 0; times--) {
    let from = 0;
    switch (random.below(8)) {
      case 0:
        bytes = bytes.slice(0, random.below(bytes.length + 1));
        break;
      case 1:
        from = page();
        bytes.fill(random.below(2) * 0xff, from, from + PAGE);
        break;
      case 2:
        from = page();
        bytes.copyWithin(page(), from, from + PAGE);
        break;
      case 3:
        bytes.set(random.bytes(Math.min(64, bytes.length)));
        break;
      case 4:
        // In the headers of the meta pages.
        flip(bytes, random.below(2) * PAGE + random.below(168), random);
        break;
      case 5:
        // In the header of a page, or among the places of its nodes.
        flip(bytes, page() + random.below(64), random);
        break;
      default:
        flip(bytes, random.below(Math.max(1, bytes.length)), random);
    }
  }
  return bytes;
}

function flip(bytes: Uint8Array, at: number, random: Random): void {
  if (at >= bytes.length) return;
  const whole = random.oneIn(2);
  bytes[at] = whole ? random.below(256) : (bytes[at] ?? 0) ^ (1 << random.below(8));
}
