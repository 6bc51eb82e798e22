/** The server as a process of its own: joined when the session has one, started when it has none. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { execPath } from '../session/exec-directory.ts';
import { closeHost, makeDirectory, openOutput, readOwn } from '../session/host-files.ts';
import { isAlive } from '../session/process-identity.ts';
import { ExecFailure } from './exec-failure.ts';
import { readMarker, type ServerMarker } from './server-marker.ts';
import { WatchClient } from './watch-client.ts';

/** The word of the command line that makes a server of a process. */
export const SERVE = '__serve';
/** How often another's server is waited for, and how long at a time: milliseconds. */
const TRIES = 100;
const PAUSE = 20;
/** The same for its end. */
const END_TRIES = 2000;
const END_PAUSE = 5;
/** What of its log is read. */
const LOG_LIMIT = 65_536;

export interface Joined {
  readonly marker: ServerMarker;
  readonly client: WatchClient;
}

/** Connects to the server that the marker names. @returns `undefined` when none answers there */
async function connectTo(session: string): Promise<Joined | undefined> {
  const marker = readMarker(session);
  if (marker === undefined) return undefined;
  const client = await WatchClient.connect(marker.socket);
  return client === undefined ? undefined : { marker, client };
}

const logPath = (session: string): string => join(execPath(session), 'server.log');

/** The end of what the server has said on its standard error: why it has gone. */
export function serverLog(session: string): string {
  try {
    return Buffer.from(readOwn(logPath(session), LOG_LIMIT))
      .toString()
      .trim();
  } catch {
    return '';
  }
}

/** The word of a server that listens. Anything else on its standard output says why it does not: its log may have no room. */
const READY = 'ready\n';

/**
 * Starts a server and waits until it listens, or has ended.
 *
 * @param command this command: what to start, before the word `__serve`
 * @returns `undefined` when it listens, else what it said
 */
async function start(command: readonly string[], session: string): Promise<string | undefined> {
  const [file = '', ...words] = command;
  makeDirectory(execPath(session), true);
  const log = openOutput(logPath(session));
  const child = spawn(file, [...words, SERVE, session], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', log],
  });
  closeHost(log);
  const { stdout } = child;
  if (stdout === null) return '';
  const said = await new Promise<string | undefined>((resolve) => {
    let first = '';
    stdout.setEncoding('utf8').on('data', (text: string) => {
      first += text;
      if (first.startsWith(READY)) resolve(undefined);
    });
    child.on('close', () => resolve(first));
    child.on('error', (error) => resolve(error.message));
  });
  // It outlives this process, which must not wait for it.
  stdout.destroy();
  child.unref();
  return said;
}

/** The session's server, started unless one is there. @throws ExecFailure when none can be had */
export async function serverOf(command: readonly string[], session: string): Promise<Joined> {
  const there = await connectTo(session);
  if (there !== undefined) return there;
  const failed = await start(command, session);
  // When it could not start, perhaps because another one was first.
  for (let tries = 0; tries < (failed === undefined ? TRIES : TRIES / 10); tries++) {
    const joined = await connectTo(session);
    if (joined !== undefined) return joined;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  const said = (serverLog(session) || (failed ?? '').trim()).replaceAll('\n', ' ');
  throw new ExecFailure(
    'exec-server',
    said === ''
      ? 'the server of the session does not answer'
      : `the server of the session did not start: ${said}`,
  );
}

/** Waits until a server that nobody is connected to has put everything away and ended; not for ever. */
export async function serverEnd({ pid }: ServerMarker): Promise<void> {
  for (let tries = 0; tries < END_TRIES && isAlive(pid); tries++) {
    await new Promise((resolve) => setTimeout(resolve, END_PAUSE));
  }
}
