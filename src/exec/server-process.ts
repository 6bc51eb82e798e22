/** The server as a process of its own: joined when the session has one, started when it has none. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ExecFailure } from './exec-failure.ts';
import { readMarker, type ServerMarker } from './server-marker.ts';
import { WatchClient } from './watch-client.ts';

/** The word of the command line that makes a server of a process. */
export const SERVE = '__serve';
/** How often another's server is waited for, and how long at a time: milliseconds. */
const TRIES = 100;
const PAUSE = 20;

export interface Joined {
  readonly marker: ServerMarker;
  readonly client: WatchClient;
}

/** Connects to the server that the marker names. @returns `undefined` when none answers there */
async function join(session: string): Promise<Joined | undefined> {
  const marker = readMarker(session);
  if (marker === undefined) return undefined;
  const client = await WatchClient.connect(marker.socket);
  return client === undefined ? undefined : { marker, client };
}

/**
 * Starts a server and waits until it listens.
 *
 * @param command this command: what to start, before the word `__serve`
 * @returns what it said when it did not start; `undefined` when it listens
 */
async function start(command: readonly string[], session: string): Promise<string | undefined> {
  const [file = '', ...words] = command;
  const child = spawn(file, [...words, SERVE, session], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ready = new Promise<boolean>((resolve) => {
    let first = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      first += text;
      if (first.startsWith('ready\n')) resolve(true);
    });
    child.on('close', () => resolve(false));
  });
  const failed = once(child, 'error').then(([error]) => {
    said = String(error);
    return false;
  });
  const isReady = await Promise.race([ready, failed]);
  // It outlives this process, which must not wait for it.
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
  return isReady ? undefined : said.trim();
}

/** The session's server, started unless one is there. @throws ExecFailure when none can be had */
export async function serverOf(command: readonly string[], session: string): Promise<Joined> {
  const there = await join(session);
  if (there !== undefined) return there;
  const said = await start(command, session);
  for (let tries = 0; tries < (said === undefined ? TRIES : 1 + TRIES / 10); tries++) {
    // When it could not start, perhaps because another one was first.
    const joined = await join(session);
    if (joined !== undefined) return joined;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  throw new ExecFailure(
    'exec-server',
    said === undefined || said === ''
      ? 'the server of the session does not answer'
      : `the server of the session did not start:\n${said}`,
  );
}
