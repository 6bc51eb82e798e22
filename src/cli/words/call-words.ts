/** Words of system calls as options and arguments: of any table, poll events, ioctl requests. */
import { InvalidArgumentError } from 'commander';
import { didYouMean } from '../../devicetree/did-you-mean.ts';
import {
  IOCTL_REQUESTS,
  type Names,
  POLL_EVENTS,
  parseEvents,
  parseWord,
  wordOf,
} from '../../uapi/call-names.ts';
import { parseSigned, parseSize } from '../../units.ts';

/** Reads one of the names or a number, which need not be one of them. */
export const wordReader =
  (names: Names) =>
  (text: string): number => {
    const value = parseWord(names, text);
    if (value !== undefined) return value;
    const near = didYouMean(text.toUpperCase(), Object.keys(names));
    const hint = near === undefined ? `: ${Object.keys(names).join(', ')}` : `. Did you mean ${near}?`;
    throw new InvalidArgumentError(`Expected a number or a name${hint}`);
  };

export const readRequest = wordReader(IOCTL_REQUESTS);
export const requestName = (request: number): string =>
  wordOf(IOCTL_REQUESTS, request) ?? `0x${request.toString(16)}`;

/** Events joined by |, or a number. */
export function readEvents(text: string): number {
  const events = parseEvents(text);
  if (events !== undefined) return events;
  throw new InvalidArgumentError(`Expected events joined by |: ${Object.keys(POLL_EVENTS).join(', ')}.`);
}

/** The names of what is set. */
export const eventNames = (events: number): string[] =>
  Object.keys(POLL_EVENTS).filter((name) => (events & (POLL_EVENTS[name] ?? 0)) !== 0);

/** A signed 64-bit number. */
export function readSigned(text: string): bigint {
  const value = parseSigned(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('Expected a 64-bit number, decimal or 0x hexadecimal.');
}

/** An address: a number, or a place in a mapping (`map:N`, `map:N+BYTES`), which stays a word. */
export function readAddressWord(text: string): bigint | string {
  if (/^map:[0-9]{1,9}(\+|$)/.test(text) && splitAddress(text).offset >= 0n) return text;
  const value = parseSize(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('Expected an address: 0xffff8000, map:N or map:N+BYTES.');
}

/** The parts of `map:N+BYTES`. */
export function splitAddress(word: string): { readonly mapping: number; readonly offset: bigint } {
  const [, mapping, bytes = '0'] = /^map:([0-9]+)(?:\+(.*))?$/.exec(word) ?? [];
  const offset = parseSize(bytes);
  if (offset === undefined) throw new InvalidArgumentError(`Expected bytes behind the +: map:${mapping}+8K.`);
  return { mapping: Number(mapping), offset };
}
