/** What the script of `dmaheap capture` says of itself. */
import { atOf, type Reader } from './reader.ts';

const MOST_NOT_READ = 200;

export const captureLines: Reader = {
  what: 'capture',
  read(line, facts) {
    if (/^# (?:dmaheap capture \d|end of capture)/.test(line.raw)) return true;
    if (line.path !== '/capture/not-read') return false;
    const what = line.raw.trim();
    if (what !== '' && facts.notRead.length < MOST_NOT_READ)
      facts.notRead.push({ what: what.slice(0, 200), at: atOf(line) });
    return true;
  },
};
