/** Lines of a .config, or of an unpacked /proc/config.gz. */
import { atOf, type Reader } from './reader.ts';

const LINE = /^(?:CONFIG_[A-Z0-9_]{1,128}=.{0,255}|# CONFIG_[A-Z0-9_]{1,128} is not set)$/;

/** The first line of a whole configuration. */
const HEADER = /^# Linux\/(\w{1,32}) \d\S{0,64} (?:\S{1,32} )?Kernel Configuration$/;

export const configLines: Reader = {
  what: '.config',
  read(line, facts) {
    const text = line.raw.trim();
    if (!LINE.test(text) && !HEADER.test(text)) return false;
    facts.config.push({ text, at: atOf(line) });
    return true;
  },
};
