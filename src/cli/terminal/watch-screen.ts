/**
 * A picture that is drawn again when it has changed, until Ctrl-C.
 *
 * On a terminal it has a screen of its own, which goes away at the end, and each picture is written over the one
 * before, line by line, in one piece: nothing is wiped first, so nothing flickers. Elsewhere the pictures follow each
 * other.
 */
import type { Shell } from '../shell.ts';
import { interruptible } from './interruption.ts';

/** How often is looked, and for how long at least nothing is done after a look that took long. */
const EVERY_MS = 250;
/** What is waited in one piece, so that a Ctrl-C is heard at once. */
const PIECE_MS = 25;

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
const LEAVE = '\x1b[?25h\x1b[?1049l';
/** Begins and ends a picture that a terminal shows at once, if it knows how; others pass it over. */
const [BEGIN, END] = ['\x1b[?2026h', '\x1b[?2026l'];

/** A picture over the one before. @param height lines of the terminal: what does not fit is left out */
export function overDrawn(picture: string, height: number): string {
  const lines = picture.replace(/\n$/, '').split('\n');
  return `${BEGIN}\x1b[H${lines
    .slice(0, height)
    .map((line) => `${line}\x1b[K`)
    .join('\r\n')}\x1b[J${END}`;
}

/**
 * Draws what `picture` gives, again and again.
 *
 * @throws Interrupted at Ctrl-C, when the terminal is as it was
 */
export async function watchScreen(sh: Shell, picture: () => string): Promise<never> {
  const { streams } = sh;
  const onTerminal = streams.outIsTerminal;
  return interruptible(sh.interrupts, async (interruption) => {
    let last: string | undefined;
    if (onTerminal) streams.out(ENTER);
    try {
      for (;;) {
        const began = Date.now();
        const next = picture();
        const drawn = onTerminal ? overDrawn(next, streams.outRows ?? Number.POSITIVE_INFINITY) : next;
        if (drawn !== last) streams.out(onTerminal || last === undefined ? drawn : `\n${drawn}`);
        last = drawn;
        // A large session is not looked at all the time.
        const pause = Math.max(EVERY_MS, 4 * (Date.now() - began));
        for (const end = Date.now() + pause; Date.now() < end; ) {
          await new Promise((resolve) => setTimeout(resolve, PIECE_MS));
          await interruption.breathe();
        }
      }
    } finally {
      if (onTerminal) streams.out(LEAVE);
    }
  });
}
