/** A process becomes the server of a session: `dmaheap __serve DIR`. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffersPath } from '../session/buffer-files.ts';
import type { SessionLocation } from '../session/directory.ts';
import { makeDirectory, makeFreshDirectory, removeTree } from '../session/host-files.ts';
import { serveSession } from '../session/served-session.ts';
import { systemCode } from '../session/session-error.ts';
import { Exchange } from './exchange.ts';
import { ExportedNames } from './exported-names.ts';
import { Mirror } from './mirror.ts';
import { PLAIN_WORDS, type RunWords } from './run-words.ts';
import { ExchangeServer } from './server.ts';
import { execDirectory, removeMarker, writeMarker } from './server-marker.ts';

/**
 * Serves a session until nobody is connected any more. The marker file says where.
 *
 * @param onListening called once, when programs can connect
 * @param words what is told of runs
 * @throws SessionError, or the system's error
 */
export async function serve(
  location: SessionLocation,
  onListening: () => void,
  words: RunWords = PLAIN_WORDS,
): Promise<void> {
  const directory = execDirectory(location.path);
  let exchange: Exchange | undefined;
  const session = serveSession(location, { onLease: (what) => exchange?.leases(what) });
  const buffers = new ExportedNames(buffersPath(location.path));
  const mirror = new Mirror(join(directory, 'mirror'));
  makeDirectory(buffers.directory, true);
  session.view((kernel) => {
    mirror.begin(kernel);
    buffers.load(kernel);
  });
  const token = freshToken();
  exchange = new Exchange({ session, buffers, mirror, token, words, kill, isAlive });
  const place = makeFreshDirectory(join(tmpdir(), 'dmaheap-'));
  const socket = join(place, 's');
  try {
    const server = new ExchangeServer(exchange);
    await server.listen(socket);
    writeMarker(location.path, { pid: process.pid, socket, token });
    onListening();
    await server.idle;
    server.close();
  } finally {
    removeMarker(location.path);
    removeTree(place);
    removeTree(mirror.directory);
    session.close();
  }
}

/** 64 hexadecimal digits that nobody can guess. */
const freshToken = (): string =>
  Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(32))).toString('hex');

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself.
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

/** Whether a process runs: one that only waits for its parent to notice has ended. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}
