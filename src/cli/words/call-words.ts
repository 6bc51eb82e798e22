/** Words of system calls as options and arguments: fcntl commands, whence, poll events, ioctl requests. */
import { InvalidArgumentError } from 'commander';
import { flagNames, parseFcntlArgument } from '../../profile/open-flag-words.ts';
import {
  FCNTL_COMMANDS,
  IOCTL_REQUESTS,
  type Names,
  POLL_EVENTS,
  parseEvents,
  parseWord,
  WHENCES,
} from '../../uapi/call-names.ts';
import * as fcntl from '../../uapi/fcntl.ts';
import { parseSigned } from '../../units.ts';
import { didYouMean } from './did-you-mean.ts';

/** Reads one of the names or a number, which need not be one of them. */
const reader =
  (names: Names) =>
  (text: string): number => {
    const value = parseWord(names, text);
    if (value !== undefined) return value;
    const near = didYouMean(text.toUpperCase(), Object.keys(names));
    const hint = near === undefined ? `: ${Object.keys(names).join(', ')}` : `. Did you mean ${near}?`;
    throw new InvalidArgumentError(`Expected a number or a name${hint}`);
  };

export const readFcntlCommand = reader(FCNTL_COMMANDS);
export const readWhence = reader(WHENCES);
export const readRequest = reader(IOCTL_REQUESTS);

const nameOf = (names: Names, value: number): string | undefined =>
  Object.keys(names).find((name) => names[name] === value);

export const fcntlName = (cmd: number): string => nameOf(FCNTL_COMMANDS, cmd) ?? String(cmd);
export const whenceName = (whence: number): string => nameOf(WHENCES, whence) ?? String(whence);
export const requestName = (request: number): string =>
  nameOf(IOCTL_REQUESTS, request) ?? `0x${request.toString(16)}`;

/** The third argument of fcntl(2): a number, FD_CLOEXEC, or flags of open(2). */
export function readFcntlArgument(text: string): number {
  const value = parseFcntlArgument(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('Expected a number, FD_CLOEXEC, or flags such as O_NONBLOCK.');
}

/** What fcntl(2) returned, in words where its number is flags. */
export function fcntlAnswer(cmd: number, ret: number): readonly string[] {
  if (cmd === fcntl.F_GETFL) return flagNames(ret);
  return cmd === fcntl.F_GETFD && (ret & fcntl.FD_CLOEXEC) !== 0 ? ['FD_CLOEXEC'] : [];
}

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
export function readOffset(text: string): bigint {
  const value = parseSigned(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('Expected a 64-bit number, decimal or 0x hexadecimal.');
}
